"""Reads that gather several flows: the overview's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from common import clock
from desk.models import DailyFigure, Measure
from merchants.models import Merchant

FUNNEL = (Measure.SCANNED, Measure.CONFIRMED, Measure.PAID, Measure.CONVERTED, Measure.CAME_BACK)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's sales, in minor units."""

    day: date
    count: int
    amount_minor: int


def sales_by_day(merchant: Merchant, days: int = 30) -> list[Day]:
    """What was paid on each of the last days, today last; days without sales are there too."""
    today = clock.today()
    first = today - timedelta(days=days - 1)
    rows = (
        DailyFigure.objects.filter(merchant=merchant, measure=Measure.PAID, day__gte=first)
        .values("day")
        .annotate(paid=Sum("count"), amount=Sum("amount_minor"))
    )
    found = {row["day"]: row for row in rows}
    every = [first + timedelta(days=place) for place in range(days)]
    return [
        Day(day, found[day]["paid"], found[day]["amount"]) if day in found else Day(day, 0, 0)
        for day in every
    ]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """The funnel of one channel, or of one printed code of it: counts in the order of `FUNNEL`."""

    channel: str
    printed_code: str
    counts: tuple[int, ...]


def funnel(merchant: Merchant, days: int = 30, *, per_code: bool = False) -> list[FunnelRow]:
    """Scanned → confirmed → paid → converted → came back, per channel or per printed code."""
    first = clock.today() - timedelta(days=days - 1)
    groups: Sequence[str] = ("channel", "printed_code") if per_code else ("channel",)
    rows = (
        DailyFigure.objects.filter(merchant=merchant, day__gte=first, measure__in=FUNNEL)
        .values(*groups, "measure")
        .annotate(total=Sum("count"))
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        place = (row["channel"], row.get("printed_code", ""))
        counts.setdefault(place, {})[row["measure"]] = row["total"]
    return [
        FunnelRow(channel, code, tuple(found.get(measure, 0) for measure in FUNNEL))
        for (channel, code), found in sorted(counts.items())
    ]
