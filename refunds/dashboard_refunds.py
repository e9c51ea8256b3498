"""The dashboard's pages of refunds: what waits to be decided, one of them, several at once (FLOWS 4)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.ids import parse_public_id
from common.paging import page_of
from common.refusals import Refusal
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, may, page, place_of, sent_to
from merchants.who import names_of
from refunds import dashboard_queries as reads, queries
from refunds.dashboard_forms import APPROVE, DecideForm
from refunds.deciding import WORDS, at_deadline
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.models import Refund, RefundState
from refunds.photo_links import path_to
from refunds.policy import policy_of
from refunds.words import DEADLINE

ALL = "all"
TABS = (
    RefundState.ESCALATED,
    RefundState.APPROVED,
    RefundState.REFUNDED,
    RefundState.REJECTED,
    RefundState.FAILED,
)
RESULTS = "refund_results"
"""Where the session keeps, until the next page, what became of those that were decided together."""


@dashboard("refunds:read")
@require_safe
def refund_list(request: DashboardRequest) -> HttpResponseBase:
    """Refunds in one state, those that wait for the shop unless another is asked for."""
    if request.GET.get("state", "") not in ("", ALL, *RefundState.values):
        return redirect("dashboard_refunds")
    return _inbox(request, DecideForm(), results=request.session.pop(RESULTS, []))


def _inbox(
    request: DashboardRequest, form: DecideForm, status: int = 200, results: Any = ()
) -> HttpResponseBase:
    wanted = request.GET.get("state", "")
    state = wanted if wanted in (ALL, *RefundState.values) else RefundState.WAITING.value
    rows = queries.refunds_of(request.merchant, None if state == ALL else state).prefetch_related(None)
    context = {
        "page": page_of(rows, place_of(request)),
        "state": state,
        "tabs": _tabs(request),
        "form": form,
        "ticked": form.data.getlist("refund") if form.is_bound else [],  # type: ignore[attr-defined]
        "results": results,
        "here": f"?{request.GET.urlencode()}" if request.GET else "",
    }
    return page(request, "refunds/dashboard_list.html", context, nav="refunds", status=status)


def _tabs(request: DashboardRequest) -> list[tuple[str, Any, str]]:
    """Each filter with its name; for those that wait for the shop, how many (up to a hundred)."""
    waiting = reads.waiting_count(request.merchant)
    others = [(tab.value, tab.label, "") for tab in TABS]
    return [(RefundState.WAITING.value, _("Waiting for you"), waiting), *others, (ALL, _("All"), "")]


# --- several at once --------------------------------------------------------------------------


@dashboard("refunds:write")
@sent_to("dashboard_refunds")
def refunds_decide(request: DashboardRequest) -> HttpResponseBase:
    """Approve or reject those that are ticked, each for itself; the inbox says what became of each."""
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _inbox(request, form, status=422)
    told = form.cleaned_data
    results = [_result(request, refund_id, told) for refund_id in told["refund"]]
    request.session[RESULTS] = [result for result in results if result]
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(reverse("dashboard_refunds") + query)


def _result(request: DashboardRequest, refund_id: UUID, told: dict[str, Any]) -> dict[str, Any] | None:
    """What became of one; None for what is not this shop's."""
    refund = queries.refund_of(request.merchant, refund_id)
    if refund is None:
        return None
    words, is_done = _decided(request, refund_id, told)
    return {
        "id": refund.public_id,
        "product": refund.item.product_name,
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "words": words,
        "is_done": is_done,
    }


def _decided(request: DashboardRequest, refund_id: UUID, told: dict[str, Any]) -> tuple[str, bool]:
    try:
        if told["decision"] == APPROVE:
            approve_refund(request.merchant, refund_id)
            return _("Approved"), True
        reject_refund(request.merchant, refund_id, told["reason"])
        return _("Rejected"), True
    except Refusal as refusal:
        return str(refusal.detail), False


# --- one of them -------------------------------------------------------------------------------


def _refund(request: DashboardRequest, refund_id: str) -> Refund:
    refund: Refund = found(queries.refund_of(request.merchant, parse_public_id("rfd", refund_id)))
    return refund


@dashboard("refunds:read")
@require_safe
def refund_detail(request: DashboardRequest, refund_id: str) -> HttpResponseBase:
    """One refund: photos, item, the buyer's record, what decided, and how to decide."""
    refund = _refund(request, refund_id)
    photos = list(refund.photos.all())
    older, newer = reads.neighbours_of(refund)
    context = {
        "refund": refund,
        "item": refund.item,
        "order": refund.order,
        "photos": [(path_to(photo), photo) for photo in photos],
        "record": reads.record_of(refund),
        "rules": [WORDS.get(rule, rule) for rule in refund.decision.get("rules", [refund.rule])],
        "by": _by(request, refund),
        "is_open": refund.state == RefundState.WAITING and may(request, "refunds:write"),
        "silence": _silence(refund),
        "older": older,
        "newer": newer,
    }
    return page(request, "refunds/dashboard_one.html", context, nav="refunds")


def _by(request: DashboardRequest, refund: Refund) -> str:
    """Who decided, in words; empty while nobody has."""
    if refund.decided_by == DEADLINE:
        return _("Nobody answered in time")
    if not refund.decided_by:
        return ""
    return names_of(request.merchant, [refund.decided_by])[refund.decided_by]


def _silence(refund: Refund) -> str:
    """What becomes of it if nobody answers; empty where nobody is waited for."""
    if refund.state != RefundState.WAITING:
        return ""
    return at_deadline(policy_of(refund.merchant_id), refund.decision.get("rules", ()))


@dashboard("refunds:write")
@sent_to("dashboard_refund", "refund_id")
def refund_approve(request: DashboardRequest, refund_id: str) -> HttpResponseBase:
    """The money goes back."""
    refund = _refund(request, refund_id)
    return attempt(
        request,
        lambda: approve_refund(request.merchant, refund.pk),
        back=reverse("dashboard_refund", args=[refund.public_id]),
        done=_("Approved. The money goes back the way it came."),
    )


@dashboard("refunds:write")
@sent_to("dashboard_refund", "refund_id")
def refund_reject(request: DashboardRequest, refund_id: str) -> HttpResponseBase:
    """No money goes back, and the buyer reads why."""
    refund = _refund(request, refund_id)
    reason = request.POST.get("reason", "").replace("\x00", "")
    return attempt(
        request,
        lambda: reject_refund(request.merchant, refund.pk, reason),
        back=reverse("dashboard_refund", args=[refund.public_id]),
        done=_("Rejected. The buyer reads your reason."),
    )
