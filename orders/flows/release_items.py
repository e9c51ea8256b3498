"""What needs no redemption: after the merchant's holding time its money leaves escrow by itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from common import clock, drains, locking, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from ledger.posting import post
from orders.escrow import release_journals
from orders.models import Item, ItemState, Order

DRAIN = "release_items"
CHUNK = 100


@drains.register(DRAIN, every_seconds=10)
def release_items() -> int:
    """Release the due items of one chunk of orders; how many items."""
    due = _due(clock.now()).order_by("release_due_at")
    order_ids = set(due.values_list("order_id", flat=True)[:CHUNK])
    return drains.chunk(_release, order_ids) if order_ids else 0


def _due(moment: datetime) -> QuerySet[Item]:
    return Item.objects.filter(
        release_due_at__lte=moment,
        release_due_at__isnull=False,
        released_at=None,
        held_at=None,
        state=ItemState.ISSUED,
    )


def _release(order_ids: Collection[UUID]) -> int:
    moment = clock.now()
    with locking.transaction():
        orders = locking.lock_rows(
            Order.objects.filter(pk__in=order_ids).select_related("merchant"), skip_locked=True
        )
        by_id = {order.pk: order for order in orders}
        items = locking.lock_rows(_due(moment).filter(order_id__in=by_id))
        for item in items:
            item.release(moment)
        save_states(items, ["released_at"])
        units = {order.pk: [item for item in items if item.order_id == order.pk] for order in orders}
        post(*release_journals((order, units[order.pk]) for order in orders))
        insert_together([_event(by_id[item.order_id], item) for item in items])
        outbox.announce()
        return len(items)


def _event(order: Order, item: Item) -> OutboxEvent:
    return outbox.event(
        "item.released",
        order.public_id,
        merchant_id=order.merchant_id,
        order=order.public_id,
        item=item.public_id,
        amount=item.escrow_minor,
        currency=order.currency,
    )
