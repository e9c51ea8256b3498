"""Paid orders whose time to redeem has passed: which ones end now, whoever it is that gets their money."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from common import locking
from merchants.models.merchants import Unredeemed
from orders.models import Item, ItemState, Objection, ObjectionState, Order, OrderState
from orders.undoing import OBJECT_WITHIN

GRACE = timedelta(minutes=5)
"""A call that was made in time may be told of a little later; it still redeems."""

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Lapsing:
    """An order under lock with all its items, and those of them that nobody came for (perhaps none)."""

    order: Order
    items: list[Item]
    units: list[Item]


def due_orders(policy: Unredeemed, moment: datetime) -> QuerySet[Order]:
    """Orders that end by this policy, longest overdue first. A held unit makes its order wait.

    The policy is the one that the order was paid under.
    """
    units = Item.objects.filter(order=OuterRef("pk"))
    due = Order.objects.filter(
        Q(unredeemed=policy) | Q(unredeemed="", merchant__unredeemed=policy),
        ~Exists(units.filter(held_at__isnull=False)),
        state=OrderState.PAID,
        awaits_redemption=True,
        redeem_until__lte=moment - GRACE,
    )
    if policy == Unredeemed.KEEP:  # it ends for good: not while a redemption beside it can be objected to
        objected = Objection.objects.filter(order=OuterRef("pk"), state=ObjectionState.WAITING)
        fresh = units.filter(redeemed_at__gt=moment - OBJECT_WITHIN)
        due = due.filter(~Exists(objected), ~Exists(fresh))
    return due.order_by("redeem_until")


def lock_due(policy: Unredeemed, chosen: Collection[UUID], moment: datetime) -> list[Lapsing]:
    """Lock those of the chosen orders that nobody else holds and that are still due.

    From now on they await no redemption; the caller saves that.
    """
    due = due_orders(policy, moment).filter(pk__in=chosen).select_related("merchant")
    orders = locking.lock_rows(due, skip_locked=True)
    items: dict[UUID, list[Item]] = {order.pk: [] for order in orders}
    for item in locking.lock_rows(Item.objects.filter(order_id__in=items)):
        items[item.order_id].append(item)
    # A unit may have come to be held, or redeemed, after the query above began to read.
    free = [order for order in orders if not any(_waits(item, policy, moment) for item in items[order.pk])]
    for order in free:
        order.awaits_redemption = False
    return [
        Lapsing(order, items[order.pk], [item for item in items[order.pk] if _is_left(item)])
        for order in free
    ]


def _waits(item: Item, policy: Unredeemed, moment: datetime) -> bool:
    if item.held_at is not None:
        return True
    if policy != Unredeemed.KEEP or item.redeemed_at is None:
        return False
    return item.redeemed_at > moment - OBJECT_WITHIN


def _is_left(item: Item) -> bool:
    return item.needs_redemption and item.state == ItemState.ISSUED and item.released_at is None
