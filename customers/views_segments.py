"""The dashboard's pages on which a segment of customers gets a coupon: asking, counting, progress."""

from __future__ import annotations

import json

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.ids import parse_public_id
from common.refusals import Refusal
from coupons.models import Campaign
from coupons.queries import campaign_of
from coupons.words import amount
from customers.flows.begin_segment import begin_segment
from customers.flows.stop_segment import stop_segment
from customers.models import Customer, Outcome, SegmentMember, SegmentRun, Tag
from customers.queries import tags_of
from customers.segment_forms import MOST_TAGS_SHOWN, SegmentForm, fresh_once
from customers.segments import Segment, customers_in
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, may, page, sent_to

SECONDS = 2
SHOWN_RUNS = 20
SHOWN_SKIPPED = 50


def _campaign(request: DashboardRequest, campaign_id: str) -> Campaign:
    campaign: Campaign = found(campaign_of(request.merchant, parse_public_id("cmp", campaign_id)))
    return campaign


def _run(request: DashboardRequest, run_id: str) -> SegmentRun:
    runs = SegmentRun.objects.filter(merchant=request.merchant).select_related("campaign")
    run: SegmentRun = found(runs.filter(pk=found(parse_public_id("seg", run_id))).first())
    return run


@dashboard("coupons:write")
def segment_new(request: DashboardRequest, campaign_id: str) -> HttpResponseBase:
    """Say whom, see how many, give. Counting changes nothing."""
    if not may(request, "customers:read"):
        return redirect("dashboard_campaign", campaign_id)
    campaign = _campaign(request, campaign_id)
    tags = list(tags_of(request.merchant)[:MOST_TAGS_SHOWN])
    if request.method != "POST":
        return _draw(request, campaign, SegmentForm(request.merchant, tags))
    form = SegmentForm(request.merchant, tags, request.POST)
    if not form.is_valid():
        return _draw(request, campaign, form, status=422)
    if request.POST.get("do") != "give" or request.POST.get("counted") != _sealed(form.segment()):
        # What was changed since it was counted is counted again: the button said how many.
        return _draw(request, campaign, form, count=customers_in(request.merchant, form.segment()).count())
    try:
        run = begin_segment(request.merchant, campaign.pk, form.segment(), form.run_id())
    except Refusal as refusal:
        form.add_error(None, str(refusal.detail))
        return _draw(request, campaign, form, status=422)
    return redirect("dashboard_segment", run.public_id)


def _sealed(segment: Segment) -> str:
    """What a count was for."""
    return json.dumps(segment.as_json(), sort_keys=True)


def _draw(
    request: DashboardRequest,
    campaign: Campaign,
    form: SegmentForm,
    *,
    count: int | None = None,
    status: int = 200,
) -> HttpResponseBase:
    context = {
        "campaign": campaign,
        "form": form,
        # What is counted anew is a run of its own, whatever was begun from the page before.
        "once": fresh_once(),
        "count": count,
        "counted": _sealed(form.segment()) if count is not None else "",
        "left": campaign.total_quota - campaign.issued_count,
        "is_over": campaign.has_ended(clock.now()),
        "runs": SegmentRun.objects.filter(campaign=campaign).order_by("-pk")[:SHOWN_RUNS],
    }
    return page(request, "customers/segment_new.html", context, nav="campaigns", status=status)


@dashboard("coupons:read")
@require_safe
def segment_detail(request: DashboardRequest, run_id: str) -> HttpResponseBase:
    """How far it is, and who got none and why; the part that changes asks for itself."""
    run = _run(request, run_id)
    template = "segment_part" if request.headers.get("HX-Request") else "segment"
    context = {
        "run": run,
        "campaign": run.campaign,
        "address": reverse("dashboard_segment", args=[run.public_id]),
        "asked_for": words_of(run),
        "skipped": _skipped(run) if may(request, "customers:read") and run.is_over else [],
        "stamp": f"{run.state}-{run.handled_count}-{bool(run.stop_asked_at)}-{run.campaign.state}",
        "announce": _announce(run),
        "seconds": SECONDS,
        "may_write": may(request, "coupons:write"),
    }
    return page(request, f"customers/{template}.html", context, nav="campaigns")


def _announce(run: SegmentRun) -> str:
    """What a screen reader is told: not every number, only the end."""
    if not run.is_over:
        return ""
    return _("Done: %(given)s of %(total)s got a coupon.") % {
        "given": run.given_count,
        "total": run.total_count,
    }


def _skipped(run: SegmentRun) -> list[tuple[Customer, str]]:
    members = SegmentMember.objects.filter(run=run, outcome__in=(Outcome.AT_LIMIT, Outcome.GONE))
    shown = members.select_related("customer__person").order_by("pk")[:SHOWN_SKIPPED]
    return [(member.customer, str(Outcome(member.outcome).label)) for member in shown]


def words_of(run: SegmentRun) -> list[str]:
    """What the run asked of a customer, line by line."""
    segment = Segment.of_json(run.criteria)
    tags = Tag.objects.filter(pk__in=segment.tags).values_list("name", flat=True)
    lines = [_("Tag: %(name)s") % {"name": name} for name in sorted(tags)]
    if segment.min_orders:
        lines.append(_("Orders paid: at least %(count)s") % {"count": segment.min_orders})
    if segment.min_spent_minor:
        spent = amount(segment.min_spent_minor, run.campaign.currency)
        lines.append(_("Spent: at least %(amount)s") % {"amount": spent})
    if segment.bought_since:
        lines.append(_("Last bought on %(day)s or later") % {"day": segment.bought_since.isoformat()})
    if segment.not_since:
        lines.append(_("Bought nothing since %(day)s") % {"day": segment.not_since.isoformat()})
    return lines or [_("All customers")]


@dashboard("coupons:write")
@sent_to("dashboard_segment", "run_id")
def segment_stop(request: DashboardRequest, run_id: str) -> HttpResponseBase:
    """Stop it."""
    run = _run(request, run_id)
    return attempt(
        request,
        lambda: stop_segment(request.merchant, run.pk),
        back=reverse("dashboard_segment", args=[run.public_id]),
        done=_("It stops. What was given stays given."),
    )
