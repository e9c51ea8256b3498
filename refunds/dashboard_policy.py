"""The dashboard's page of a shop's rules for refunds."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from merchants.dashboard import DashboardRequest, dashboard, may, page
from refunds.dashboard_forms import PolicyForm
from refunds.flows.set_refund_policy import FIELDS, set_refund_policy
from refunds.models import RefundPolicy
from refunds.policy import policy_of


@dashboard("settings:read")
def refund_policy(request: DashboardRequest) -> HttpResponseBase:
    """Which refunds need nobody, and what becomes of the others; changed by those who may change settings."""
    may_write = may(request, "settings:write")
    is_sent = request.method == "POST" and may_write
    own = RefundPolicy.objects.filter(merchant=request.merchant).values(*FIELDS).first() or {}
    form = PolicyForm(own, request.merchant, request.POST if is_sent else None)
    if is_sent and form.is_valid():
        set_refund_policy(request.merchant, form.cleaned_data)
        messages.success(request, _("Saved. Refunds that are asked for from now on are decided by it."))
        return redirect("dashboard_refund_policy")
    status = 422 if is_sent else 403 if request.method == "POST" else 200
    context = {"form": form, "may_write": may_write, "now": policy_of(request.merchant.pk)}
    return page(request, "refunds/dashboard_policy.html", context, nav="refunds", status=status)
