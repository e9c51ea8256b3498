"""The counter: an item's code scanned or typed, a preview, and the press that redeems (FLOWS 1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from csp.constants import WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.ids import parse_public_id
from common.refusals import NotFound, Refusal
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, sent_to
from orders import dashboard_queries as reads, queries
from orders.dashboard_forms import RedeemForm
from orders.flows.redeem_order import preview_redemption, redeem_order
from orders.flows.unredeem_order import preview_unredemption, unredeem_order
from orders.item_codes import read_item_code
from orders.models import Order
from orders.refusals import Held, UnknownCode
from orders.undoing import REASON_LENGTH
from orders.words import lines_of

# Reading codes from the camera runs WebAssembly, which the site's policy forbids elsewhere. It is compiled
# from this site's own file (`connect-src 'self'`), and the word allows no other evaluation.
with_camera = csp_update({"script-src": [WASM_UNSAFE_EVAL]})


@with_camera
@dashboard("orders:redeem")
@require_safe
def redeem(request: DashboardRequest) -> HttpResponseBase:
    """Type or scan an item's code; a known one leads to the preview."""
    form = RedeemForm(request.GET if "code" in request.GET else None)
    if form.is_bound and form.is_valid():
        code = read_item_code(form.cleaned_data["code"])
        item = reads.item_of_code(request.merchant, code) if code else None
        if item is not None:
            return redirect(_address(item.order, code=item.code))
        none = _("No order of this shop has such a code.")
        form.add_error("code", none if code else _("An item's code has 16 digits. Check what was typed."))
    status = 422 if form.errors else 200
    return page(request, "orders/dashboard_redeem.html", {"form": form}, nav="redeem", status=status)


def _address(order: Order, **query: object) -> str:
    address = reverse("dashboard_redeem_order", args=[order.public_id])
    told = {name: value for name, value in query.items() if value}
    return f"{address}?{urlencode(told)}" if told else address


@dashboard("orders:redeem")
def redeem_order_page(request: DashboardRequest, order_id: str) -> HttpResponseBase:
    """What would be redeemed, or why nothing can be (GET); redeeming it (POST)."""
    order = _order(request, order_id)
    code = (request.POST if request.method == "POST" else request.GET).get("code") or None
    if request.method == "POST":
        return _redeem(request, order, code)
    one, whole = _preview(order, code) if code else None, _preview(order, None)
    context = {
        "order": order,
        "code": code,
        "done": request.GET.get("done"),
        "one": one,
        "whole": whole,
        "is_held": (one or whole).get("why_code") == Held.code,
        "item": next((item for item in order.items.all() if item.code == code), None),
        "undo": _undo(order, code),
    }
    return page(request, "orders/dashboard_redeem_order.html", context, nav="redeem")


def _order(request: DashboardRequest, order_id: str) -> Order:
    order: Order = found(queries.order_of(request.merchant, parse_public_id("ord", order_id)))
    return order


def _preview(order: Order, code: str | None) -> dict[str, Any]:
    """The items that the press of the button would redeem, or the refusal's words."""
    try:
        items = preview_redemption(order, code)
    except UnknownCode as unknown:
        raise NotFound from unknown
    except Refusal as refusal:
        return {"items": [], "lines": [], "why_not": str(refusal.detail), "why_code": refusal.code}
    amount = sum(item.escrow_minor for item in items)
    return {"items": items, "lines": lines_of(items), "amount_minor": amount, "why_not": ""}


def _undo(order: Order, code: str | None) -> dict[str, Any] | None:
    """What can still be undone, and until when; None for nothing."""
    try:
        items = preview_unredemption(order, code)
    except Refusal:
        return None
    last = max(item.redeemed_at for item in items if item.redeemed_at)
    until = last + timedelta(seconds=order.merchant.undo_within_seconds)
    return {"count": len(items), "until": until}


def _redeem(request: DashboardRequest, order: Order, code: str | None) -> HttpResponseBase:
    try:
        redeemed = redeem_order(request.merchant, order.pk, code)
    except (NotFound, UnknownCode) as unknown:
        raise NotFound from unknown
    except Refusal:
        return redirect(_address(order, code=code))  # the page there says why not
    return redirect(_address(order, done=len(redeemed.items), code=code))


@dashboard("orders:redeem")
@sent_to("dashboard_redeem_order", "order_id")
def redeem_undo(request: DashboardRequest, order_id: str) -> HttpResponseBase:
    """That was a mistake: the units wait again."""
    order = _order(request, order_id)
    code = request.POST.get("code") or None
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:REASON_LENGTH]

    def undo() -> None:
        try:
            unredeem_order(request.merchant, order.pk, code, reason)
        except UnknownCode as unknown:
            raise NotFound from unknown

    done = _("The redemption was undone: it can be redeemed again.")
    return attempt(request, undo, back=_address(order, code=code), done=done)
