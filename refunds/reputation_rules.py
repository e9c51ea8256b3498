"""What a buyer's reputation comes to: values only, no database, no clock. docs/refunds.md says it in words.

Everything is an integer: points as they are given, hundredths of a point where they fade.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import chain

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.money import divide_half_up

START, LEAST, MOST = 50, 0, 100
"""Everybody's first score, and between what the score stays."""

HALF_LIFE_DAYS = 180
FADED_DAYS = 1390
"""So many days after its month's end an event counts nothing any more."""


class Kind(StrEnum):
    """What may happen; stable words."""

    ORDER_KEPT = "order_kept"
    ORDER_REDEEMED = "order_redeemed"
    ORDER_RETURNED = "order_returned"
    REFUND_AUTOMATIC = "refund_automatic"
    REFUND_APPROVED = "refund_approved"
    REFUND_REJECTED = "refund_rejected"
    REFUND_UNANSWERED = "refund_unanswered"
    ESCALATION_WON = "escalation_won"
    ESCALATION_LOST = "escalation_lost"
    PHOTO_REUSED = "photo_reused"
    CHARGED_BACK = "charged_back"
    ADJUSTED = "adjusted"


WEIGHTS: Mapping[str, int] = {
    Kind.ORDER_KEPT: 1,
    Kind.ORDER_REDEEMED: 1,
    Kind.ORDER_RETURNED: -1,
    Kind.REFUND_AUTOMATIC: 0,
    Kind.REFUND_APPROVED: 0,
    Kind.REFUND_REJECTED: -6,
    Kind.REFUND_UNANSWERED: 0,
    Kind.ESCALATION_WON: 6,
    Kind.ESCALATION_LOST: -10,
    Kind.PHOTO_REUSED: -10,
    Kind.CHARGED_BACK: -40,
}
"""What an event is given when it is written, in points; staff say themselves what an adjustment weighs."""

WORDS: Mapping[str, str | Promise] = {
    Kind.ORDER_KEPT: _("Order kept"),
    Kind.ORDER_REDEEMED: _("Order redeemed"),
    Kind.ORDER_RETURNED: _("Redeemed order refunded"),
    Kind.REFUND_AUTOMATIC: _("Refunded automatically"),
    Kind.REFUND_APPROVED: _("Refund approved"),
    Kind.REFUND_REJECTED: _("Refund rejected by the shop"),
    Kind.REFUND_UNANSWERED: _("Refund not answered by the shop"),
    Kind.ESCALATION_WON: _("Staff decided for the buyer"),
    Kind.ESCALATION_LOST: _("Staff decided for the shop"),
    Kind.PHOTO_REUSED: _("Photo that had been used before"),
    Kind.CHARGED_BACK: _("Payment taken back through the bank"),
    Kind.ADJUSTED: _("Adjusted by staff"),
}
"""Each kind in words for the buyer's page."""

MOST_A_MONTH = {"orders": 3, "claims": 30, "photos": 20}
"""How far, up or down, the events of one group move the score within one calendar month (UTC), in points."""

GROUPS: Mapping[str, str] = {
    Kind.ORDER_KEPT: "orders",
    Kind.ORDER_REDEEMED: "orders",
    Kind.ORDER_RETURNED: "orders",
    Kind.REFUND_REJECTED: "claims",
    Kind.ESCALATION_WON: "claims",
    Kind.ESCALATION_LOST: "claims",
    Kind.PHOTO_REUSED: "photos",
}
"""Which kinds share a limit; the others have none."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """An event and the points that it was given when it was written; `at` with its zone."""

    kind: str
    weight: int
    at: datetime
    decays: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An event and what it counts now, in hundredths of a point."""

    event: Weighed
    now_hundredths: int
    is_limited: bool

    @property
    def day(self) -> date:
        """Its day, in UTC."""
        return self.event.at.astimezone(UTC).date()

    @property
    def words(self) -> str | Promise:
        """What happened; a kind of later by its own word."""
        return WORDS.get(self.event.kind, self.event.kind.replace("_", " "))

    @property
    def remark(self) -> str | Promise:
        """Why it weighs so, where there is something to say."""
        if self.event.reason or not self.is_limited:
            return self.event.reason
        return _("More than a month may change: not counted, or in part only.")


def score(events: Iterable[Weighed], at: datetime) -> int:
    """The reputation at a moment, 0–100: what the events up to then come to, rounded half-up at the end."""
    within = min(max(total_hundredths(explain(events, at)), LEAST * 100), MOST * 100)
    return divide_half_up(within, 100)


def total_hundredths(lines: Iterable[Line]) -> int:
    """Start and lines together, in hundredths of a point: the score before rounding and limits."""
    return START * 100 + sum(line.now_hundredths for line in lines)


def explain(events: Iterable[Weighed], at: datetime) -> list[Line]:
    """Every event up to a moment with what it counts then, the latest first."""
    months: defaultdict[tuple[int, str], list[Weighed]] = defaultdict(list)
    free: list[Weighed] = []
    for event in sorted((event for event in events if event.at <= at), key=_order):
        group = GROUPS.get(event.kind) if event.decays else None
        (free if group is None else months[_month(event.at), group]).append(event)
    counted = chain(
        ((event, event.weight) for event in free),
        *(_limit(month, MOST_A_MONTH[group]) for (_number, group), month in months.items()),
    )
    lines = [_line(event, points, at) for event, points in counted]
    return sorted(lines, key=lambda line: _order(line.event), reverse=True)


def points_text(hundredths: int) -> str:
    """Points with their sign as people read them: 350 is "+3.5", -600 "−6"."""
    whole, rest = divmod(abs(hundredths), 100)
    sign = "+" if hundredths > 0 else "−" if hundredths else ""
    return f"{sign}{whole}.{rest:02d}".rstrip("0") if rest else f"{sign}{whole}"


def percent_left(days: int) -> int:
    """How much of a month's points is left so many days after its end, in percent: half after each
    half-life, in a straight line between."""
    halvings, into = divmod(max(days, 0), HALF_LIFE_DAYS)
    return divide_half_up(100 * (2 * HALF_LIFE_DAYS - into), 2 * HALF_LIFE_DAYS << halvings)


def _line(event: Weighed, points: int, at: datetime) -> Line:
    left = percent_left(_days_since_month(event.at, at)) if event.decays else 100
    return Line(event, points * left, points != event.weight)


def _limit(month: Sequence[Weighed], most: int) -> list[tuple[Weighed, int]]:
    """The events of one group and month, in their order, with the points that count: the first ones do."""
    sum_ = sum(event.weight for event in month)
    excess = sum_ - min(max(sum_, -most), most)
    counted = []
    for event in reversed(month):
        cut = min(max(excess, min(event.weight, 0)), max(event.weight, 0))
        excess -= cut
        counted.append((event, event.weight - cut))
    return counted


def _order(event: Weighed) -> tuple[datetime, str, int, bool, str]:
    return event.at, event.kind, event.weight, event.decays, event.reason


def _month(at: datetime) -> int:
    """Months since year 0, in UTC."""
    day = at.astimezone(UTC)
    return day.year * 12 + day.month - 1


def _days_since_month(then: datetime, at: datetime) -> int:
    """Whole days since the month of `then` ended; not above 0 while it lasts."""
    years, month = divmod(_month(then) + 1, 12)
    return (at - datetime(years, month + 1, 1, tzinfo=UTC)).days
