"""Plots as data: what the browser draws and what a screen reader is told come from the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from babel.numbers import format_decimal, format_percent, get_currency_precision, get_currency_symbol
from django.utils.translation import get_language

from common.money import format_minor

Kind = Literal["line", "bar", "funnel"]
Unit = Literal["count", "money", "percent"]


def babel_locale() -> str:
    """The active language as babel spells it."""
    return (get_language() or "en").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers under a name: counts, minor units or whole percents."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Plot:
    """Numbers over labels. `unit="money"` means minor units of `currency`."""

    kind: Kind
    labels: Sequence[str]
    series: Sequence[Series]
    unit: Unit = "count"
    currency: str = ""
    label_heading: str = ""
    stacked: bool = field(default=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see: no labels, or nothing but zeros."""
        return not self.labels or not any(any(row.values) for row in self.series)

    def text(self, value: int) -> str:
        """One value as people read it in the active language."""
        if self.unit == "money":
            return format_minor(value, self.currency, babel_locale())
        if self.unit == "percent":
            return format_percent(value / 100, locale=babel_locale())
        return format_decimal(value, locale=babel_locale())

    def rows(self) -> list[tuple[str, list[str]]]:
        """The table behind the plot: each label with its values as text."""
        return [
            (label, [self.text(row.values[place]) for row in self.series])
            for place, label in enumerate(self.labels)
        ]

    def data(self) -> dict[str, Any]:
        """What `static/js/plots.js` draws."""
        money = self.unit == "money"
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "stacked": self.stacked,
            "unit": self.unit,
            "digits": get_currency_precision(self.currency) if money else 0,
            "symbol": get_currency_symbol(self.currency, locale=babel_locale()) if money else "",
            "locale": (get_language() or "en"),
            "series": [
                {
                    "name": row.name,
                    "values": list(row.values),
                    "texts": [self.text(value) for value in row.values],
                }
                for row in self.series
            ],
        }


def sparkline_points(values: Sequence[int], width: int = 96, height: int = 28) -> str:
    """The points of an SVG polyline that shows how values went, in a box of that size."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = width / (len(values) - 1)
    usable = height - 4
    return " ".join(
        f"{place * step:.1f},{2 + usable - (value - low) * usable / spread:.1f}"
        for place, value in enumerate(values)
    )
