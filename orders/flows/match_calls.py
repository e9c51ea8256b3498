"""Calls that wait to be looked at (again) are matched with the orders that their numbers mean (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from common import drains, locking
from orders.call_outcomes import match_records
from orders.models import CallRecord, CallState

DRAIN = "match_calls"
CHUNK = 1000


@drains.register(DRAIN, every_seconds=2, queue=drains.Queue.PROMPT)
def match_calls() -> int:
    """Match one chunk of records that wait; how many."""
    waiting = CallRecord.objects.filter(state=CallState.WAITING).order_by("id")
    chosen = list(waiting.values_list("pk", flat=True)[:CHUNK])
    return drains.chunk(_match, chosen) if chosen else 0


def _match(chosen: Collection[UUID]) -> int:
    with locking.transaction():
        waiting = CallRecord.objects.filter(pk__among=chosen, state=CallState.WAITING).order_by("id")
        records = locking.claim_rows(waiting, CHUNK)
        match_records(records)
        return len(records)
