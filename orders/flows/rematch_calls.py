"""Calls that came before the payment was known are looked at again when it is (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from common import drains, locking
from common.ids import parse_public_id
from common.models import OutboxEvent
from common.rows import save_states
from orders.flows.match_calls import DRAIN
from orders.models import Binding, CallReason, CallRecord, CallState

EARLIEST = timedelta(minutes=10)
"""The most that rules tolerate of a clock that is off."""
LATER = (CallReason.NO_BINDING, CallReason.ORDER_NOT_PAID, CallReason.OUTSIDE_WINDOW)


def rematch_calls(events: Sequence[OutboxEvent]) -> None:
    """Have unmatched calls between the numbers of orders that were paid now matched once more."""
    paid = [order_id for event in events if (order_id := parse_public_id("ord", event.subject))]
    bound = list(Binding.objects.filter(order_id__in=paid, end_reason=""))
    if not bound:
        return
    pairs = Q()
    for binding in bound:
        number, buyer = binding.number_digits, binding.buyer_digits
        either_way = Q(caller_digits=buyer, called_digits=number) | Q(
            caller_digits=number, called_digits=buyer
        )
        since = binding.valid_from - EARLIEST
        pairs |= Q(either_way, merchant_id=binding.merchant_id, started_at__gte=since)
    waiting = CallRecord.objects.filter(pairs, state=CallState.UNMATCHED, reason__in=LATER)
    records = locking.claim_rows(waiting.order_by("pk"), len(bound) * 100)
    for record in records:
        record.look_again()
    save_states(records, ["state", "reason", "order", "decided_at"])
    if records:
        drains.poke(DRAIN)
