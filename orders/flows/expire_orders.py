"""Orders that nobody paid in time end by themselves; what they held of stock goes back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from common import clock, drains, locking, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from orders import stock
from orders.models import Order, OrderState

DRAIN = "expire_orders"
CHUNK = 200


@drains.register(DRAIN, every_seconds=5, queue=drains.Queue.PROMPT)
def expire_orders() -> int:
    """Expire one chunk of overdue orders; how many. A payment on its way to one of them goes back."""
    overdue = _overdue(clock.now()).order_by("expires_at")
    chosen = list(overdue.values_list("pk", flat=True)[:CHUNK])
    return drains.chunk(_expire, chosen) if chosen else 0


def _overdue(moment: datetime) -> QuerySet[Order]:
    return Order.objects.filter(state=OrderState.PLACED, expires_at__lte=moment)


def _expire(chosen: Collection[UUID]) -> int:
    moment, taken = clock.now(), stock.held_by(chosen)
    with locking.transaction():
        stock.hold({product_id for held in taken.values() for product_id in held})
        orders = locking.lock_rows(_overdue(moment).filter(pk__in=chosen), skip_locked=True)
        for order in orders:
            order.expire(moment)
        save_states(orders, ["state", "closed_at"])
        for order in orders:
            stock.give_back(taken[order.pk])
        insert_together([_event(order) for order in orders])
        outbox.announce()
        return len(orders)


def _event(order: Order) -> OutboxEvent:
    return outbox.event("order.expired", order.public_id, merchant_id=order.merchant_id, **order.facts())
