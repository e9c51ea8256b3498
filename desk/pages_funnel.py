"""The dashboard's page of the funnel: scanned → confirmed → paid → converted → came back (FLOWS 5)."""

from __future__ import annotations

from dataclasses import dataclass

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.ids import parse_public_id
from desk.figures import funnel_total, share_percent
from desk.look.plots import Plot, Series
from desk.models import Measure
from desk.queries import FUNNEL, FunnelRow, funnel
from merchants.dashboard import DashboardRequest, dashboard, page
from orders.models import PrintedCode
from orders.words import channel_label

SPANS = (7, 30, 90, 365)
DAYS = 30
MAX_SERIES = 5
LIMIT_CODES = 100
PAID, CONVERTED = FUNNEL.index(Measure.PAID), FUNNEL.index(Measure.CONVERTED)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a channel or a printed code, its counts, what part of the scans was paid."""

    name: str
    counts: tuple[int, ...]
    url: str = ""

    @property
    def paid_percent(self) -> int | None:
        """Paid of scanned, in whole percent."""
        return share_percent(self.counts[PAID], self.counts[0])


@dashboard("overview:read")
@require_safe
def funnel_page(request: DashboardRequest) -> HttpResponseBase:
    """The funnel of the last days: together, by channel, by printed code."""
    days = _days(request)
    rows = funnel(request.merchant, days)
    codes = [row for row in funnel(request.merchant, days, per_code=True) if row.printed_code]
    named = _code_rows(request, codes)
    context = {
        "days": days,
        "spans": SPANS,
        "steps": [Measure(step).label for step in FUNNEL],
        "total": _plot([Series(_("All"), funnel_total(rows))]),
        "by_channel": _plot(_series([Row(channel_label(row.channel), row.counts) for row in rows])),
        "by_code": _plot(_series(named)),
        "channels": [Row(channel_label(row.channel), row.counts) for row in rows],
        "codes": named,
    }
    return page(request, "desk/dashboard_funnel.html", context, nav="funnel")


def _days(request: DashboardRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, SPANS) else DAYS


def _plot(series: list[Series]) -> Plot:
    labels = [str(Measure(step).label) for step in FUNNEL]
    return Plot("funnel", labels, series, label_heading=_("Step"), stacked=len(series) > 1)


def _series(rows: list[Row]) -> list[Series]:
    """The largest by their own names, the others together: a plot of thirty colours tells nothing."""
    ranked = sorted((row for row in rows if any(row.counts)), key=lambda row: -sum(row.counts))
    shown, rest = ranked[:MAX_SERIES], ranked[MAX_SERIES:]
    if len(rest) == 1 or not rest:
        return [Series(row.name, list(row.counts)) for row in ranked]
    others = [
        sum(row.counts[step] for row in (*shown[MAX_SERIES - 1 :], *rest)) for step in range(len(FUNNEL))
    ]
    return [
        *(Series(row.name, list(row.counts)) for row in shown[: MAX_SERIES - 1]),
        Series(_("Others"), others),
    ]


def _code_rows(request: DashboardRequest, rows: list[FunnelRow]) -> list[Row]:
    ranked = sorted(rows, key=lambda row: -sum(row.counts))[:LIMIT_CODES]
    ids = {row.printed_code: parse_public_id("cod", row.printed_code) for row in ranked}
    names = dict(
        PrintedCode.objects.filter(
            merchant=request.merchant, pk__in=[code_id for code_id in ids.values() if code_id]
        ).values_list("pk", "name")
    )
    return [
        Row(names[code_id], row.counts)
        for row in ranked
        if (code_id := ids[row.printed_code]) is not None and code_id in names
    ]
