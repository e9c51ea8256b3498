"""Reads that only the dashboard's pages of orders, products and codes make."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from coupons.goods import Good
from merchants.dashboard_nav import counts
from merchants.models import Merchant
from orders.models import (
    CallRecord,
    CallState,
    Item,
    Objection,
    ObjectionState,
    Order,
    PhoneFeed,
    PrintedCode,
    Product,
)
from orders.queries import OrderFilter, orders_of

CHOICES = 100


def all_products_of(merchant: Merchant, *, archived: bool = False) -> QuerySet[Product]:
    """What the merchant sells, or sold once."""
    return Product.objects.filter(merchant=merchant, archived_at__isnull=not archived)


def product_of(merchant: Merchant, product_id: UUID | None) -> Product | None:
    """One product of the merchant, archived or not; None for anybody else's."""
    return Product.objects.filter(merchant=merchant, pk=product_id).first() if product_id else None


def products_to_choose(merchant: Merchant, q: str = "", keep: Collection[UUID] = ()) -> list[Product]:
    """The products for a form: those chosen already, then the newest that fit a search."""
    sold = Product.objects.filter(merchant=merchant, archived_at=None, currency=merchant.currency)
    kept = list(sold.filter(pk__in=keep)) if keep else []
    fitting = sold.filter(name__icontains=q) if q else sold
    others = fitting.exclude(pk__in=keep).order_by("-id")[:CHOICES]
    return [*kept, *others]


def goods_to_choose(merchant: Merchant, q: str, chosen: Collection[UUID]) -> list[Good]:
    """The same for the floor below, which has no models of ours."""
    products = products_to_choose(merchant, q, chosen)
    return [Good(product.pk, product.name, product.price_minor) for product in products]


def codes_of(merchant: Merchant, *, retired: bool = False) -> QuerySet[PrintedCode]:
    """The merchant's printed codes in use, or those retired."""
    return PrintedCode.objects.filter(merchant=merchant, retired_at__isnull=not retired)


def code_of(merchant: Merchant, code_id: UUID | None) -> PrintedCode | None:
    """One printed code of the merchant; None for anybody else's."""
    return PrintedCode.objects.filter(merchant=merchant, pk=code_id).first() if code_id else None


def item_of_code(merchant: Merchant, code: str) -> Item | None:
    """The merchant's item with this code, its order loaded; None for anybody else's."""
    return Item.objects.filter(code=code, order__merchant=merchant).select_related("order").first()


def stamp_of(orders: Iterable[Order]) -> str:
    """A short word that differs as soon as any of these orders does, or which they are."""
    told = "".join(f"{order.pk.hex}{order.state}" for order in orders)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def newest_orders(merchant: Merchant, narrowed: OrderFilter, limit: int) -> list[Order]:
    """The newest orders that fit, their items loaded."""
    return list(orders_of(merchant, narrowed).order_by("-id").prefetch_related("items")[:limit])


def feeds_of(merchant: Merchant) -> list[PhoneFeed]:
    """Where the merchant's calls are told from; those that ended last."""
    feeds = PhoneFeed.objects.filter(merchant=merchant)
    return list(feeds.order_by(F("ended_at").desc(nulls_first=True), "-created_at")[:CHOICES])


def feed_of(merchant: Merchant, feed_id: UUID | None) -> PhoneFeed | None:
    """One feed of the merchant; None for anybody else's."""
    return PhoneFeed.objects.filter(merchant=merchant, pk=feed_id).first() if feed_id else None


MOST_COUNTED = 100


@counts("calls")
def waiting_for_staff(merchant: Merchant) -> str:
    """How many objections and unmatched calls wait for somebody of the merchant, for the menu; one query."""
    objections = Objection.objects.filter(merchant=merchant, state=ObjectionState.WAITING)
    calls = CallRecord.objects.filter(merchant=merchant, state=CallState.UNMATCHED)
    first = [found.order_by("-id").values("pk")[:MOST_COUNTED] for found in (objections, calls)]
    return told_count(first[0].union(first[1], all=True).count())


def told_count(count: int) -> str:
    """A count that was not taken further than `MOST_COUNTED`, in words; empty for none."""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count or "")


def waiting_objections(merchant: Merchant) -> list[Objection]:
    """What buyers said was not them and nobody has decided, the oldest first; their orders loaded."""
    waiting = Objection.objects.filter(merchant=merchant, state=ObjectionState.WAITING)
    loaded = waiting.select_related("order", "order__buyer").prefetch_related(
        "order__items", "undoings__item"
    )
    return list(loaded.order_by("id")[:CHOICES])
