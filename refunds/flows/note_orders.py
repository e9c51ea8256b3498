"""Orders count for their buyers: redeemed ones, and less where they go back after all. A consumer."""

from __future__ import annotations

from collections.abc import Sequence

from common.ids import parse_public_id, public_id
from common.models import OutboxEvent
from orders.models import Order
from refunds.models import ReputationEvent
from refunds.standing import lock_standing, remember

COUNTS = {"order.redeemed": "order_redeemed", "order.refunded": "order_returned"}


def note_orders(events: Sequence[OutboxEvent]) -> None:
    """Once for each order, however often it was redeemed and undone; a return only of what has counted."""
    kinds = [(parse_public_id("ord", event.subject), COUNTS[event.name]) for event in events]
    orders = Order.objects.filter(pk__in=[pk for pk, _kind in kinds if pk], buyer__isnull=False)
    buyers = dict(orders.values_list("pk", "buyer_id"))
    found = [(buyers[pk], kind, pk) for pk, kind in kinds if pk in buyers]
    for buyer_id, kind, pk in sorted(found, key=str):
        subject = public_id("ord", pk)
        lock_standing(buyer_id)
        earned = ReputationEvent.objects.filter(buyer_id=buyer_id, kind="order_redeemed", subject=subject)
        if kind == "order_redeemed" or earned.exists():
            remember(buyer_id, kind, subject)
