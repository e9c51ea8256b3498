"""The dashboard's page of what happens after a payment: the conversion steps in their order."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from common.refusals import InvalidInput, Refusal
from coupons.queries import campaigns_of
from customers.flows.save_steps import MAX_STEPS, save_steps
from customers.queries import steps_of, tags_of
from customers.steps_form import StepDraft, changed, drafts_of, kinds, note_errors, read_drafts
from merchants.dashboard import DashboardRequest, dashboard, may, page
from merchants.models.merchants import Role

MAX_CAMPAIGNS = 200


@dashboard("customers:read")
def steps(request: DashboardRequest) -> HttpResponseBase:
    """See the steps; who may, arranges them."""
    if request.method != "POST":
        return _draw(request, drafts_of(steps_of(request.merchant)))
    if not may(request, "customers:write"):
        return _draw(request, drafts_of(steps_of(request.merchant)), status=403)
    drafts = read_drafts(request.POST)
    what = request.POST.get("do", "")
    if what == "save":
        return _save(request, drafts)
    return _draw(request, drafts, at=changed(drafts, what, request.POST.get("new", "")), is_draft=True)


def _save(request: DashboardRequest, drafts: list[StepDraft]) -> HttpResponseBase:
    try:
        save_steps(request.merchant, [draft.wish() for draft in drafts])
    except InvalidInput as refused:
        return _draw(request, drafts, general=note_errors(drafts, refused), status=422, is_draft=True)
    except Refusal as refused:
        return _draw(request, drafts, general=[str(refused.detail)], status=refused.status, is_draft=True)
    messages.success(request, _("Saved. It holds for payments from now on."))
    return redirect("dashboard_steps")


def _draw(
    request: DashboardRequest,
    drafts: Sequence[StepDraft],
    *,
    at: int | None = None,
    general: Sequence[str] = (),
    status: int = 200,
    is_draft: bool = False,
) -> HttpResponseBase:
    context = {
        "drafts": drafts,
        "at": at,
        "general": general,
        "is_draft": is_draft,
        "kinds": kinds().values(),
        "is_full": len(drafts) >= MAX_STEPS,
        "may_write": may(request, "customers:write"),
        "roles": Role.choices,
        "channels": [("email", _("E-mail")), ("sms", _("Text message")), ("webhook", _("Webhook"))],
        "known_tags": tags_of(request.merchant),
        "campaigns": campaigns_of(request.merchant).exclude(state="closed").order_by("-pk")[:MAX_CAMPAIGNS],
    }
    return page(request, "customers/steps.html", context, nav="steps", status=status)
