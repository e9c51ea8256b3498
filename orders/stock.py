"""Taking from and giving back to limited stock, in one conditional statement a product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import F

from common import locking
from orders.models import Item, Product
from orders.refusals import OutOfStock


def take(quantities: Mapping[UUID, int]) -> None:
    """Take from limited products, in the order of their ids; raises `OutOfStock`, taking nothing."""
    for product_id, quantity in sorted(quantities.items()):
        locking.ascend_to(locking.Rank.PRODUCT)
        enough = Product.objects.filter(pk=product_id, stock__gte=quantity)
        if not enough.update(stock=F("stock") - quantity):
            raise OutOfStock


def held_by(order_ids: Collection[UUID]) -> defaultdict[UUID, Counter[UUID]]:
    """Order → how much of each limited product it holds (lines never change); one query."""
    held: defaultdict[UUID, Counter[UUID]] = defaultdict(Counter)
    units = Item.objects.filter(order_id__in=order_ids, from_stock=True)
    for order_id, product_id in units.values_list("order_id", "product_id"):
        held[order_id][product_id] += 1
    return held


def hold(product_ids: Collection[UUID]) -> None:
    """Lock products before their orders, as the order of locks wants it."""
    if product_ids:
        locking.lock_rows(Product.objects.filter(pk__in=product_ids))


def give_back(quantities: Mapping[UUID, int]) -> None:
    """Give units back to products that the caller holds; what is unlimited by now needs none."""
    for product_id, quantity in sorted(quantities.items()):
        limited = Product.objects.filter(pk=product_id, stock__isnull=False)
        limited.update(stock=F("stock") + quantity)
