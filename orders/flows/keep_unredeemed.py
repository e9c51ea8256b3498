"""Orders that nobody came for, where the merchant's policy keeps the money: it leaves escrow (POSTINGS)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from common import clock, drains, locking, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from ledger.posting import post
from merchants.models.merchants import Unredeemed
from orders import bindings
from orders.escrow import release_journals
from orders.lapsing import CHUNK, Lapsing, due_orders, lock_due
from orders.models import EndReason

DRAIN = "keep_unredeemed"


@drains.register(DRAIN, every_seconds=30)
def keep_unredeemed() -> int:
    """End one chunk of orders that were not redeemed in time, for their merchants; how many."""
    due = due_orders(Unredeemed.KEEP, clock.now())
    chosen = list(due.values_list("pk", flat=True)[:CHUNK])
    return drains.chunk(_keep, chosen) if chosen else 0


def _keep(chosen: Collection[UUID]) -> int:
    moment = clock.now()
    with locking.transaction():
        over = lock_due(Unredeemed.KEEP, chosen, moment)
        kept = [one for one in over if one.units]
        for one in kept:
            one.order.lapse(moment)
            for item in one.units:
                item.release(moment)
        save_states([item for one in kept for item in one.units], ["released_at"])
        orders = [one.order for one in over]
        save_states(orders, ["state", "closed_at", "awaits_redemption"])
        bindings.end(
            orders, EndReason.EXPIRED, moment, bindings.rules_of(*{order.merchant_id for order in orders})
        )
        post(*release_journals([(one.order, one.units) for one in kept], "unit_expired_kept"))
        insert_together([_event(one) for one in kept])
        outbox.announce()
        return len(over)


def _event(one: Lapsing) -> OutboxEvent:
    order = one.order
    kept = sum(item.escrow_minor for item in one.units)
    return outbox.event(
        "order.expired", order.public_id, merchant_id=order.merchant_id, **order.facts(), kept=kept
    )
