"""The one door for call records, pushed or polled: stored once, matched in the same transaction (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction

from common import clock, drains, locking
from common.locking import LockOrderViolated
from common.rows import prepared_cursor, save_states
from merchants.models import Merchant
from orders.call_facts import first_of_each, read_facts
from orders.call_lookup import Lookup, look_up
from orders.call_outcomes import FIELDS, leave_meaningless, redeem_meant
from orders.flows.match_calls import DRAIN
from orders.flows.rematch_calls import LATER
from orders.gateways.base import CallFact, Rejected
from orders.models import CallReason, CallRecord, CallState, Order, PhoneFeed

_COLUMNS = (
    ("id", "uuid"),
    ("provider", "text"),
    ("call_id", "text"),
    ("kind", "text"),
    ("caller", "text"),
    ("called", "text"),
    ("caller_digits", "bigint"),
    ("called_digits", "bigint"),
    ("started_at", "timestamptz"),
    ("answered_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("trust", "smallint"),
    ("state", "text"),
    ("reason", "text"),
    ("decided_at", "timestamptz"),
)
_NAMES = ", ".join(name for name, _type in _COLUMNS)
_STORE = f"""
INSERT INTO orders_callrecord ({_NAMES}, merchant_id, feed_id, received_at)
SELECT {_NAMES}, %s::uuid, %s::uuid, %s::timestamptz
  FROM unnest({", ".join(f"%s::{kind}[]" for _name, kind in _COLUMNS)}) AS r({_NAMES})
 ORDER BY provider, call_id
    ON CONFLICT (merchant_id, provider, call_id) DO NOTHING RETURNING id
"""
_log = structlog.get_logger(__name__)
_COMPLETED = frozenset({CallReason.NOT_ANSWERED, CallReason.NOT_ENDED, CallReason.TOO_SHORT})
_LOOKED_AT_AGAIN = _COMPLETED | set(LATER)
"""`rematch_calls` leaves out a record that is just being completed: so it is looked at again here."""


@dataclass(slots=True)
class Received:
    """How many were new, how many known, which could not be read, and the orders that were redeemed."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)


def receive_calls(
    merchant: Merchant,
    facts: Sequence[CallFact],
    feed: PhoneFeed | None = None,
    beside: Callable[[], None] | None = None,
    *,
    completes: bool = True,
) -> Received:
    """Store what is new and match it; `beside` writes in the same transaction (a feed's cursor).

    `completes`: whether a feed tells more of calls that are known already, as `news_among` has found.
    A fact whose numbers or times can't be is rejected by its place; the others are taken.
    """
    told, rejected = read_facts(merchant, feed, facts)
    received, records = Received(rejected=rejected), first_of_each(told, completes=feed is not None)
    with locking.transaction():
        again = _complete(merchant, records) if feed and completes else []
        found = look_up([*records, *again])
        meant = leave_meaningless([*records, *again], found)
        fresh = _store(merchant, feed, records)
        received.accepted, received.duplicates = len(fresh), len(told) - len(fresh)
        kept = fresh | {record.pk for record in again}
        meant = [record for record in meant if record.pk in kept]
        redeemed, decided = _redeem_or_leave(meant, found)
        others = [record for record in again if record.pk not in {one.pk for one in meant}]
        save_states([*decided, *others], FIELDS)
        received.redeemed = [order.public_id for order in redeemed]
        if beside is not None:
            beside()
    return received


def _redeem_or_leave(meant: list[CallRecord], found: Lookup) -> tuple[Sequence[Order], Sequence[CallRecord]]:
    """The orders that these calls redeemed, and the calls as they were decided.

    Where one of them can't be done none is decided: all of them are stored and wait, and `match_calls`
    takes each by itself, so that one order keeps nobody else's calls from being heard.
    """
    if not meant:
        return [], []
    try:
        with transaction.atomic():
            return redeem_meant(meant, found), meant
    except (SoftTimeLimitExceeded, OperationalError, LockOrderViolated):
        raise
    except Exception as error:
        _log.error("calls_not_matched", records=len(meant), exc_info=error)
        drains.poke(DRAIN)
        return [], []


def _store(merchant: Merchant, feed: PhoneFeed | None, records: Sequence[CallRecord]) -> set[UUID]:
    if not records:
        return set()
    columns = [[getattr(record, name) for record in records] for name, _type in _COLUMNS]
    with prepared_cursor() as cursor:
        cursor.execute(_STORE, [merchant.pk, feed.pk if feed else None, clock.now(), *columns])
        return {row[0] for row in cursor.fetchall()}


def _complete(merchant: Merchant, told: Sequence[CallRecord]) -> list[CallRecord]:
    """What a feed knows by now of calls that were told of before they had ended; to be matched again."""
    telling = [record for record in told if record.ended_at or record.answered_at]
    news = {(record.provider, record.call_id): record for record in telling}
    providers, call_ids = ({key[part] for key in news} for part in (0, 1))
    known = CallRecord.objects.filter(
        merchant=merchant, provider__in=providers, call_id__among=call_ids, ended_at=None
    )
    changed = []
    for record in locking.lock_rows(known):
        new = news.get((record.provider, record.call_id))
        if new is None or not (new.ended_at or (new.answered_at and not record.answered_at)):
            continue
        record.answered_at, record.ended_at = record.answered_at or new.answered_at, new.ended_at
        if record.reason in _LOOKED_AT_AGAIN:
            record.look_again()
        changed.append(record)
    save_states(changed, ["answered_at", "ended_at", "state", "reason", "order", "decided_at"])
    return [record for record in changed if record.state == CallState.WAITING]
