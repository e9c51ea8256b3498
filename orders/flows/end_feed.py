"""Ending a feed: it is asked no more, its address takes nothing, its secrets are forgotten (FLOWS 1)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from merchants.models import Merchant
from orders.feeds import sealed
from orders.models import PhoneFeed


def end_feed(merchant: Merchant, feed_id: UUID) -> None:
    """End a feed; ending it again changes nothing. What it told of stays. Raises `NotFound`."""
    with locking.transaction():
        mine = PhoneFeed.objects.filter(merchant=merchant, pk=feed_id)
        ended = {"ended_at": clock.now(), "due_at": None, "credentials_sealed": sealed({})}
        if not mine.filter(ended_at=None).update(**ended):
            if not mine.exists():
                raise NotFound
            return
        audit.record("feed.end", mine.get().public_id, merchant_id=merchant.pk)
