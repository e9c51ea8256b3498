"""docs/refunds.md on reputation, rule by rule, and the page itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from django.utils.functional import Promise

from refunds.deciding import THRESHOLD
from refunds.reputation_rules import (
    FADED_DAYS,
    GROUPS,
    HALF_LIFE_DAYS,
    LEAST,
    MOST,
    MOST_A_MONTH,
    START,
    WEIGHTS,
    WORDS,
    Kind,
    Line,
    Weighed,
    explain,
    percent_left,
    points_text,
    score,
    total_hundredths,
)

PAGE = Path("docs/refunds.md").read_text(encoding="utf-8")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def event(kind: Kind, at: datetime = NOON) -> Weighed:
    return Weighed(kind, WEIGHTS[kind], at)


def adjusted(weight: int, *, decays: bool, at: datetime = NOON) -> Weighed:
    return Weighed(Kind.ADJUSTED, weight, at, decays, "a reason")


def times(count: int, kind: Kind, at: datetime = NOON) -> list[Weighed]:
    return [event(kind, at + timedelta(seconds=second)) for second in range(count)]


def counted(lines: Iterable[Line]) -> list[int]:
    return [line.now_hundredths for line in lines]


# --- weights --------------------------------------------------------------------------------------


def test_nobody_has_done_anything() -> None:
    assert score([], NOON) == START == 50
    assert explain([], NOON) == []
    assert total_hundredths([]) == 5000
    assert (LEAST, MOST) == (0, 100)
    assert START < THRESHOLD == 60


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        (Kind.ORDER_KEPT, 51),
        (Kind.ORDER_REDEEMED, 51),
        (Kind.ORDER_RETURNED, 49),
        (Kind.REFUND_AUTOMATIC, 50),
        (Kind.REFUND_APPROVED, 50),
        (Kind.REFUND_UNANSWERED, 50),
        (Kind.REFUND_REJECTED, 44),
        (Kind.ESCALATION_WON, 56),
        (Kind.ESCALATION_LOST, 40),
        (Kind.PHOTO_REUSED, 40),
        (Kind.CHARGED_BACK, 10),
    ],
)
def test_what_one_event_weighs(kind: Kind, after: int) -> None:
    assert score([event(kind)], NOON) == after


def test_a_rejection_is_made_up_for_or_made_worse() -> None:
    rejected = event(Kind.REFUND_REJECTED)
    assert score([rejected, event(Kind.ESCALATION_WON)], NOON) == 50
    assert score([rejected, event(Kind.ESCALATION_LOST)], NOON) == 34


def test_an_event_counts_by_the_points_that_it_was_given_then() -> None:
    assert score([Weighed(Kind.REFUND_REJECTED, -3, NOON)], NOON) == 47
    assert score([Weighed("a_kind_of_before", -3, NOON)], NOON) == 47


def test_what_comes_later_is_not_known_yet() -> None:
    rejected = event(Kind.REFUND_REJECTED)
    assert score([rejected], NOON - timedelta(microseconds=1)) == 50
    assert explain([rejected], NOON - timedelta(microseconds=1)) == []
    assert score([rejected], NOON) == 44


def test_the_score_stays_between_nothing_and_a_hundred() -> None:
    assert score([adjusted(49, decays=False)], NOON) == 99
    assert score([adjusted(50, decays=False)], NOON) == 100
    assert score([adjusted(51, decays=False)], NOON) == 100
    assert score([adjusted(-50, decays=False)], NOON) == 0
    assert score([adjusted(-51, decays=False)], NOON) == 0
    assert total_hundredths(explain([adjusted(-90, decays=False)], NOON)) == -4000


def test_limits_are_taken_at_the_end_only() -> None:
    """Somebody far above a hundred has that much to lose."""
    events = [adjusted(120, decays=False), *times(3, Kind.REFUND_REJECTED)]
    assert score(events[:1], NOON + DAY) == 100
    assert score(events, NOON + DAY) == 100
    assert score([*events, *times(2, Kind.CHARGED_BACK)], NOON + DAY) == 72


# --- a month's limit ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "count", "after"),
    [
        (Kind.ORDER_REDEEMED, 3, 53),
        (Kind.ORDER_REDEEMED, 4, 53),
        (Kind.ORDER_KEPT, 20, 53),
        (Kind.ORDER_RETURNED, 20, 47),
        (Kind.REFUND_REJECTED, 5, 20),
        (Kind.REFUND_REJECTED, 20, 20),
        (Kind.ESCALATION_LOST, 20, 20),
        (Kind.ESCALATION_WON, 20, 80),
        (Kind.PHOTO_REUSED, 2, 30),
        (Kind.PHOTO_REUSED, 20, 30),
        (Kind.CHARGED_BACK, 2, 0),
        (Kind.REFUND_AUTOMATIC, 20, 50),
        (Kind.REFUND_APPROVED, 20, 50),
    ],
)
def test_a_group_moves_the_score_by_so_much_a_month(kind: Kind, count: int, after: int) -> None:
    assert score(times(count, kind), NOON + DAY) == after


def test_kinds_of_a_group_share_its_limit_and_groups_do_not() -> None:
    shopping = [*times(2, Kind.ORDER_KEPT), *times(2, Kind.ORDER_REDEEMED)]
    assert score(shopping, NOON + DAY) == 53
    worst = [*times(9, Kind.REFUND_REJECTED), *times(9, Kind.PHOTO_REUSED)]
    assert score(worst, NOON + DAY) == 0
    assert total_hundredths(explain(worst, NOON + DAY)) == 0
    assert total_hundredths(explain([*worst, *shopping], NOON + DAY)) == 300


def test_it_is_the_months_sum_that_is_limited() -> None:
    """Six redeemed and four of them given back are two, whichever came first."""
    assert score([*times(6, Kind.ORDER_REDEEMED), *times(3, Kind.ORDER_RETURNED)], NOON + DAY) == 53
    assert score([*times(6, Kind.ORDER_REDEEMED), *times(4, Kind.ORDER_RETURNED)], NOON + DAY) == 52
    assert score([*times(3, Kind.REFUND_REJECTED), *times(2, Kind.ESCALATION_WON)], NOON + DAY) == 44
    assert score([*times(9, Kind.REFUND_REJECTED), *times(9, Kind.ESCALATION_WON)], NOON + DAY) == 50


def test_the_first_count_and_the_list_says_which_did_not() -> None:
    lines = explain(times(6, Kind.ORDER_REDEEMED), NOON + DAY)
    assert counted(lines) == [0, 0, 0, 100, 100, 100]
    assert [line.is_limited for line in lines] == [True, True, True, False, False, False]
    parts = explain(
        [Weighed(Kind.PHOTO_REUSED, -15, NOON), Weighed(Kind.PHOTO_REUSED, -15, NOON + DAY)], NOON + DAY
    )
    assert counted(parts) == [-500, -1500]
    assert [line.is_limited for line in parts] == [True, False]
    assert isinstance(parts[0].remark, Promise)
    assert parts[1].remark == ""


def test_first_is_first_in_time_however_the_list_is_written() -> None:
    events = times(6, Kind.ORDER_REDEEMED)
    assert explain(events[::-1], NOON + DAY) == explain(events, NOON + DAY)
    assert explain(events[::-1], NOON + DAY)[0].event == events[5]


def test_what_goes_the_other_way_is_never_cut() -> None:
    lines = explain(
        [event(Kind.ORDER_RETURNED, NOON + DAY), *times(7, Kind.ORDER_REDEEMED, NOON)], NOON + 2 * DAY
    )
    assert counted(lines) == [-100, 0, 0, 0, 100, 100, 100, 100]
    lines = explain(
        [event(Kind.ESCALATION_WON, NOON - DAY), *times(7, Kind.REFUND_REJECTED, NOON)], NOON + DAY
    )
    assert counted(lines) == [0, -600, -600, -600, -600, -600, -600, 600]


def test_a_month_is_a_calendars_in_utc() -> None:
    last, first = APRIL - timedelta(microseconds=1), APRIL
    both = [*[event(Kind.ORDER_KEPT, last)] * 5, *[event(Kind.ORDER_KEPT, first)] * 5]
    assert score(both, APRIL) == 56
    abroad = timezone(timedelta(hours=8))
    assert score([replace(one, at=one.at.astimezone(abroad)) for one in both], APRIL) == 56
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    over = [*times(9, Kind.ORDER_KEPT, new_year - DAY), *times(9, Kind.ORDER_KEPT, new_year)]
    assert score(over, new_year + DAY) == 56
    same_month_of_another_year = [*times(9, Kind.ORDER_KEPT), *times(9, Kind.ORDER_KEPT, NOON + 365 * DAY)]
    assert total_hundredths(explain(same_month_of_another_year, NOON + 366 * DAY)) == 5000 + 300 + 3 * 27


def test_what_lasts_is_under_no_limit_and_leaves_the_others_theirs() -> None:
    lasting = [replace(one, decays=False) for one in times(9, Kind.ORDER_KEPT)]
    assert score([*lasting, *times(9, Kind.ORDER_KEPT)], NOON + DAY) == 62
    assert not any(line.is_limited for line in explain(lasting, NOON + DAY))


# --- fading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "percent"),
    [
        (-30, 100),
        (0, 100),
        (1, 100),
        (2, 99),
        (89, 75),
        (90, 75),
        (179, 50),
        (180, 50),
        (182, 50),
        (360, 25),
        (540, 13),
        (720, 6),
        (1389, 1),
        (1390, 0),
        (10**6, 0),
    ],
)
def test_percent_left(days: int, percent: int) -> None:
    assert percent_left(days) == percent


def test_percent_left_is_the_documents_formula_rounded_half_up_and_never_rises() -> None:
    for days in range(3000):
        halvings, into = divmod(days, HALF_LIFE_DAYS)
        exact = Fraction(100 * (360 - into), 360 * 2**halvings)
        assert percent_left(days) == (exact + Fraction(1, 2)).__floor__()
        assert percent_left(days) <= percent_left(days - 1)
        assert (percent_left(days) == 0) == (days >= FADED_DAYS)


@pytest.mark.parametrize(
    ("at", "hundredths"),
    [
        (NOON, -1000),
        (APRIL, -1000),
        (APRIL + 2 * DAY - timedelta(microseconds=1), -1000),
        (APRIL + 2 * DAY, -990),
        (APRIL + 180 * DAY, -500),
        (APRIL + 360 * DAY, -250),
        (APRIL + 1389 * DAY, -10),
        (APRIL + 1390 * DAY, 0),
    ],
)
def test_an_event_counts_in_full_while_its_month_lasts_and_fades_from_then_on(
    at: datetime, hundredths: int
) -> None:
    assert counted(explain([event(Kind.PHOTO_REUSED)], at)) == [hundredths]
    assert counted(explain([event(Kind.PHOTO_REUSED, datetime(2026, 3, 1, tzinfo=UTC))], at)) == [hundredths]


def test_an_adjustment_fades_or_lasts() -> None:
    later = APRIL + 180 * DAY
    assert counted(explain([adjusted(20, decays=True)], later)) == [1000]
    assert counted(explain([adjusted(20, decays=False)], later)) == [2000]
    assert score([adjusted(20, decays=True), adjusted(-5, decays=False)], later) == 55


@pytest.mark.parametrize(("weight", "after"), [(1, 51), (-1, 50), (3, 52), (-3, 49), (2, 51)])
def test_the_score_is_rounded_once_and_half_up(weight: int, after: int) -> None:
    """Half a point goes up, on either side of the start; two halves are one."""
    half = APRIL + 180 * DAY
    assert score([adjusted(weight, decays=True)], half) == after
    assert score([adjusted(weight, decays=True)] * 2, half) == 50 + weight


# --- the list -------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_has_words_days_and_reasons() -> None:
    events = [
        adjusted(5, decays=True, at=NOON - DAY),
        event(Kind.REFUND_REJECTED, datetime(2026, 3, 10, 1, tzinfo=timezone(timedelta(hours=8)))),
        event(Kind.ORDER_KEPT, NOON),
    ]
    lines = explain(events, NOON)
    assert [line.event for line in lines] == [events[2], events[1], events[0]]
    assert [line.day for line in lines] == [date(2026, 3, 10), date(2026, 3, 9), date(2026, 3, 9)]
    assert [str(line.words) for line in lines] == [
        "Order kept",
        "Refund rejected by the shop",
        "Adjusted by staff",
    ]
    assert [line.remark for line in lines] == ["", "", "a reason"]
    assert explain([Weighed("a_kind_of_before", 1, NOON)], NOON)[0].words == "a kind of before"


def test_every_kind_has_words_and_a_weight_but_staffs_own() -> None:
    assert set(WORDS) == set(Kind)
    assert all(isinstance(words, Promise) for words in WORDS.values())
    assert set(WEIGHTS) == set(Kind) - {Kind.ADJUSTED}
    assert set(GROUPS) <= set(Kind)
    assert set(GROUPS.values()) == set(MOST_A_MONTH)
    assert max(map(len, Kind)) <= 30


@pytest.mark.parametrize(
    ("hundredths", "text"),
    [
        (0, "0"),
        (100, "+1"),
        (-600, "−6"),
        (1000, "+10"),
        (-4000, "−40"),
        (350, "+3.5"),
        (92, "+0.92"),
        (-5, "−0.05"),
        (1, "+0.01"),
        (-101, "−1.01"),
        (2030, "+20.3"),
    ],
)
def test_points_as_people_read_them(hundredths: int, text: str) -> None:
    assert points_text(hundredths) == text


# --- the page itself ------------------------------------------------------------------------------


def table(title: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    after = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split("|") for line in after.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line] for line in lines[2:]]


def test_the_weights_of_the_document_are_the_codes() -> None:
    rows = {kind: (points, group) for kind, points, group, *_when in table("What counts")}
    assert rows.pop(Kind.ADJUSTED) == ("any", "")
    assert {kind: int(points.replace("−", "-")) for kind, (points, _group) in rows.items()} == WEIGHTS
    assert {kind: group for kind, (_points, group) in rows.items() if group} == GROUPS


def test_the_fading_of_the_document_is_the_codes() -> None:
    rows = table("Fading")
    assert [percent_left(int(days)) for days, _left in rows] == [
        int(left.removesuffix(" %")) for _days, left in rows
    ]
    assert len(rows) == 9


def test_the_figures_in_the_documents_text_are_the_codes() -> None:
    text = " ".join(PAGE.split())
    limits = (
        f"orders move the score by at most {MOST_A_MONTH['orders']}, claims by at most "
        f"{MOST_A_MONTH['claims']}, photos by at most {MOST_A_MONTH['photos']}"
    )
    for said in (limits, f"starts at **{START}**", f"after {FADED_DAYS} days", f"{HALF_LIFE_DAYS} days"):
        assert said in text


def three_a_month(months: int) -> list[Weighed]:
    starts = [datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(months)]
    return [event(Kind.ORDER_REDEEMED, start + day * DAY) for start in starts for day in (0, 9, 18)]


def test_who_orders_regularly_gets_there_in_the_fourth_month_and_then_stays_high() -> None:
    events = three_a_month(60)
    assert score(events, datetime(2026, 3, 31, tzinfo=UTC)) < THRESHOLD
    assert score(events, datetime(2026, 4, 30, tzinfo=UTC)) >= THRESHOLD
    later = {score(events, datetime(2029, 1, 1, tzinfo=UTC) + day * DAY) for day in range(600)}
    assert (min(later), max(later)) == (78, 79)


def test_two_rejections_and_half_a_year() -> None:
    events = [adjusted(20, decays=False), *times(2, Kind.REFUND_REJECTED)]
    assert score(events, NOON + DAY) == 58
    assert score(events, APRIL + 180 * DAY) == 64
