"""Reads of products and orders, always scoped to a merchant or a buyer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from common import ids
from common.fields import parse_moment
from common.phones import to_e164
from common.refusals import FieldProblem, InvalidInput
from common.search import holding
from merchants.models import Merchant, Person
from orders.models import Item, Order, OrderState, Product

_NUMBER = re.compile(r"[0-9A-Fa-f]{8}\Z")
_ITEM_CODE = re.compile(r"[0-9]{16}\Z")
# An id is made a moment after the time it stands for; the bound on ids only narrows what is read.
_ID_SLACK = timedelta(minutes=1)
MAX_SEARCH = 100


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What an order list is narrowed to."""

    state: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    q: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> OrderFilter:
        """Read the filters of SURFACE; raises `InvalidInput` for what they don't take."""
        state = query.get("state") or None
        problems = []
        if state is not None and state not in OrderState.values:
            problems.append(
                FieldProblem(
                    "state", "invalid", _("One of: %(known)s.") % {"known": ", ".join(OrderState.values)}
                )
            )
        moments = {name: _moment(query, name, problems) for name in ("created_after", "created_before")}
        q = query.get("q", "").strip()
        if len(q) > MAX_SEARCH or "\x00" in q:
            problems.append(
                FieldProblem("q", "invalid", _("At most %(most)d characters.") % {"most": MAX_SEARCH})
            )
        if problems:
            raise InvalidInput(*problems)
        return cls(state, moments["created_after"], moments["created_before"], q)


def _moment(query: Mapping[str, str], name: str, problems: list[FieldProblem]) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    # In a query a bare "+" of an offset arrives as a blank.
    moment = parse_moment(text.replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    if moment is None:
        problems.append(FieldProblem(name, "invalid", _("An RFC 3339 time with its offset.")))
    return moment


def products_of(merchant: Merchant) -> QuerySet[Product]:
    """What the merchant sells now."""
    return Product.objects.filter(merchant=merchant, archived_at=None)


def orders_of(merchant: Merchant, narrowed: OrderFilter | None = None) -> QuerySet[Order]:
    """The merchant's orders with their items, narrowed; every filter has its index."""
    orders = Order.objects.filter(merchant=merchant)
    if narrowed is None:
        return orders
    if narrowed.state:
        orders = orders.filter(state=narrowed.state)
    if narrowed.created_after:
        begin = ids.first_id_at(narrowed.created_after, -_ID_SLACK)
        orders = orders.filter(placed_at__gt=narrowed.created_after, pk__gte=begin)
    if narrowed.created_before:
        end = ids.first_id_at(narrowed.created_before, _ID_SLACK)
        orders = orders.filter(placed_at__lt=narrowed.created_before, pk__lt=end)
    if narrowed.q:
        orders = orders.filter(_search(merchant, narrowed.q))
    return orders


def _search(merchant: Merchant, text: str) -> Q:
    """By id, number, item code or the buyer's phone; any other text is looked for in notes."""
    order_id = ids.parse_public_id("ord", text)
    if order_id is not None:
        return Q(pk=order_id)
    digits = re.sub(r"[\s-]", "", text)
    if _ITEM_CODE.match(digits):
        return Q(pk__in=Item.objects.filter(code=digits).values("order_id"))
    number = text.upper()
    if _NUMBER.match(text) and Order.objects.filter(merchant=merchant, number=number).exists():
        return Q(number=number)  # not "or in a note": that would read every order
    phone = to_e164(text, merchant.region)
    if phone is not None:
        return Q(buyer=Person.objects.filter(phone=phone).values_list("pk", flat=True).first() or UUID(int=0))
    return Q(pk__in=holding(Order.objects.filter(merchant=merchant), "note", text).values("pk"))


def order_of(merchant: Merchant, order_id: UUID | None) -> Order | None:
    """One order of the merchant, its items loaded; None for anybody else's."""
    if order_id is None:
        return None
    return orders_of(merchant).prefetch_related("items").filter(pk=order_id).first()


def orders_bought_by(buyer: Person) -> QuerySet[Order]:
    """The buyer's own orders."""
    return Order.objects.filter(buyer=buyer).select_related("merchant")


def order_by_page(token: str) -> Order | None:
    """The order whose page has this token."""
    return _open(Order.objects.filter(page_token=token))


def order_by_live_code(token: str) -> Order | None:
    """The order whose live code has this token."""
    return _open(Order.objects.filter(live_token=token))


def _open(orders: QuerySet[Order]) -> Order | None:
    return orders.select_related("merchant", "buyer").prefetch_related("items").first()


def product_names(merchant: Merchant, products: Collection[UUID]) -> dict[UUID, str]:
    """The names of those of these products that are the merchant's, by id."""
    return dict(products_of(merchant).filter(pk__in=products).values_list("pk", "name"))
