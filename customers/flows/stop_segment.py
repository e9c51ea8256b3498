"""A merchant stops giving coupons to a segment: what is given stays given (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, drains, locking
from common.refusals import InvalidState, NotFound
from customers.flows.begin_segment import DRAIN
from customers.models import SegmentRun, SegmentState
from merchants.models import Merchant


def stop_segment(merchant: Merchant, run_id: UUID) -> None:
    """Ask it to stop; no chunk begins after that. Asked again it changes nothing.

    Waits for the chunk that a worker is at: at most `CHUNK` coupons (customers/flows/issue_to_segments.py).

    Raises `NotFound`, and `InvalidState` where it is over.
    """
    with locking.transaction():
        mine = SegmentRun.objects.filter(merchant=merchant, pk=run_id)
        at_work = mine.filter(state__in=(SegmentState.GATHERING, SegmentState.GIVING))
        if at_work.filter(stop_asked_at=None).update(stop_asked_at=clock.now()):
            audit.record("segment.stop_asked", mine.get().public_id, merchant_id=merchant.pk)
            drains.poke(DRAIN)
        elif not at_work.exists():
            raise InvalidState if mine.exists() else NotFound
