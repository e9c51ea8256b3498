"""A buyer's reputation as the database has it: events added, and the score that follows from them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common import actors, clock, ids, locking
from common.refusals import NotFound
from merchants.models import Person
from refunds.models import ReputationEvent, Standing
from refunds.reputation_rules import WEIGHTS, Weighed, score


def lock_standing(buyer_id: UUID) -> None:
    """Until the transaction ends nobody else adds to this buyer's reputation or decides by it."""
    Standing.objects.bulk_create([Standing(buyer_id=buyer_id)], ignore_conflicts=True)
    if locking.lock_row(Standing.objects.all(), pk=buyer_id) is None:
        raise NotFound


def score_of(buyer_id: UUID, at: datetime) -> int:
    """The score at that moment, computed from the events: nothing stored, nothing that could drift."""
    return score(weighed(buyer_id), at)


def weighed(buyer_id: UUID) -> list[Weighed]:
    """All that counts of a buyer, oldest first."""
    events = ReputationEvent.objects.filter(buyer_id=buyer_id).order_by("at", "pk")
    return [Weighed(one.kind, one.weight, one.at, one.decays, one.reason) for one in events]


def remember(buyer_id: UUID, kind: str, subject: str) -> None:
    """Something that counts happened; once for each subject. The caller holds the standing."""
    _add(ReputationEvent(buyer_id=buyer_id, kind=kind, subject=subject, weight=WEIGHTS[kind]))


def was_rejected(buyer_id: UUID, subject: str) -> bool:
    """Whether a shop said no, rather than nothing: only that is made good when staff decide otherwise."""
    rejected = ReputationEvent.objects.filter(buyer_id=buyer_id, kind="refund_rejected", subject=subject)
    return rejected.exists()


def adjust(buyer: Person, weight: int, reason: str, *, decays: bool = True) -> None:
    """Staff's word, with its reason."""
    with locking.transaction():
        lock_standing(buyer.pk)
        event_id = ids.new_id()
        _add(
            ReputationEvent(
                id=event_id,
                buyer=buyer,
                kind="adjusted",
                weight=weight,
                decays=decays,
                reason=reason,
                subject=ids.public_id("rep", event_id),
            )
        )


def _add(event: ReputationEvent) -> None:
    event.actor, event.at = actors.current(), clock.now()
    ReputationEvent.objects.bulk_create([event], ignore_conflicts=True)
