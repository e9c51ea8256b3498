"""What a campaign came to, from its figures by day: values only, no ORM, no clock (docs/pricing.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from common.money import divide_half_up

MOST_POINTS = 92
"""A plot over more days than these goes by months."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in some time: coupons by measure; in minor units what they took off and the bills
    that they were on, less what was given back."""

    counts: Counter[str] = field(default_factory=Counter)
    cost_minor: int = 0
    sale_minor: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.counts + other.counts,
            self.cost_minor + other.cost_minor,
            self.sale_minor + other.sale_minor,
        )

    @property
    def used(self) -> int:
        """Coupons that were used and not given back."""
        return self.counts["used"] - self.counts["given_back"]

    @property
    def extra_minor(self) -> int:
        """Extra sales: what buyers paid on bills with a coupon, that is, those bills less what came off."""
        return self.sale_minor - self.cost_minor

    def brought_minor(self, unit_minor: int) -> int | None:
        """What was paid beside each `unit_minor` that came off; None where nothing came off."""
        return divide_half_up(self.extra_minor * unit_minor, self.cost_minor) if self.cost_minor > 0 else None


@dataclass(frozen=True, slots=True)
class Period:
    """A day, or a month by its first day, and what came of it."""

    first: date
    tally: Tally
    is_month: bool = False


def tally_of(measure: str, count: int, cost_minor: int, sale_minor: int) -> Tally:
    """One row of the figures: a bill counts where its coupon is used, and comes out where that comes back."""
    sign = {"used": 1, "given_back": -1}.get(measure, 0)
    return Tally(Counter({measure: count}), sign * cost_minor, sign * sale_minor)


def together(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    return sum(tallies, Tally())


def periods(by_day: Mapping[date, Tally], today: date, days: int | None) -> list[Period]:
    """The last `days` up to today, or all since the first figure; months where days would be too many."""
    first = today - timedelta(days=days - 1) if days else min(by_day, default=today)
    every = [first + timedelta(days=place) for place in range((today - first).days + 1)]
    if len(every) <= MOST_POINTS:
        return [Period(day, by_day.get(day, Tally())) for day in every]
    months: dict[date, Tally] = {}
    for day in every:
        month = day.replace(day=1)
        months[month] = months.get(month, Tally()) + by_day.get(day, Tally())
    return [Period(month, tally, is_month=True) for month, tally in months.items()]
