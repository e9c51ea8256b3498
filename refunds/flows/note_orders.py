"""Orders count for their buyers: redeemed ones, and less where they go back after all. A consumer."""

from __future__ import annotations

from collections.abc import Sequence

from common.ids import parse_public_id, public_id
from common.models import OutboxEvent
from orders.models import Order
from refunds.models import ReputationEvent
from refunds.standing import lock_standing, remember

COUNTS = {
    "order.redeemed": "order_redeemed",
    "item.released": "order_kept",
    "order.refunded": "order_returned",
}
EARNED = ("order_redeemed", "order_kept")


def note_orders(events: Sequence[OutboxEvent]) -> None:
    """Each order counts once, redeemed or kept, and goes down again where what had counted went back."""
    kinds = [(parse_public_id("ord", event.subject), COUNTS[event.name]) for event in events]
    orders = Order.objects.filter(pk__in=[pk for pk, _kind in kinds if pk], buyer__isnull=False)
    buyers = dict(orders.values_list("pk", "buyer_id"))
    found = [(buyers[pk], kind, pk) for pk, kind in kinds if pk in buyers]
    for buyer_id, kind, pk in sorted(found, key=str):
        subject = public_id("ord", pk)
        lock_standing(buyer_id)
        earned = ReputationEvent.objects.filter(buyer_id=buyer_id, kind__in=EARNED, subject=subject)
        if (kind in EARNED) is not earned.exists():
            remember(buyer_id, kind, subject)
