"""The dashboard's pages of orders: the list, a new one at the counter, show to pay."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.forms import add_refusal
from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import InvalidInput, Refusal
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, place_of, sent_to
from merchants.flows.find_or_make_buyer import find_or_make_buyer
from orders import dashboard_queries as reads, qr, queries
from orders.dashboard_forms import CounterOrderForm, OrderListForm, chosen_products
from orders.flows.cancel_order import cancel_order
from orders.flows.place_order import Placement, place_order
from orders.models import Order, OrderState
from orders.words import lines_of

COUNTER = "counter"
ORDERS_SECONDS = 5


@dashboard("orders:read")
@require_safe
def order_list(request: DashboardRequest) -> HttpResponseBase:
    """Orders, narrowed; the first page keeps itself fresh."""
    form = OrderListForm(request.GET)
    if not form.is_valid():
        return page(request, "orders/dashboard_list.html", {"form": form}, nav="orders", status=422)
    orders = queries.orders_of(request.merchant, form.narrowed()).prefetch_related("items")
    found_page = page_of(orders, place_of(request))
    context = {
        "form": form,
        "page": found_page,
        "stamp": reads.stamp_of(found_page.rows),
        "live": not request.GET.get("cursor"),
        "seconds": ORDERS_SECONDS,
        "narrowed": any(form.cleaned_data.values()),
        "address": request.get_full_path(),
    }
    whole = "orders/dashboard_list.html"
    part = "orders/dashboard_list_part.html"
    return page(request, part if request.headers.get("HX-Request") else whole, context, nav="orders")


def _order(request: DashboardRequest, order_id: str) -> Order:
    order: Order = found(queries.order_of(request.merchant, parse_public_id("ord", order_id)))
    return order


# --- a new order at the counter -----------------------------------------------------


@dashboard("orders:write")
def order_new(request: DashboardRequest) -> HttpResponseBase:
    """Choose products and quantities; searching (GET) keeps what was chosen."""
    query = request.POST if request.method == "POST" else request.GET
    search = query.get("q", "").strip()[:100].replace("\x00", "")
    products = reads.products_to_choose(request.merchant, search, chosen_products(query))
    data = query if query else None
    form = CounterOrderForm(request.merchant, products, data)
    if request.method == "POST" and form.is_valid():
        placed = _place(request, form)
        if placed is not None:
            return redirect("dashboard_order_show", placed.public_id)
    context = {"form": form, "search": search, "products": products, "is_refused": request.method == "POST"}
    status = 422 if request.method == "POST" else 200
    return page(request, "orders/dashboard_new.html", context, nav="orders", status=status)


def _place(request: DashboardRequest, form: CounterOrderForm) -> Order | None:
    phone = form.cleaned_data["buyer_phone"]
    try:
        placed = place_order(
            Placement(
                merchant=request.merchant,
                lines=form.lines(),
                buyer=find_or_make_buyer(phone) if phone else None,
                note=form.cleaned_data["note"],
                channel=COUNTER,
            )
        )
    except InvalidInput as refused:
        add_refusal(form, refused)
    except Refusal as refused:
        form.add_error(None, str(refused.detail))
    else:
        return placed.order
    return None


@dashboard("orders:read")
@require_safe
def order_show(request: DashboardRequest, order_id: str) -> HttpResponseBase:
    """The live code, big, for the buyer to scan from the counter's screen; changes by itself when paid."""
    order = _order(request, order_id)
    context = {"order": order, "lines": lines_of(order.items.all()), **pay_part(order)}
    part = "orders/dashboard_show_part.html"
    template = part if request.headers.get("HX-Request") else "orders/dashboard_show.html"
    return page(request, template, context, nav="orders")


def pay_part(order: Order) -> dict[str, Any]:
    """What the part that waits for the payment shows."""
    overdue = order.is_overdue(clock.now())
    state = OrderState.EXPIRED if overdue else order.state
    return {
        "state": state,
        "is_final": state != OrderState.PLACED,
        "qr": qr.data_uri(order.live_url) if state == OrderState.PLACED else "",
        "announce": _announcement(order, state),
    }


def _announcement(order: Order, state: str) -> str:
    words = {
        OrderState.PAID: _("Order %(number)s is paid."),
        OrderState.REDEEMED: _("Order %(number)s is paid."),
        OrderState.CANCELLED: _("Order %(number)s was cancelled."),
        OrderState.EXPIRED: _("The time to pay order %(number)s has passed."),
        OrderState.REFUNDED: _("Order %(number)s was refunded."),
    }
    said = {key.value: text for key, text in words.items()}.get(state, "")
    return said % {"number": order.number} if said else ""


@dashboard("orders:cancel")
@sent_to("dashboard_order", "order_id")
def order_cancel(request: DashboardRequest, order_id: str) -> HttpResponseBase:
    """Take an unpaid order back."""
    order = _order(request, order_id)
    return attempt(
        request,
        lambda: cancel_order(request.merchant, order.pk),
        back=reverse("dashboard_order", args=[order.public_id]),
        done=_("The order was cancelled. Nobody can pay it any more."),
    )
