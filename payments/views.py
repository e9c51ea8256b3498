"""What a live code opens: the page that confirms and pays, through every state (FLOWS 5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common import clock
from common.refusals import NotFound, Refusal
from merchants.models import Person
from orders.flows.note_scan import note_confirmation, note_live_scan
from orders.models import Order
from orders.queries import order_by_live_code
from payments.coupon_choice import NO_COUPON, choices_of, why_refused
from payments.flows.charge_gateway import refuse_if_failed
from payments.flows.pay_order import PayAsk, pay_order
from payments.forms import PayForm
from payments.gateways.base import gateway, names
from payments.look import Face, face_of, refusal_words, source_label
from payments.models import Payment, PaymentState
from payments.models.payments import WALLET
from payments.queries import latest_payment, wallet_of

_log = structlog.get_logger(__name__)


def _order(token: str) -> Order:
    order = order_by_live_code(token)
    if order is None:
        raise Http404
    return order


def _person(request: HttpRequest) -> Person | None:
    return request.user if isinstance(request.user, Person) else None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm and pay, wait, paid, ended: whatever the order's state makes of its code."""
    order, person = _order(token), _person(request)
    if request.method == "POST":
        return _pay(request, order, person)
    if request.method == "GET":
        note_live_scan(order)
    face = face_of(order, person, clock.now(), again="again" in request.GET)
    if face.word == "paid_by_me":
        return HttpResponseRedirect(reverse("pay_done", args=[token]))
    return render(request, "payments/pay.html", _context(order, person, face))


@never_cache
@require_safe
def pay_state(request: HttpRequest, token: str) -> HttpResponse:
    """The part of the page that changes by itself; once paid by the viewer it leads to the receipt."""
    order, person = _order(token), _person(request)
    face = face_of(order, person, clock.now(), again="again" in request.GET)
    if face.word == "paid_by_me":
        return HttpResponse(headers={"HX-Redirect": reverse("pay_done", args=[token])})
    return render(request, "payments/pay_face.html", _context(order, person, face))


@never_cache
@require_safe
def pay_go(request: HttpRequest, token: str) -> HttpResponse:
    """On to the provider's own page.

    A page between, not a redirect: the site's policy (`form-action`) would stop a redirect to a
    foreign address that follows a form.
    """
    order, person = _order(token), _person(request)
    payment = latest_payment(order, person) if person else None
    if payment is None or not payment.is_open or not payment.redirect_url:
        return HttpResponseRedirect(reverse("pay", args=[token]))
    return leave_for(request, payment, reverse("pay", args=[token]))


def leave_for(request: HttpRequest, payment: Payment, back_url: str) -> HttpResponse:
    """The page that sends the payer on to the provider of an open payment."""
    context = {"payment": payment, "back_url": back_url, "label": source_label(payment.source)}
    return render(request, "payments/leaving.html", context)


def _pay(request: HttpRequest, order: Order, person: Person | None) -> HttpResponse:
    here = reverse("pay", args=[order.live_token])
    if person is None:
        return HttpResponseRedirect(f"{reverse('account_request_login_code')}?{urlencode({'next': here})}")
    form = PayForm(request.POST, person=person, subject=order.pk.hex)
    if not form.is_valid():
        return _refused(request, order, person, form, "")
    try:
        payment = _once(order, person, form.cleaned_data)
    except Refusal as refusal:
        return _refused(request, order, person, form, refusal)
    if payment.is_open:
        return HttpResponseRedirect(f"{here}/go" if payment.redirect_url else here)
    return HttpResponseRedirect(reverse("pay_done", args=[order.live_token]))


def _once(order: Order, person: Person, asked: dict[str, Any]) -> Payment:
    """The payment that this form makes, or made when it was sent a moment ago."""
    if order.can_be_paid(clock.now()):
        note_confirmation(order)
    ask = PayAsk(
        live_token=order.live_token,
        payer=person,
        source=asked["source"],
        consent=asked["consent"],
        channel="page",
        scenario=asked.get("scenario", "") if asked["source"] != WALLET else "",
        id=asked["payment"],
        coupon=asked["coupon"],
    )
    try:
        return pay_order(ask)
    except (IntegrityError, Refusal) as error:
        # The same form, sent twice at once: the other one has made the payment.
        made = Payment.objects.filter(pk=asked["payment"], payer=person, order=order).first()
        if made is not None and isinstance(error, IntegrityError):
            refuse_if_failed(made)
        if made is None or not (made.is_open or made.state == PaymentState.SUCCEEDED):
            raise
        _log.info("form_sent_twice", payment=made.public_id)
        return made


def _refused(
    request: HttpRequest, order: Order, person: Person, form: PayForm, refusal: Refusal | str
) -> HttpResponse:
    """The page again, with what was refused and what to do about it."""
    if isinstance(refusal, NotFound):
        raise Http404
    fresh = _order(order.live_token)
    face = face_of(fresh, person, clock.now(), again=True)
    if face.word == "paid_by_me":
        return HttpResponseRedirect(reverse("pay_done", args=[order.live_token]))
    # Which coupon is asked again after one was refused: to pay without it has to be the payer's own word.
    is_coupon = isinstance(refusal, Refusal) and why_refused(refusal)
    coupon = "" if is_coupon else form.data.get("coupon", NO_COUPON)
    context = _context(fresh, person, face, coupon) | {
        "form_errors": [error for errors in form.errors.values() for error in errors],
        "trouble": refusal_words(refusal, fresh) if isinstance(refusal, Refusal) else None,
        "chosen": form.data.get("source", ""),
        "consent": "consent" in form.data,
    }
    status = refusal.status if isinstance(refusal, Refusal) else 422
    return render(request, "payments/pay.html", context, status=status)


def _context(order: Order, person: Person | None, face: Face, coupon: str | None = None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "order": order,
        "merchant": order.merchant,
        "face": face,
        "seconds_left": max(0, int((order.expires_at - clock.now()).total_seconds())),
        "hide_tabs": face.word in ("confirm", "waiting"),
        "tab": "orders",
    }
    if person is not None and face.word == "confirm":
        context |= _ways(order, person, coupon)
    return context


def _ways(order: Order, person: Person, coupon: str | None) -> dict[str, Any]:
    """How the person can pay, and which way is offered first; `coupon` is what a form came back with."""
    balance = wallet_of(person, order.currency)
    choices = choices_of(order, person, balance, clock.now())
    offered = choices.fitting[0] if choices.fitting and coupon is None else choices.by_value(coupon)
    missing = (offered or choices.without).missing_minor
    gateways = [{"name": name, "label": gateway(name).label} for name in names()]
    form = PayForm(person=person, subject=order.pk.hex)
    top_up = {"amount": missing, "next": reverse("pay", args=[order.live_token])}
    return {
        "balance_minor": balance,
        "coupons": choices,
        "coupon": offered,
        "missing_minor": missing,
        "gateways": gateways,
        "form": form,
        "chosen": WALLET if not missing or not gateways else gateways[0]["name"],
        "top_up_url": f"{reverse('top_up')}?{urlencode(top_up)}",
    }
