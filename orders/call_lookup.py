"""Which order a call's numbers mean: read in sets, unlocked; whoever acts on it looks again under lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.rows import prepared_cursor
from orders import bindings
from orders.matching import Call, Rules
from orders.models import CallRecord, CallRules

_MEANT = """
SELECT r.place, b.id, b.order_id, b.valid_from, b.held_until
  FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[]) AS r(place, merchant, buyer, number)
  JOIN orders_binding b ON b.buyer_digits = r.buyer AND b.number_digits = r.number
   AND b.merchant_id = r.merchant
"""

_UNPAID = """
SELECT o.merchant_id, p.phone FROM merchants_person p JOIN orders_order o ON o.buyer_id = p.id
 WHERE p.phone = ANY (%s) AND o.merchant_id = ANY (%s) AND o.state = 'placed' AND o.awaits_call
   FOR SHARE OF o
"""

Chosen = tuple[UUID, UUID]
"""Ids of an order and of its binding."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known of some records: the rules, the same as values, whose orders are unpaid, what each record
    means."""

    rules: Mapping[UUID, CallRules]
    judging: Mapping[UUID, Rules]
    unpaid: Collection[tuple[UUID, str]]
    chosen: Mapping[UUID, Chosen]


def look_up(records: Sequence[CallRecord]) -> Lookup:
    """Read what these records may mean; in the transaction that decides about them.

    Unpaid orders of the callers come first and stay unpaid until it ends: so either a payment is seen
    here with its binding, or whoever pays later finds these records when its news comes round.
    """
    rules = bindings.rules_of(*{record.merchant_id for record in records})
    unpaid = _unpaid_among(records)
    judging = {merchant_id: rules_for(one) for merchant_id, one in rules.items()}
    return Lookup(rules, judging, unpaid, _choose_bindings(records, rules))


def _choose_bindings(records: Sequence[CallRecord], rules: Mapping[UUID, CallRules]) -> dict[UUID, Chosen]:
    """Record → the binding of its pair that holds the call's time, or the latest of the pair.

    A call may go either way. What a clock may be off never takes it from a binding that holds its time.
    """
    ways = [
        (place, record.merchant_id, buyer, number)
        for place, record in enumerate(records)
        if record.caller_digits and record.called_digits
        for buyer, number in (
            (record.caller_digits, record.called_digits),
            (record.called_digits, record.caller_digits),
        )
    ]
    if not ways:
        return {}
    with prepared_cursor() as cursor:
        cursor.execute(_MEANT, [list(column) for column in zip(*ways, strict=True)])
        found = cursor.fetchall()
    best: dict[UUID, tuple[tuple[bool, bool, datetime], Chosen]] = {}
    for place, binding_id, order_id, valid_from, held_until in found:
        record = records[place]
        early = timedelta(seconds=rules[record.merchant_id].tolerance_seconds)
        is_before_end = record.started_at < held_until
        fits = [is_before_end and since <= record.started_at for since in (valid_from, valid_from - early)]
        fit = (*fits, valid_from)
        if record.pk not in best or fit > best[record.pk][0]:
            best[record.pk] = (fit, (order_id, binding_id))
    return {record_id: chosen for record_id, (_fit, chosen) in best.items()}


def _unpaid_among(records: Sequence[CallRecord]) -> set[tuple[UUID, str]]:
    """(merchant, phone) of whoever among these has an order by call that is not paid yet."""
    phones = {phone for record in records for phone in (record.caller, record.called) if phone}
    if not phones:
        return set()
    with prepared_cursor() as cursor:
        cursor.execute(_UNPAID, [list(phones), list({record.merchant_id for record in records})])
        return set(cursor.fetchall())


def rules_for(rules: CallRules) -> Rules:
    """A merchant's rules as values."""
    return Rules(
        answered_only=rules.answered_only,
        least_seconds=rules.least_seconds,
        within=None if rules.within_hours is None else timedelta(hours=rules.within_hours),
        tolerance=timedelta(seconds=rules.tolerance_seconds),
        least_trust=rules.least_trust,
        switchboards=frozenset(rules.switchboards),
    )


def as_call(record: CallRecord) -> Call:
    """A record as values."""
    return Call(
        record.caller,
        record.called,
        record.kind == CallRecord.Kind.SMS,
        record.started_at,
        record.answered_at,
        record.ended_at,
        record.trust,
    )
