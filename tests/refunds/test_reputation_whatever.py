"""What docs/refunds.md promises of reputation, over any list of events."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, strategies as st

from refunds.deciding import THRESHOLD
from refunds.reputation_rules import (
    FADED_DAYS,
    GROUPS,
    LEAST,
    MOST,
    MOST_A_MONTH,
    START,
    WEIGHTS,
    Kind,
    Line,
    Weighed,
    explain,
    score,
    total_hundredths,
)

APRIL = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def counted(lines: Iterable[Line]) -> list[int]:
    return [line.now_hundredths for line in lines]


def event(kind: Kind, at: datetime) -> Weighed:
    return Weighed(kind, WEIGHTS[kind], at)


def adjusted(weight: int, at: datetime) -> Weighed:
    return Weighed(Kind.ADJUSTED, weight, at, False, "for the demo")


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))
EVENTS = st.builds(
    Weighed,
    kind=st.sampled_from([*Kind, "a_kind_of_before"]).map(str),
    weight=st.integers(-50, 50),
    at=MOMENTS,
    decays=st.booleans(),
    reason=st.sampled_from(["", "why"]),
)
CLOSE = st.builds(
    Weighed,
    kind=st.sampled_from(sorted(GROUPS)).map(str),
    weight=st.integers(-12, 12),
    at=st.sampled_from([APRIL - DAY, APRIL - timedelta(seconds=1), APRIL, APRIL + DAY]),
)
LISTS = st.lists(EVENTS, max_size=25) | st.lists(CLOSE, max_size=25)
NOWS = MOMENTS | st.just(APRIL + 2 * DAY)


@given(LISTS, NOWS)
def test_within_its_limits_and_the_lines_add_up(events: list[Weighed], now: datetime) -> None:
    lines = explain(events, now)
    unclamped = START * 100 + sum(counted(lines))
    found = score(events, now)
    assert type(found) is int
    assert LEAST <= found <= MOST
    assert found == min(max((unclamped + 50) // 100, LEAST), MOST)
    assert sorted(map(repr, (line.event for line in lines))) == sorted(
        repr(one) for one in events if one.at <= now
    )


@given(LISTS, NOWS, st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nothing(
    events: list[Weighed], now: datetime, chance: random.Random
) -> None:
    shuffled = events.copy()
    chance.shuffle(shuffled)
    assert explain(shuffled, now) == explain(events, now)
    assert score(shuffled, now) == score(events, now)


@given(LISTS, NOWS, st.integers(0, 24), st.integers(0, 60))
def test_a_heavier_event_never_lowers_the_score(
    events: list[Weighed], now: datetime, place: int, more: int
) -> None:
    raised = [replace(one, weight=one.weight + more * (n == place)) for n, one in enumerate(events)]
    assert score(raised, now) >= score(events, now)
    assert total_hundredths(explain(raised, now)) >= total_hundredths(explain(events, now))


@given(LISTS, EVENTS | CLOSE, NOWS)
def test_something_good_never_lowers_the_score_and_something_bad_never_raises_it(
    events: list[Weighed], more: Weighed, now: datetime
) -> None:
    before, after = score(events, now), score([*events, more], now)
    assert after >= before if more.weight >= 0 else after <= before


@given(LISTS)
def test_far_in_the_future_only_what_lasts_is_left(events: list[Weighed]) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC) + FADED_DAYS * DAY
    lasting = sum(one.weight for one in events if not one.decays)
    assert total_hundredths(explain(events, now)) == START * 100 + lasting * 100
    assert score(events, now) == min(max(START + lasting, LEAST), MOST)
    assert score([one for one in events if one.decays], now) == START


@given(LISTS, NOWS)
def test_no_line_counts_more_than_its_weight_or_against_it(events: list[Weighed], now: datetime) -> None:
    for line in explain(events, now):
        low, high = sorted((0, line.event.weight * 100))
        assert low <= line.now_hundredths <= high
        assert line.is_limited <= (line.event.kind in GROUPS and line.event.decays)


@given(LISTS, NOWS)
def test_no_group_moves_a_month_by_more_than_its_limit(events: list[Weighed], now: datetime) -> None:
    """And where the sum is within the limit, nothing is cut."""
    groups: dict[tuple[str, int, int], list[Line]] = {}
    for line in explain(events, now):
        if line.event.kind in GROUPS and line.event.decays:
            at = line.event.at
            groups.setdefault((GROUPS[line.event.kind], at.year, at.month), []).append(line)
    for (group, *_month), lines in groups.items():
        assert abs(sum(counted(lines))) <= MOST_A_MONTH[group] * 100
        if abs(sum(line.event.weight for line in lines)) <= MOST_A_MONTH[group]:
            assert not any(line.is_limited for line in lines)


@given(LISTS, NOWS, st.integers(0, 2000))
def test_what_happened_only_fades(events: list[Weighed], now: datetime, days: int) -> None:
    known = [one for one in events if one.at <= now]
    today, later = explain(known, now), explain(known, now + days * DAY)
    for before, after in zip(today, later, strict=True):
        assert before.event == after.event
        assert abs(after.now_hundredths) <= abs(before.now_hundredths)


@given(LISTS, NOWS, st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-11, 0, 8, 14)]))
def test_zones_change_nothing(events: list[Weighed], now: datetime, zone: timezone) -> None:
    elsewhere = [replace(one, at=one.at.astimezone(zone)) for one in events]
    assert score(elsewhere, now.astimezone(zone)) == score(events, now)


# --- the demo's promise ---------------------------------------------------------------------------

ENDS = [
    [Kind.REFUND_AUTOMATIC],
    [Kind.REFUND_APPROVED],
    [Kind.REFUND_UNANSWERED, Kind.REFUND_APPROVED],
    [Kind.REFUND_REJECTED],
    [Kind.REFUND_REJECTED, Kind.ESCALATION_WON],
    [Kind.REFUND_REJECTED, Kind.ESCALATION_LOST],
    [Kind.REFUND_UNANSWERED, Kind.ESCALATION_LOST],
]
"""Whatever may come of one refund."""

TWENTY = st.lists(
    st.tuples(
        st.sampled_from(ENDS), st.booleans(), st.booleans(), st.sampled_from([0, 1, 2, 25]), st.integers(0, 5)
    ),
    max_size=20,
)


@given(TWENTY, st.integers(0, 31), st.sampled_from([0, 1, 30, 180]))
def test_twenty_orders_or_refunds_carry_no_demo_buyer_across(
    twenty: list[tuple[list[Kind], bool, bool, int, int]], first: int, waited: int
) -> None:
    """Each an order that is redeemed, then perhaps refunded, perhaps with a used photo; the last answer comes
    within the month after."""
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC) + first * DAY
    events = []
    for ends, is_refunded, is_reused, wait, step in twenty:
        at = begin + timedelta(hours=step)
        events.append(event(Kind.ORDER_REDEEMED, at))
        if is_refunded:
            events += [event(kind, at + (wait if place else 0) * DAY) for place, kind in enumerate(ends)]
            events.append(event(Kind.ORDER_RETURNED, at + wait * DAY))
        if is_reused:
            events.append(event(Kind.PHOTO_REUSED, at))
    now = begin + (26 + waited) * DAY
    assert score(events, now) < THRESHOLD
    assert score([*events, adjusted(-20, begin - DAY)], now) <= 38
    assert score([*events, adjusted(120, begin - DAY)], now) >= THRESHOLD


def test_the_worst_that_the_document_counts() -> None:
    kinds = [Kind.REFUND_REJECTED, Kind.ESCALATION_LOST, Kind.PHOTO_REUSED, Kind.ORDER_RETURNED]
    worst = [one for kind in kinds for at in (APRIL - DAY, APRIL) for one in [event(kind, at)] * 10]
    assert total_hundredths(explain(worst, APRIL + DAY)) == 5000 - 10_600
    assert score([*worst, adjusted(120, APRIL)], APRIL + DAY) == 64
    assert score([*worst, adjusted(115, APRIL)], APRIL + DAY) < THRESHOLD


def test_the_best_that_the_document_counts() -> None:
    """Rejected in one month, right in the next: at its most on that month's last day."""
    before, after = APRIL - DAY, APRIL
    best = [event(kind, before) for kind in [Kind.ORDER_REDEEMED, Kind.REFUND_REJECTED] for _n in range(10)]
    best += [event(kind, after) for kind in [Kind.ORDER_REDEEMED, Kind.ESCALATION_WON] for _n in range(10)]
    days = range(1, FADED_DAYS + 100)
    assert max(score(best, APRIL + day * DAY) for day in days) == 58
    low = [*best, adjusted(-20, before)]
    assert max(score(low, APRIL + day * DAY) for day in days) == 38
