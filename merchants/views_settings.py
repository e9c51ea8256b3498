"""The dashboard's page of what a shop decides about itself."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.forms import add_refusal
from common.refusals import InvalidInput
from merchants.dashboard import DashboardRequest, dashboard, may, page
from merchants.flows.update_settings import update_settings
from merchants.forms import SettingsForm


@dashboard("settings:read")
def settings_page(request: DashboardRequest) -> HttpResponseBase:
    """Names, times, contact card; changed by those who may."""
    may_write = may(request, "settings:write")
    form = SettingsForm(request.merchant, request.POST if request.method == "POST" and may_write else None)
    status = 200
    if request.method == "POST":
        if not may_write:
            return page(
                request,
                "merchants/settings.html",
                _context(request, form, may_write),
                nav="settings",
                status=403,
            )
        if form.is_valid() and _save(request, form):
            messages.success(request, _("Saved. Orders placed before keep their times."))
            return redirect("dashboard_settings")
        status = 422
    return page(
        request, "merchants/settings.html", _context(request, form, may_write), nav="settings", status=status
    )


def _context(request: DashboardRequest, form: SettingsForm, may_write: bool) -> dict[str, object]:
    return {"form": form, "may_write": may_write}


def _save(request: DashboardRequest, form: SettingsForm) -> bool:
    try:
        update_settings(request.merchant, form.changes())
    except InvalidInput as refused:
        add_refusal(form, refused, form.OF_SETTING)
        return False
    return True
