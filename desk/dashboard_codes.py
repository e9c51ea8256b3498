"""The dashboard's list of printed codes, with what became of the scans of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from common.paging import page_of
from desk.queries import funnel
from merchants.dashboard import DashboardRequest, dashboard, may, page, place_of
from orders.dashboard_queries import codes_of
from orders.models import PrintedCode

DAYS = 30
NONE = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and its counts of the last days, in the order of the funnel."""

    code: PrintedCode
    counts: tuple[int, ...]


@dashboard("products:read")
@require_safe
def code_list(request: DashboardRequest) -> HttpResponseBase:
    """Codes in use (`?retired=1`: those that were), each with its figures where the role may see them."""
    retired = request.GET.get("retired") == "1"
    codes = page_of(codes_of(request.merchant, retired=retired), place_of(request))
    shows_figures = may(request, "overview:read")
    counts = _counts(request) if shows_figures else {}
    context = {
        "page": codes,
        "rows": [CodeRow(code, counts.get(code.public_id, NONE)) for code in codes.rows],
        "retired": retired,
        "shows_figures": shows_figures,
    }
    return page(request, "desk/dashboard_codes.html", context, nav="codes")


def _counts(request: DashboardRequest) -> Mapping[str, tuple[int, ...]]:
    rows = funnel(request.merchant, DAYS, per_code=True)
    return {row.printed_code: row.counts for row in rows if row.printed_code}
