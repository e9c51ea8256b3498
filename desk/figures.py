"""The overview's numbers from the daily figures: sums and comparisons, no ORM, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.money import divide_half_up
from desk.queries import FUNNEL, Day, FunnelRow


@dataclass(frozen=True, slots=True)
class Span:
    """What was sold in some days, and in as many days before them (minor units)."""

    amount_minor: int
    count: int
    before_minor: int
    before_count: int
    values: Sequence[int] = ()

    @property
    def trend(self) -> str:
        """`up`, `down` or `flat` against the days before."""
        if self.amount_minor == self.before_minor:
            return "flat"
        return "up" if self.amount_minor > self.before_minor else "down"

    @property
    def change_percent(self) -> int | None:
        """By how many whole percent it differs (not below 0); None where there is nothing to compare with."""
        if not self.before_minor:
            return None
        return divide_half_up(abs(self.amount_minor - self.before_minor) * 100, self.before_minor)


def span(days: Sequence[Day], length: int) -> Span:
    """The last `length` of these days against the `length` before them; the last day is today."""
    last, before = days[-length:], days[-2 * length : -length]
    return Span(
        amount_minor=sum(day.amount_minor for day in last),
        count=sum(day.count for day in last),
        before_minor=sum(day.amount_minor for day in before),
        before_count=sum(day.count for day in before),
        values=tuple(day.amount_minor for day in last),
    )


def funnel_total(rows: Sequence[FunnelRow]) -> list[int]:
    """All rows of a funnel together, in the order of its steps."""
    return [sum(row.counts[step] for row in rows) for step in range(len(FUNNEL))]


def share_percent(part: int, whole: int) -> int | None:
    """Whole percents, at most 100; None of nothing (a regular comes back without a scan of this span)."""
    return min(100, divide_half_up(part * 100, whole)) if whole else None
