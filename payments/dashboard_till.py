"""The till's page: collecting with a payment code, what came of a sale, the day's list (FLOWS 2).

Scripts and people ask the same addresses. A script (`HX-Request`) gets the part that says what came
of the sale, under the sale's own number; whoever has no script gets whole pages.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from babel.numbers import get_currency_precision
from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from common import clock
from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import InvalidState, NotFound, Refusal
from merchants.dashboard import DashboardRequest, dashboard, found, page, place_of, sent_to
from orders.dashboard_forms import chosen_products
from orders.dashboard_queries import products_to_choose
from orders.dashboard_redeem import with_camera
from payments import till_queries as reads
from payments.flows.collect_at_till import collect_at_till
from payments.flows.give_up_sale import give_up_sale
from payments.flows.reverse_payment import reverse_payment
from payments.models import Payment
from payments.till_faces import (
    GIVEN_UP,
    OTHER,
    SaleFace,
    payment_face,
    reference_face,
    refused_face,
)
from payments.till_forms import ReverseForm, TillForm, is_reference, new_reference

NAV = "till"
GIVE_UP_WITHIN = timedelta(minutes=15)
"""How old a sale may be that is reversed without a reason, because its till has heard no answer."""


def _is_script(request: DashboardRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


# --- collecting ----------------------------------------------------------------------------


@with_camera
@dashboard("till")
@require_http_methods(["GET", "HEAD", "POST"])
def till(request: DashboardRequest) -> HttpResponseBase:
    """The counter (GET); collecting (POST)."""
    if request.method != "POST":
        return _draw_till(request, QueryDict(), None)
    form = TillForm(request.merchant, _on_bill(request), request.POST)
    face = _collected(form) if form.is_valid() else _typo(form)
    if _is_script(request):
        return _draw_part(request, face)
    if face.payment is not None and face.word != "other":
        return redirect("dashboard_till_payment", face.payment.public_id)
    return _draw_till(request, request.POST, face)


def _on_bill(request: DashboardRequest) -> list[Any]:
    return reads.products_on_bill(request.merchant, chosen_products(request.POST))


def _collected(form: TillForm) -> SaleFace:
    """What came of it. A form that is sent again from an old page may name a sale of before: that one
    must not pass for what was asked now."""
    ask = form.ask()
    try:
        payment = collect_at_till(ask)
    except Refusal as refusal:
        return refused_face(refusal)
    is_same = payment.amount_minor == ask.amount_minor and reads.was_paid_with(payment, ask.payment_code)
    return payment_face(payment, 201) if is_same else SaleFace("other", 409, payment=payment, trouble=OTHER)


def _typo(form: TillForm) -> SaleFace:
    return SaleFace(
        "typo", 422, errors=tuple(str(error) for found in form.errors.values() for error in found)
    )


def _draw_till(request: DashboardRequest, told: QueryDict, face: SaleFace | None) -> HttpResponseBase:
    """The whole page; what was typed stays, but for the number of the sale and a code that was tried."""
    merchant, search, told = request.merchant, _search(request), told or request.GET
    chosen = chosen_products(told)
    products = products_to_choose(merchant, search, chosen)
    typed = told if face is not None and face.word == "typo" else None
    context = {
        "form": TillForm(merchant, products, typed, initial=_kept(told)),
        "face": face,
        "search": search,
        "reference": new_reference(),
        "is_chosen": bool(search or chosen),
        "places": (places := get_currency_precision(merchant.currency)),
        "keys": [*"123456789", "." if places else "00", "0"],
    }
    return page(request, "payments/till.html", context, nav=NAV, status=face.status if face else 200)


def _search(request: DashboardRequest) -> str:
    return request.GET.get("q", "").strip()[:100].replace("\x00", "")


def _kept(told: QueryDict) -> dict[str, str]:
    names = [name for name in told if name == "amount" or name.startswith("prd_")]
    return {name: told.get(name, "") for name in names}


@dashboard("till")
@require_safe
def till_items(request: DashboardRequest) -> HttpResponseBase:
    """Products to choose from, found by a word; those that have a quantity stay."""
    products = products_to_choose(request.merchant, _search(request), chosen_products(request.GET))
    context = {"form": TillForm(request.merchant, products, initial=_kept(request.GET))}
    return page(request, "payments/parts/till_items.html", context, nav=NAV)


def _draw_part(request: DashboardRequest, face: SaleFace) -> HttpResponseBase:
    return page(request, "payments/parts/till_sale.html", {"face": face}, nav=NAV, status=face.status)


# --- what came of a sale -------------------------------------------------------------------


@dashboard("till")
@require_safe
def till_sale(request: DashboardRequest, reference: str) -> HttpResponseBase:
    """What has come of the sale of a number; people are led to its page."""
    face = reference_face(request.merchant, reference)
    if _is_script(request):
        return _draw_part(request, face)
    if face.payment is not None:
        return redirect("dashboard_till_payment", face.payment.public_id)
    return page(request, "payments/till_none.html", {"face": face}, nav=NAV, status=face.status)


@dashboard("till")
@sent_to("dashboard_till_sale", "reference")
def till_give_up(request: DashboardRequest, reference: str) -> HttpResponseBase:
    """Nobody is charged under this number: what has happened is reversed, nothing will happen later.

    No till still waits for the answer of an older sale: it is only shown. Its page reverses, with a reason.
    """
    if not is_reference(reference):
        raise NotFound
    payment = reads.sale_of_reference(request.merchant, reference)
    if payment is None or clock.now() - payment.created_at < GIVE_UP_WITHIN:
        payment = give_up_sale(request.merchant, reference, GIVEN_UP)
    if not _is_script(request):
        return redirect("dashboard_till_sale", reference)
    face = payment_face(payment) if payment else SaleFace("given_up", reference=reference)
    return _draw_part(request, face)


# --- one sale ------------------------------------------------------------------------------


def _sale(request: DashboardRequest, sale_id: str) -> Payment:
    sale: Payment = found(reads.sale_of(request.merchant, parse_public_id("pay", sale_id)))
    return sale


@dashboard("till")
@require_safe
def till_payment(request: DashboardRequest, sale_id: str) -> HttpResponseBase:
    """A sale with its receipt."""
    return _draw_payment(request, _sale(request, sale_id), ReverseForm())


def _draw_payment(
    request: DashboardRequest, payment: Payment, form: ReverseForm, status: int = 200
) -> HttpResponseBase:
    context = {
        "face": payment_face(payment),
        "payment": payment,
        "moments": reads.moments_of(request.merchant, payment),
        "form": form,
        "given_up": GIVEN_UP,
    }
    return page(request, "payments/till_payment.html", context, nav=NAV, status=status)


@dashboard("till")
@sent_to("dashboard_till_payment", "sale_id")
def till_reverse(request: DashboardRequest, sale_id: str) -> HttpResponseBase:
    """Take a sale back."""
    payment, form = _sale(request, sale_id), ReverseForm(request.POST)
    if not form.is_valid():
        return _draw_payment(request, payment, form, 422)
    try:
        reverse_payment(request.merchant, payment.pk, form.cleaned_data["reason"])
    except InvalidState:
        messages.error(request, _("This sale had been reversed before. Nothing more was changed."))
    else:
        messages.success(request, _reversed_words(payment))
    return redirect("dashboard_till_payment", sale_id)


def _reversed_words(payment: Payment) -> str:
    if payment.deduction_minor:
        return _("Reversed: the money went back to the buyer, and the coupon if it is still valid.")
    return _("Reversed: the money went back to the buyer.")


# --- the day -------------------------------------------------------------------------------


@dashboard("till")
@require_safe
def till_day(request: DashboardRequest) -> HttpResponseBase:
    """Today's sales, newest first, and what they come to."""
    today = clock.today()
    context = {
        "page": page_of(reads.sales_of_day(request.merchant, today), place_of(request)),
        "sums": reads.sums_of_day(request.merchant, today),
        "today": today,
    }
    return page(request, "payments/till_day.html", context, nav=NAV)
