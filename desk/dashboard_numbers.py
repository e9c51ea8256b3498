"""The dashboard's page of service numbers: the pool, how long it lasts, adding and retiring (FLOWS 1)."""

from __future__ import annotations

from typing import Any

from babel.dates import format_skeleton
from django.conf import settings
from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from common import clock
from common.ids import parse_public_id
from common.paging import page_of
from desk.look.plots import Plot, Series, babel_locale
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, place_of, sent_to
from orders.call_forms import NumbersForm
from orders.flows.add_numbers import Added, add_numbers
from orders.flows.retire_number import retire_number
from orders.number_queries import Forecast, forecast_of, numbers_of

WHY_REFUSED: dict[str, str | Promise] = {
    "invalid_phone": gettext_lazy("no phone number"),
    "number_exists": gettext_lazy("there already"),
}


@dashboard("numbers:read")
@require_safe
def number_list(request: DashboardRequest) -> HttpResponseBase:
    """The pool with what its numbers do now, and how long it lasts."""
    return _draw(request, NumbersForm())


def _draw(
    request: DashboardRequest, form: NumbersForm, added: Added | None = None, status: int = 200
) -> HttpResponseBase:
    forecast = forecast_of(request.merchant, settings.TIME_ZONE)
    context = {
        "page": page_of(numbers_of(request.merchant), place_of(request)),
        "form": form,
        "refused": _refused(added),
        "forecast": forecast,
        "runs_out_in": _days_left(forecast),
        "plot": _plot(forecast),
        "bound": [day["bound"] for day in forecast.days],
        "bound_total": str(sum(day["bound"] for day in forecast.days)),
    }
    return page(request, "desk/dashboard_numbers.html", context, nav="numbers", status=status)


def _days_left(forecast: Forecast) -> int | None:
    return None if forecast.runs_out_on is None else max(0, (forecast.runs_out_on - clock.today()).days)


def _plot(forecast: Forecast) -> Plot:
    if not forecast.total:
        return Plot("line", [], [])
    labels = [format_skeleton("MMMd", day["day"], locale=babel_locale()) for day in forecast.days]
    held = Series(_("Most that one buyer held"), [day["most_held"] for day in forecast.days])
    pool = Series(_("Numbers in the pool"), [forecast.total] * len(labels))
    return Plot("line", labels, [held, pool], label_heading=_("Day"))


def _refused(added: Added | None) -> list[dict[str, Any]]:
    refused = added.refused if added else []
    return [{"text": text[:60], "why": WHY_REFUSED.get(code, code)} for text, code in refused]


@dashboard("numbers:write")
@sent_to("dashboard_numbers")
def number_add(request: DashboardRequest) -> HttpResponseBase:
    """Add what can be added; what can't stays in the field, with the reason."""
    form = NumbersForm(request.POST)
    if not form.is_valid():
        return _draw(request, form, status=422)
    added = add_numbers(request.merchant, form.cleaned_data["numbers"])
    count = len(added.added)
    if count:
        said = ngettext("%(count)d number was added.", "%(count)d numbers were added.", count)
        messages.success(request, said % {"count": count})
    if not added.refused:
        return redirect("dashboard_numbers")
    left = "\n".join(text for text, _code in added.refused)
    return _draw(request, NumbersForm(initial={"numbers": left}), added, status=422)


@dashboard("numbers:write")
@sent_to("dashboard_numbers")
def number_retire(request: DashboardRequest, number_id: str) -> HttpResponseBase:
    """It gets no new orders."""
    wanted = found(parse_public_id("num", number_id))
    return attempt(
        request,
        lambda: retire_number(request.merchant, wanted),
        back=reverse("dashboard_numbers"),
        done=_("It gets no new orders. Those that wait for its calls go on."),
    )
