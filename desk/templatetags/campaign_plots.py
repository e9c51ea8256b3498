"""The plots of a campaign's page. That page lives three floors below; what draws plots lives here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from babel.dates import format_skeleton
from django import template
from django.utils.translation import gettext as _

from coupons.figures import Period
from coupons.models import Measure
from desk.look.plots import Plot, Series, babel_locale

register = template.Library()

REACHED = (Measure.ISSUED, Measure.ARMED, Measure.USED)
CAME_BACK = (Measure.RELEASED, Measure.GIVEN_BACK, Measure.EXPIRED)


@register.inclusion_tag("desk/campaign_plots.html")
def campaign_plots(periods: Sequence[Period], currency: str) -> dict[str, Any]:
    """`{% campaign_plots periods campaign.currency %}`: coupons by what became of them, and the money."""
    return {
        "reached": _counted(periods, REACHED),
        "came_back": _counted(periods, CAME_BACK),
        "money": _money(periods, currency),
    }


def _counted(periods: Sequence[Period], measures: Iterable[Measure]) -> Plot:
    series = [
        # "Issued" is a coupon's state in other places, and there another word in some languages.
        Series(
            _("Given out") if measure == Measure.ISSUED else str(measure.label),
            [period.tally.counts[measure] for period in periods],
        )
        for measure in measures
    ]
    return Plot("line", _labels(periods), series, label_heading=_heading(periods))


def _money(periods: Sequence[Period], currency: str) -> Plot:
    tallies = [period.tally for period in periods]
    series = [
        Series(_("Bills with a coupon"), [tally.sale_minor for tally in tallies]),
        Series(_("Taken off"), [tally.cost_minor for tally in tallies]),
        Series(_("Extra sales"), [tally.extra_minor for tally in tallies]),
    ]
    return Plot("line", _labels(periods), series, "money", currency, _heading(periods))


def _labels(periods: Sequence[Period]) -> list[str]:
    locale = babel_locale()
    return [
        format_skeleton("yMMM" if period.is_month else "MMMd", period.first, locale=locale)
        for period in periods
    ]


def _heading(periods: Sequence[Period]) -> str:
    return _("Month") if periods and periods[0].is_month else _("Day")
