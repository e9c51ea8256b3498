"""How a campaign reaches buyers from the dashboard: one buyer by phone, claim links, and the export."""

from __future__ import annotations

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock, qr
from common.ids import parse_public_id
from common.refusals import Refusal
from coupons import dashboard_queries as reads, queries
from coupons.dashboard_campaigns import address_of, campaign_at, draw
from coupons.flows.end_claim_link import end_claim_link
from coupons.flows.export_coupons import export_coupons
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.forms import IssueForm, LinkForm
from coupons.links import claim_url
from coupons.models import ClaimLink
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, page, sent_to
from merchants.flows.find_or_make_buyer import find_or_make_buyer


@dashboard("coupons:write")
@sent_to("dashboard_campaign", "campaign_id")
def coupon_issue(request: DashboardRequest, campaign_id: str) -> HttpResponseBase:
    """Give one buyer a coupon."""
    campaign = campaign_at(request, campaign_id)
    form = IssueForm(request.merchant, request.POST)
    if form.is_valid():
        try:
            issue_coupon(campaign.pk, find_or_make_buyer(form.cleaned_data["buyer_phone"]))
        except Refusal as refusal:
            form.add_error("buyer_phone", str(refusal.detail))
        else:
            messages.success(request, _("The coupon is on the buyer's pages."))
            return redirect(address_of(campaign))
    return draw(request, campaign, 422, issue_form=form)


@dashboard("coupons:read")
@require_safe
def coupon_export(request: DashboardRequest, campaign_id: str) -> HttpResponseBase:
    """The campaign's coupons as CSV, streamed; `?count=1` tells in a header how many lines will come."""
    campaign = campaign_at(request, campaign_id)
    answer = StreamingHttpResponse(export_coupons(campaign), content_type="text/csv; charset=utf-8")
    shop, what = slugify(request.merchant.slug), slugify(campaign.name) or "coupons"
    name = f"{shop}-{what}-{clock.today():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if request.GET.get("count"):
        count = queries.coupons_of(request.merchant, campaign).order_by().count()
        answer.headers["X-Rows"] = str(count)
    return answer


@dashboard("coupons:write")
@sent_to("dashboard_campaign", "campaign_id")
def link_new(request: DashboardRequest, campaign_id: str) -> HttpResponseBase:
    """Make a claim link."""
    campaign = campaign_at(request, campaign_id)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            link = make_claim_link(request.merchant, campaign.pk, form.cleaned_data["name"])
        except Refusal as refusal:
            form.add_error("name", str(refusal.detail))
        else:
            return redirect("dashboard_claim_link", link.public_id)
    return draw(request, campaign, 422, link_form=form)


def _link(request: DashboardRequest, link_id: str) -> ClaimLink:
    link: ClaimLink = found(reads.link_of(request.merchant, parse_public_id("clm", link_id)))
    return link


@dashboard("coupons:read")
@require_safe
def link_sheet(request: DashboardRequest, link_id: str) -> HttpResponseBase:
    """A claim link: its address, and its code on a sheet to print."""
    link = _link(request, link_id)
    address = claim_url(link)
    context = {"link": link, "campaign": link.campaign, "address": address, "picture": qr.data_uri(address)}
    return page(request, "coupons/claim_sheet.html", context, nav="campaigns")


@dashboard("coupons:write")
@sent_to("dashboard_claim_link", "link_id")
def link_end(request: DashboardRequest, link_id: str) -> HttpResponseBase:
    """End a claim link for good."""
    link = _link(request, link_id)
    return attempt(
        request,
        lambda: end_claim_link(request.merchant, link.pk),
        back=address_of(link.campaign),
        done=_("The link has ended. What was claimed by it stays."),
    )
