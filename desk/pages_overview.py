"""The dashboard's first page: today and the month, the funnel, the money, the newest orders.

Costs the same with a thousand orders and a million: daily figures, one page of orders, balances.
"""

from __future__ import annotations

from typing import Any

from babel.dates import format_skeleton
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from common.money import format_minor
from desk import figures
from desk.look.plots import Plot, Series, babel_locale
from desk.models import Measure
from desk.queries import FUNNEL, Day, FunnelRow, funnel, sales_by_day
from merchants.dashboard import DashboardRequest, dashboard, may, page
from merchants.models import Merchant
from orders.dashboard_queries import stamp_of
from orders.models import Order, Product
from orders.queries import orders_of
from orders.words import channel_label
from payments.queries import balance_of

DAYS = 30
NEWEST = 8
SECONDS = 5


@dashboard("orders:read")
@require_safe
def overview(request: DashboardRequest) -> HttpResponseBase:
    """The overview, for those who may see what the shop earns; others begin with the orders."""
    if not may(request, "overview:read"):
        return redirect("dashboard_orders")
    merchant = request.merchant
    days = sales_by_day(merchant, 2 * DAYS)
    rows = funnel(merchant, DAYS)
    context = {
        "tiles": _tiles(merchant, days),
        "sales": sales_plot(merchant, days[-DAYS:]),
        "funnel": funnel_plot(rows),
        "balance": balance_of(merchant),
        "has_products": Product.objects.filter(merchant=merchant, archived_at=None).exists(),
        **_newest(merchant),
    }
    return page(request, "desk/overview.html", context, nav="overview")


@dashboard("orders:read")
@require_safe
def newest_orders(request: DashboardRequest) -> HttpResponseBase:
    """The part with the newest orders, asked for again and again."""
    return page(request, "desk/overview_orders.html", _newest(request.merchant), nav="overview")


def _newest(merchant: Merchant) -> dict[str, Any]:
    orders = list(orders_of(merchant).prefetch_related("items").order_by("-id")[:NEWEST])
    return {"orders": orders, "stamp": stamp_of(orders), "announce": _announce(orders), "seconds": SECONDS}


def _announce(orders: list[Order]) -> str:
    """What a screen reader is told when the list changed: the newest order and its state."""
    if not orders:
        return ""
    told = {"number": orders[0].number, "state": orders[0].get_state_display()}
    return _("Orders changed. Newest: %(number)s, %(state)s.") % told


def _tiles(merchant: Merchant, days: list[Day]) -> list[dict[str, Any]]:
    spans = (
        (_("Today"), figures.span(days, 1), _("Nothing yesterday"), _("than yesterday")),
        (_("7 days"), figures.span(days, 7), _("Nothing in the 7 days before"), _("than the 7 days before")),
        (
            _("30 days"),
            figures.span(days, 30),
            _("Nothing in the 30 days before"),
            _("than the 30 days before"),
        ),
    )
    return [
        {
            "label": label,
            "value": format_minor(span.amount_minor, merchant.currency, babel_locale()),
            "orders": ngettext("%(count)s paid order", "%(count)s paid orders", span.count)
            % {"count": span.count},
            "hint": _compared(span, nothing, than),
            "trend": span.trend if span.before_minor else "flat",
            "values": span.values if len(span.values) > 1 else None,
        }
        for label, span, nothing, than in spans
    ]


def _compared(span: figures.Span, nothing: str, than: str) -> str:
    change = span.change_percent
    if change is None:
        return nothing
    if change == 0:
        return _("about as before")
    words = _("%(change)s %% more %(than)s") if span.trend == "up" else _("%(change)s %% less %(than)s")
    return words % {"change": change, "than": than}


def sales_plot(merchant: Merchant, days: list[Day]) -> Plot:
    """What was paid on each day."""
    labels = [format_skeleton("MMMd", day.day, locale=babel_locale()) for day in days]
    series = [Series(_("Sales"), [day.amount_minor for day in days])]
    return Plot("line", labels, series, "money", merchant.currency, _("Day"))


def funnel_plot(rows: list[FunnelRow]) -> Plot:
    """The steps of the funnel, each channel in its own colour."""
    labels = [str(Measure(step).label) for step in FUNNEL]
    series = [Series(channel_label(row.channel), list(row.counts)) for row in rows if any(row.counts)]
    return Plot("funnel", labels, series, label_heading=_("Step"), stacked=len(series) > 1)
