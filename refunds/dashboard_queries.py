"""Reads for the dashboard's pages of refunds: what waits, which comes next, a buyer's record at this shop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from common import clock
from merchants.dashboard_nav import counts
from merchants.models import Merchant
from orders.dashboard_queries import MOST_COUNTED, told_count
from refunds.models import Refund, RefundState

LATELY = timedelta(days=90)
MOST_SHOWN = 10


@counts("refunds")
def waiting_count(merchant: Merchant) -> str:
    """How many refunds wait for the shop, in words; empty for none."""
    waiting = Refund.objects.filter(merchant=merchant, state=RefundState.WAITING).order_by("-id")
    return told_count(waiting.values("pk")[:MOST_COUNTED].count())


def neighbours_of(refund: Refund) -> tuple[Refund | None, Refund | None]:
    """Of the refunds that wait for the shop the one asked for before this one, and the one after."""
    waiting = Refund.objects.filter(merchant_id=refund.merchant_id, state=RefundState.WAITING)
    older = waiting.filter(pk__lt=refund.pk).order_by("-id").first()
    return older, waiting.filter(pk__gt=refund.pk).order_by("id").first()


@dataclass(frozen=True, slots=True)
class Record:
    """What a buyer asked for in the last so many days at one shop, this refund left out."""

    days: int
    count: int
    ended: list[tuple[str, int]]
    latest: list[Refund]


def record_of(refund: Refund) -> Record:
    """The buyer's other refunds at the shop that has to decide; no other shop's are told."""
    since = clock.now() - LATELY
    others = _others_of(refund.merchant_id, refund.buyer_id, refund.pk)
    lately = list(others.filter(created_at__gt=since).order_by("-id")[:MOST_COUNTED])
    counted = Counter(one.state for one in lately)
    ended = [(str(state), counted[state]) for state in RefundState.values if counted[state]]
    return Record(LATELY.days, len(lately), ended, lately[:MOST_SHOWN])


def _others_of(merchant_id: UUID, buyer_id: UUID, refund_id: UUID) -> QuerySet[Refund]:
    others = Refund.objects.filter(merchant_id=merchant_id, buyer_id=buyer_id)
    return others.exclude(pk=refund_id).select_related("item")
