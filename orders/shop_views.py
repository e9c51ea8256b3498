"""Where buyers order: a merchant's shop, and the page that a printed code opens (FLOWS 5)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter as get_account_adapter
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common import ids, paging
from common.idempotency import Answer, Ask, RequestInFlight, answer_once
from common.refusals import InvalidInput, Refusal
from common.throttles import wait_seconds
from merchants.flows.find_or_make_buyer import find_or_make_buyer
from merchants.models import Merchant, Person
from orders import queries
from orders.flows.note_scan import note_code_scan
from orders.flows.place_order import MAX_UNITS, Placement, place_order
from orders.forms import Basket, ShopForm, input_name
from orders.models import PrintedCode, Product
from orders.pictures import picture_of, tile_of
from orders.refusals import MerchantClosed, OutOfStock, TooManyOrders

PAGE_PRODUCTS = 24
FEW_LEFT = 10
VISITOR_COOKIE = "livetill_visitor"
VISITOR_SECONDS = 365 * 24 * 3600
IN_FLIGHT_TRIES = 10
IN_FLIGHT_PAUSE_SECONDS = 0.2

_WORDS: dict[str, str | Promise] = {
    "empty": _("Choose at least one thing first."),
    "too_many_units": _("That is more than one order can hold. Order in two parts."),
    "amount_too_large": _("That comes to more than one order may cost. Order in two parts."),
    "unknown_product": _("Something you chose is not sold here any more. This is what there is now."),
}


@dataclass(frozen=True, slots=True)
class Storefront:
    """Where one orders: the shop itself, or a printed code of it."""

    merchant: Merchant
    channel: str
    code: PrintedCode | None = None

    def products(self) -> QuerySet[Product]:
        """What is sold here."""
        sold = queries.products_of(self.merchant).filter(currency=self.merchant.currency)
        if self.code is not None and self.code.products.exists():
            return sold.filter(pk__in=self.code.products.values("pk"))
        return sold


@dataclass(frozen=True, slots=True)
class Row:
    """One product on the page, with what is in the basket of it."""

    product: Product
    quantity: int

    @property
    def name(self) -> str:
        """The name of its input."""
        return input_name(self.product.pk)

    @property
    def most(self) -> int:
        """How many can be ordered."""
        stock = self.product.stock
        return MAX_UNITS if stock is None else min(stock, MAX_UNITS)

    @property
    def is_out(self) -> bool:
        """Whether none is left."""
        return self.product.stock == 0

    @property
    def is_short(self) -> bool:
        """Whether the basket holds more than there are."""
        return self.quantity > self.most

    @property
    def few(self) -> int | None:
        """How many are left, where that is worth saying."""
        stock = self.product.stock
        return stock if stock is not None and 0 < stock <= FEW_LEFT else None

    @property
    def picture(self) -> str:
        """The address of its picture, or empty."""
        return picture_of(self.product)

    @property
    def tile(self) -> int:
        """Which drawn tile it gets without a picture."""
        return tile_of(self.product)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def shop(request: HttpRequest, slug: str) -> HttpResponse:
    """A merchant's shop; POST places the order."""
    merchant = get_object_or_404(Merchant, slug=slug)
    return _storefront(request, Storefront(merchant, "shop"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def printed_code(request: HttpRequest, token: str) -> HttpResponse:
    """What the code on a table or counter opens: the shop, for a new order each time."""
    code = get_object_or_404(PrintedCode.objects.select_related("merchant"), token=token)
    if code.retired_at is not None:
        return render(
            request, "orders/code_retired.html", {"code": code, "merchant": code.merchant}, status=410
        )
    response = _storefront(request, Storefront(code.merchant, code.kind, code))
    if request.method == "GET":
        _note_visit(request, response, code)
    return response


def _note_visit(request: HttpRequest, response: HttpResponse, code: PrintedCode) -> None:
    """Count the visitor once a day; the cookie says nothing but "the same browser"."""
    visitor = request.COOKIES.get(VISITOR_COOKIE, "")
    if not (len(visitor) == 22 and visitor.isascii() and visitor.isprintable()):
        visitor = ids.new_token()
        response.set_cookie(
            VISITOR_COOKIE,
            visitor,
            max_age=VISITOR_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    note_code_scan(code, visitor)


def _storefront(request: HttpRequest, store: Storefront) -> HttpResponse:
    buyer = request.user if isinstance(request.user, Person) else None
    if request.method != "POST":
        form = ShopForm(merchant=store.merchant, knows_buyer=buyer is not None)
        return _page(request, store, Basket.of(request.GET), form)
    form = ShopForm(request.POST, merchant=store.merchant, knows_buyer=buyer is not None)
    basket = Basket.of(request.POST)
    if "step" in request.POST or "go" in request.POST:
        return _page(request, store, basket.stepped(request.POST.get("step", "")), _unjudged(form))
    if not form.is_valid():
        return _page(request, store, basket, form, status=422)
    try:
        _refuse_too_many(request, buyer)
        return HttpResponseRedirect(_place_once(store, basket, form.cleaned_data, buyer))
    except Refusal as refusal:
        return _page(request, store, basket, form, refusal=refusal, status=refusal.status)


def _refuse_too_many(request: HttpRequest, buyer: Person | None) -> None:
    """Orders hold limited stock: an address that nobody signed in from may place only so many."""
    if buyer is None:
        address = get_account_adapter().get_client_ip(request)
        if wait_seconds(f"shop-order:{address}", settings.SHOP_ORDERS_PER_MINUTE, 60):
            raise TooManyOrders


def _unjudged(form: ShopForm) -> ShopForm:
    """The form with what was typed, as if it had just been opened."""
    initial = {name: form.data.get(name, "") for name in form.fields}
    return ShopForm(initial=initial, merchant=form.merchant, knows_buyer="phone" not in form.fields)


def _place_once(store: Storefront, basket: Basket, asked: Mapping[str, Any], buyer: Person | None) -> str:
    """The address of the order that this form made, now or by an earlier tap.

    The form's hidden word and its contents together are an idempotency key (common/idempotency.py):
    the same form sent twice is one order; gone back to and changed, it is another.
    """
    content = json.dumps([store.merchant.slug, basket.lines(), asked], default=str).encode()
    key = f"{asked['once']}.{hashlib.sha256(content).hexdigest()[:16]}"
    ask = Ask.of(f"{store.channel}-page", key, content)

    def run(_subject: UUID | None) -> Answer:
        phone = asked.get("phone")
        placed = place_order(
            Placement(
                merchant=store.merchant,
                lines=basket.lines(),
                buyer=buyer or (find_or_make_buyer(phone) if phone else None),
                note=asked["note"],
                channel=store.channel,
                printed_code=store.code,
            )
        )
        return Answer(303, b"", {"Location": reverse("order_page", args=[placed.order.page_token])})

    for _attempt in range(IN_FLIGHT_TRIES):
        try:
            return answer_once(ask, run, stepwise=False).headers["Location"]
        except RequestInFlight:
            time.sleep(IN_FLIGHT_PAUSE_SECONDS)
    raise RequestInFlight


def _page(
    request: HttpRequest,
    store: Storefront,
    basket: Basket,
    form: ShopForm,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    if not store.merchant.is_open:
        status = MerchantClosed.status if request.method == "POST" else 200
        return render(request, "orders/shop_closed.html", {"merchant": store.merchant}, status=status)
    at, page = _shelf_page(request, store)
    rows = [Row(product, basket.quantities.get(product.pk, 0)) for product in page.rows]
    shown = {row.product.pk for row in rows}
    elsewhere = store.products().filter(pk__in=set(basket.quantities) - shown).order_by("-id")
    carried = [Row(product, basket.quantities[product.pk]) for product in elsewhere]
    every = [*rows, *carried]
    context = {
        "merchant": store.merchant,
        "code": store.code,
        "form": form,
        "rows": rows,
        "carried": carried,
        "page": page,
        "at": at,
        "total_minor": sum(row.product.price_minor * row.quantity for row in every),
        "units": sum(row.quantity for row in every),
        "trouble": _words(refusal),
        "tab": "shop",
    }
    return render(request, "orders/shop.html", context, status=status)


def _shelf_page(request: HttpRequest, store: Storefront) -> tuple[str, paging.Page[Product]]:
    data = request.POST if request.method == "POST" else request.GET
    at = data.get("go") or data.get("at") or ""
    try:
        place = paging.Place.of_query({"limit": str(PAGE_PRODUCTS), "cursor": at})
    except InvalidInput:
        at, place = "", paging.Place(PAGE_PRODUCTS)
    return at, paging.page_of(store.products(), place)


def _words(refusal: Refusal | None) -> str | Promise:
    """What a refusal means to somebody at the shelf."""
    if isinstance(refusal, InvalidInput):
        return _WORDS.get(refusal.problems[0].code, refusal.title)
    if isinstance(refusal, OutOfStock):
        return _("There are not that many left. This is what there is now.")
    return refusal.detail if refusal is not None else ""
