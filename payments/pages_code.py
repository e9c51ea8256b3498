"""The buyer's payment code at `/me/pay`: shown, renewed, and what came of it; the PIN; the receipt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common import clock
from common.forms import add_refusal
from common.idempotency import AnswerUnreadable, RequestInFlight
from common.ids import parse_public_id
from common.refusals import InvalidInput, InvalidState
from coupons.queries import armed_coupon_of, usable_coupons_of
from merchants.models import Person
from payments.code_look import (
    CodeFace,
    code_face,
    is_decided,
    outcome_face,
    pin_face,
    pin_locked_words,
)
from payments.flows.change_pin_limits import change_pin_limits
from payments.flows.set_pin import set_pin
from payments.forms_code import CodeForm, PinForm, PinLimitsForm, request_id
from payments.models import PaymentKind
from payments.pins import pin_of
from payments.queries import code_of, payments_by, wallet_of
from payments.refusals import PinLocked, PinWrong
from payments.shown_codes import ShownCode, code_once


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _currency() -> str:
    return str(settings.CURRENCIES[0])


# --- the code ------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pay_at_till(request: HttpRequest) -> HttpResponse:
    """The page; a POST makes a code (scripts ask for one as soon as the page is open)."""
    if request.method != "POST":
        return _draw(request, CodeFace("start"))
    return _draw(request, _asked(request))


def _asked(request: HttpRequest) -> CodeFace:
    """What a POST is answered with: a code, or what came of the one that is being shown."""
    form, buyer = CodeForm(request.POST), _me(request)
    if not form.is_valid():
        wrong = form.errors.get("pin")
        return pin_face(error=str(wrong[0])) if wrong else CodeFace("start", 422)
    asked = form.cleaned_data
    told = _decided(buyer, asked["showing"])
    if told is not None:
        return told
    made = _made(buyer, asked["request"], asked["pin"])
    if isinstance(made, CodeFace):
        return made
    # A till may have tried the old one while the new one was made.
    return _decided(buyer, asked["showing"]) or _live(buyer, made)


def _decided(buyer: Person, code_id: UUID | None) -> CodeFace | None:
    code = code_of(buyer, code_id)
    return outcome_face(code, buyer, clock.now()) if code and is_decided(code) else None


def _made(buyer: Person, request_name: str, pin: str) -> ShownCode | CodeFace:
    try:
        return code_once(buyer, request_name, pin)
    except (PinWrong, PinLocked) as no:
        return pin_face(no)
    except (RequestInFlight, AnswerUnreadable) as no:
        return CodeFace("start", no.status)


def _live(buyer: Person, shown: ShownCode) -> CodeFace:
    """The code, or what has come of it, where the answer was asked for again."""
    code, moment = code_of(buyer, shown.id), clock.now()
    assert code is not None
    return outcome_face(code, buyer, moment) or code_face(shown, moment)


@never_cache
@login_required
@require_safe
def code_state(request: HttpRequest) -> HttpResponse:
    """What came of a code, as the part of the page that changes; 204 while nothing has."""
    code = code_of(_me(request), parse_public_id("pcd", request.GET.get("code", "")))
    if code is None:
        raise Http404
    face = outcome_face(code, _me(request), clock.now())
    return _draw(request, face) if face else HttpResponse(status=204)


def _draw(request: HttpRequest, face: CodeFace) -> HttpResponse:
    """The whole page, or for scripts the part of it that changes."""
    buyer, moment = _me(request), clock.now()
    context: dict[str, Any] = {
        "face": face,
        "request_id": request_id(),
        "balance_minor": wallet_of(buyer, _currency()),
        "currency": _currency(),
        "armed": armed_coupon_of(buyer, moment),
        "usable_count": usable_coupons_of(buyer, moment).count(),
        "pin": pin_of(buyer),
        "tab": "pay",
    }
    is_part = request.headers.get("HX-Request") == "true"
    template = "payments/parts/till_stage.html" if is_part else "payments/till_code.html"
    return render(request, template, context, status=face.status)


@never_cache
@login_required
@require_safe
def till_receipt(request: HttpRequest, payment_id: str) -> HttpResponse:
    """What the buyer paid at a till."""
    wanted = parse_public_id("pay", payment_id)
    mine = payments_by(_me(request)).filter(kind=PaymentKind.TILL)
    payment = mine.filter(pk=wanted).first() if wanted else None
    if payment is None:
        raise Http404
    return render(request, "payments/till_receipt.html", {"payment": payment, "tab": "wallet"})


# --- the PIN -------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pin(request: HttpRequest) -> HttpResponse:
    """Setting or changing the PIN."""
    person = _me(request)
    form = PinForm(request.POST if request.method == "POST" else None, has_pin=pin_of(person) is not None)
    if request.method == "POST" and form.is_valid() and _is_pin_set(person, form):
        messages.success(request, _("Your PIN is set."))
        return HttpResponseRedirect(reverse("my_pin"))
    return _pin_page(request, form=form)


def _is_pin_set(person: Person, form: PinForm) -> bool:
    asked = form.cleaned_data
    try:
        set_pin(person, asked["pin"], asked.get("old_pin"))
    except InvalidInput as refused:
        add_refusal(form, refused)
    except PinWrong as wrong:
        form.add_error("old_pin", str(wrong.title))
    except PinLocked as locked:
        form.add_error("old_pin", pin_locked_words(locked))
    return not form.errors


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pin_limits(request: HttpRequest) -> HttpResponse:
    """When the PIN is asked for; only who knows it changes that."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("my_pin"))
    form = PinLimitsForm(request.POST, currency=_currency())
    if form.is_valid() and _are_limits_changed(_me(request), form):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("my_pin"))
    return _pin_page(request, limits=form)


def _are_limits_changed(person: Person, form: PinLimitsForm) -> bool:
    asked = form.cleaned_data
    try:
        change_pin_limits(person, asked["limits_pin"], asked["above"], asked["uses"])
    except InvalidState as refused:
        form.add_error(None, str(refused.title))
    except PinWrong as wrong:
        form.add_error("limits_pin", str(wrong.title))
    except PinLocked as locked:
        form.add_error("limits_pin", pin_locked_words(locked))
    return not form.errors


def _pin_page(
    request: HttpRequest, *, form: PinForm | None = None, limits: PinLimitsForm | None = None
) -> HttpResponse:
    kept = pin_of(_me(request))
    initial = {"above": kept.ask_above_minor, "uses": kept.ask_after_uses} if kept else {}
    context = {
        "kept": kept,
        "form": form or PinForm(has_pin=kept is not None),
        "limits": limits or PinLimitsForm(currency=_currency(), initial=initial),
        "currency": _currency(),
        "tab": "account",
    }
    is_wrong = any(shown is not None and shown.is_bound for shown in (form, limits))
    return render(request, "payments/pin.html", context, status=422 if is_wrong else 200)
