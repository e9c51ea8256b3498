"""A buyer's own pages: wallet, top-up, orders, account."""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_precision
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from common import paging
from common.ids import parse_public_id
from common.money import typed_minor
from common.refusals import InvalidInput, Refusal
from desk.flows.change_account import change_account
from desk.forms import CHIPS_MAJOR, AccountForm, TopUpForm
from desk.movements import Movements, movements_of
from ledger.accounts import wallet
from ledger.queries import balances
from merchants.adapters import LANGUAGE_KEPT_SECONDS
from merchants.models import Person
from orders.queries import orders_bought_by
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet
from payments.gateways.base import gateway, names
from payments.look import source_label
from payments.models import Payment, PaymentKind, PaymentState
from payments.queries import payments_by, wallet_of
from payments.views import leave_for

LAST_MOVEMENTS, PAGE_MOVEMENTS, PAGE_ORDERS = 5, 30, 20
AFTER_TOP_UP = "after_top_up"
_COOKIE: dict[str, Any] = {
    "max_age": 365 * 24 * 3600,
    "samesite": "Lax",
    "secure": settings.LANGUAGE_COOKIE_SECURE,
}


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _currency() -> str:
    return str(settings.CURRENCIES[0])


# --- wallet -------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The wallet: what is in it, what moved last, what is under way."""
    return render(request, "desk/me.html", _home_context(request))


@never_cache
@login_required
@require_safe
def home_state(request: HttpRequest) -> HttpResponse:
    """The part of the wallet's page that changes by itself."""
    return render(request, "desk/parts/wallet.html", _home_context(request))


def _home_context(request: HttpRequest) -> dict[str, Any]:
    person, currency = _me(request), _currency()
    open_top_up = _open_top_up(person)
    moved = movements_of(person, currency, limit=LAST_MOVEMENTS)
    balance = wallet_of(person, currency)
    others = {code: amount for code, amount in balances(wallet(person.pk)).items() if amount}
    others.pop(currency, None)
    return {
        "balance_minor": balance,
        "currency": currency,
        "others": others,
        "movements": moved,
        "top_up": open_top_up,
        "top_up_label": source_label(open_top_up.source) if open_top_up else "",
        "on_to": "" if open_top_up else _next_of(request, request.session.get(AFTER_TOP_UP, "")),
        "state": f"{balance}-{open_top_up.pk if open_top_up else ''}",
        "is_quiet": open_top_up is None,
        "tab": "wallet",
    }


def _open_top_up(person: Person) -> Payment | None:
    top_ups = payments_by(person).filter(kind=PaymentKind.TOP_UP).order_by("-id")
    latest = top_ups.first()
    return latest if latest is not None and latest.is_open else None


@never_cache
@login_required
@require_safe
def movements(request: HttpRequest) -> HttpResponse:
    """All that moved in the wallet, a page at a time."""
    try:
        moved: Movements = movements_of(
            _me(request), _currency(), request.GET.get("cursor") or None, limit=PAGE_MOVEMENTS
        )
    except ValueError as error:
        raise Http404 from error
    return render(request, "desk/movements.html", {"movements": moved, "tab": "wallet"})


# --- top-up -------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: HttpRequest) -> HttpResponse:
    """Money into the wallet, and back to where one came from (`?next=`)."""
    person = _me(request)
    if request.method != "POST":
        return _top_up_page(request, _new_form(person))
    form = TopUpForm(request.POST, person=person, subject="top-up", currency=_currency())
    if not form.is_valid():
        return _top_up_page(request, form, status=422)
    try:
        payment = _top_up_once(person, form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, str(refusal.title))
        return _top_up_page(request, form, status=refusal.status)
    return _after_top_up(request, payment)


def _top_up_once(person: Person, asked: dict[str, Any]) -> Payment:
    ask = TopUpAsk(
        person=person,
        amount_minor=asked["amount_minor"],
        currency=_currency(),
        gateway=asked["gateway"],
        scenario=asked.get("scenario", ""),
        channel="page",
        id=asked["payment"],
    )
    try:
        return top_up_wallet(ask)
    except IntegrityError:  # the same form, sent twice at once
        made = Payment.objects.filter(pk=asked["payment"], payer=person).first()
        if made is None:
            raise
        return made


