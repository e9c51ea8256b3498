"""What a provider tells of calls, as records that nobody has stored yet: numbers and times that can be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from common import clock, ids
from common.rows import maker
from merchants.models import Merchant
from orders.bindings import digits_of
from orders.call_numbers import read_number
from orders.gateways.base import CallFact, Rejected
from orders.models import CallRecord, PhoneFeed

AHEAD = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    *("id", "merchant_id", "feed_id", "provider", "call_id", "kind", "caller", "called"),
    *("caller_digits", "called_digits", "started_at", "answered_at", "ended_at", "trust"),
)
_make_record = maker(CallRecord, *_COLUMNS)


def read_facts(
    merchant: Merchant, feed: PhoneFeed | None, facts: Sequence[CallFact]
) -> tuple[list[CallRecord], list[Rejected]]:
    """A record of each fact that can be read, and which of the others is wrong, by its place."""
    records: list[CallRecord] = []
    rejected: list[Rejected] = []
    for place, fact in enumerate(facts):
        caller, called = (read_number(text, merchant.region) for text in (fact.caller, fact.called))
        if caller is None or called is None:
            name = "caller" if caller is None else "called"
            rejected.append(Rejected(place, "invalid_phone", f"{name}: not a phone number"))
        elif wrong := _untimely(fact):
            rejected.append(Rejected(place, *wrong))
        else:
            records.append(_record(merchant, feed, fact, caller, called))
    return records, rejected


def first_of_each(told: Sequence[CallRecord], *, completes: bool) -> list[CallRecord]:
    """A call that is told of twice at once is what was told first, as if the second had come later.

    `completes`: what tells of them may tell later that a call was answered and has ended, as feeds do.
    """
    first: dict[tuple[str, str], CallRecord] = {}
    for record in told:
        known = first.setdefault((record.provider, record.call_id), record)
        if completes and known is not record and known.ended_at is None:
            known.answered_at, known.ended_at = known.answered_at or record.answered_at, record.ended_at
    return list(first.values())


def _untimely(fact: CallFact) -> tuple[str, str] | None:
    """What is wrong with its times. A call that begins a little ahead of us ends ahead of us, too."""
    now = clock.now()
    if fact.started_at > now + AHEAD:
        return "in_future", "started_at: more than five minutes ahead"
    for name, moment in (("answered_at", fact.answered_at), ("ended_at", fact.ended_at)):
        if moment is not None and moment > now + 2 * AHEAD:
            return "in_future", f"{name}: it has not happened yet"
    return ("invalid", "started_at: before 1970") if fact.started_at < _EARLIEST else None


def _record(
    merchant: Merchant, feed: PhoneFeed | None, fact: CallFact, caller: str, called: str
) -> CallRecord:
    return _make_record(
        ids.new_id(),
        merchant.pk,
        feed.pk if feed else None,
        fact.provider,
        fact.call_id,
        fact.kind,
        caller,
        called,
        digits_of(caller),
        digits_of(called),
        fact.started_at,
        fact.answered_at,
        fact.ended_at,
        fact.trust,
    )