def _after_top_up(request: HttpRequest, payment: Payment) -> HttpResponse:
    on_to = _next_of(request, request.POST.get("next", ""))
    if payment.state == PaymentState.SUCCEEDED:
        request.session.pop(AFTER_TOP_UP, None)
        messages.success(request, _("Your wallet is topped up."))
        return HttpResponseRedirect(on_to or reverse("me"))
    request.session[AFTER_TOP_UP] = on_to
    if payment.redirect_url:
        return HttpResponseRedirect(reverse("top_up_go", args=[payment.public_id]))
    return HttpResponseRedirect(reverse("me"))


@never_cache
@login_required
@require_safe
def top_up_go(request: HttpRequest, payment_id: str) -> HttpResponse:
    """On to the provider's page for a top-up that waits for its payer."""
    wanted = parse_public_id("pay", payment_id)
    payment = payments_by(_me(request)).filter(pk=wanted).first() if wanted else None
    if payment is None or payment.kind != PaymentKind.TOP_UP:
        raise Http404
    if not (payment.is_open and payment.redirect_url):
        return HttpResponseRedirect(reverse("me"))
    return leave_for(request, payment, reverse("me"))


def _new_form(person: Person) -> TopUpForm:
    return TopUpForm(person=person, subject="top-up", currency=_currency())


def _top_up_page(request: HttpRequest, form: TopUpForm, status: int = 200) -> HttpResponse:
    data = request.POST if form.is_bound else request.GET
    currency = _currency()
    wanted = _digits(request.GET.get("amount", ""))
    chips = [major * 10 ** get_currency_precision(currency) for major in CHIPS_MAJOR]
    fitting = next((chip for chip in chips if chip >= wanted), 0)
    context = {
        "form": form,
        "chips": chips,
        "chosen": _digits(data.get("chip", "")) if form.is_bound else fitting,
        "typed": data.get("amount", "") if form.is_bound else _typed(wanted, fitting, currency),
        "missing_minor": wanted,
        "gateways": [{"name": name, "label": gateway(name).label} for name in names()],
        "gateway": data.get("gateway") or settings.DEFAULT_GATEWAY,
        "next": _next_of(request, data.get("next", "")),
        "currency": currency,
        "hide_tabs": True,
    }
    return render(request, "desk/top_up.html", context, status=status)


def _digits(text: str) -> int:
    """A whole amount in minor units from an address or form; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _typed(wanted: int, fitting: int, currency: str) -> str:
    """What is missing, typed already, where no chip is large enough."""
    return typed_minor(wanted, currency) if wanted and not fitting else ""


def _next_of(request: HttpRequest, address: str) -> str:
    """The address to go on to, if it is one of ours."""
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, {request.get_host()})
    return address if is_ours else ""


# --- orders, account ----------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def my_orders(request: HttpRequest) -> HttpResponse:
    """What I bought, newest first."""
    try:
        place = paging.Place.of_query({"limit": str(PAGE_ORDERS), "cursor": request.GET.get("cursor", "")})
    except InvalidInput as error:
        raise Http404 from error
    orders = orders_bought_by(_me(request))
    return render(request, "desk/me_orders.html", {"page": paging.page_of(orders, place), "tab": "orders"})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Name and language; the ways to password, second factor and out."""
    person = _me(request)
    language = person.language or translation.get_language() or settings.LANGUAGE_CODE
    form = AccountForm(request.POST or None, initial={"name": person.name, "language": language})
    if request.method == "POST" and form.is_valid():
        change_account(person, **form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Saved."))
        response = HttpResponseRedirect(reverse("my_account"))
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            form.cleaned_data["language"],
            max_age=LANGUAGE_KEPT_SECONDS,
            samesite="Lax",
        )
        return response
    status = 422 if form.is_bound else 200
    return render(request, "desk/me_account.html", {"form": form, "tab": "account"}, status=status)
