"""The dashboard's pages of campaigns: the list, a new one with its preview, one with what can be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.forms import add_refusal
from common.ids import parse_public_id
from common.money import one_unit_minor
from common.paging import page_of
from common.refusals import InvalidInput
from coupons import dashboard_queries as reads, goods, queries, words
from coupons.dashboard_words import preview_of, shown_coupon
from coupons.figures import periods
from coupons.flows.change_campaign import change_campaign
from coupons.flows.make_campaign import make_campaign
from coupons.forms import CampaignForm, IssueForm, LinkForm, PreviewForm
from coupons.links import claim_url
from coupons.models import Campaign, CampaignState
from merchants.dashboard import DashboardRequest, attempt, dashboard, found, may, page, place_of, sent_to

BILL_AT_FIRST_MINOR = 10_000
SPANS = (7, 30, 90)
DAYS = 30
ALL = "all"


@dashboard("coupons:read")
@require_safe
def campaign_list(request: DashboardRequest) -> HttpResponseBase:
    """The merchant's campaigns: what they take off, how many are out, what is spent."""
    rows, moment = page_of(queries.campaigns_of(request.merchant), place_of(request)), clock.now()
    context = {
        "page": rows,
        "rows": [(campaign, words.state_of(campaign, moment)) for campaign in rows.rows],
    }
    return page(request, "coupons/campaigns.html", context, nav="campaigns")


@dashboard("coupons:write")
def campaign_new(request: DashboardRequest) -> HttpResponseBase:
    """A new campaign; beside the form stands what a bill would come to."""
    form = CampaignForm(request.merchant, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        made = _make(form)
        if made is not None:
            messages.success(request, _("“%(name)s” is made. Now let it reach buyers.") % {"name": made.name})
            return redirect("dashboard_campaign", made.public_id)
    context = {"form": form, **_preview(request)}
    status = 422 if form.is_bound else 200
    return page(request, "coupons/campaign_new.html", context, nav="campaigns", status=status)


def _make(form: CampaignForm) -> Campaign | None:
    try:
        return make_campaign(form.ask())
    except InvalidInput as refused:
        add_refusal(form, refused, form.field_of)
        return None


def _preview(request: DashboardRequest) -> dict[str, Any]:
    if request.method != "POST":
        blank = PreviewForm(request.merchant, initial={"bill": BILL_AT_FIRST_MINOR})
        return {"preview_form": blank, "preview": None}
    form = PreviewForm(request.merchant, request.POST)
    return {"preview_form": form, "preview": preview_of(form)}


@dashboard("coupons:write")
@sent_to("dashboard_campaign_new")
def campaign_preview(request: DashboardRequest) -> HttpResponseBase:
    """The part of the new campaign's page that says what a bill would come to."""
    return page(request, "coupons/preview.html", _preview(request), nav="campaigns")


@dashboard("coupons:write")
@sent_to("dashboard_campaign_new")
def campaign_shelf(request: DashboardRequest) -> HttpResponseBase:
    """The part of that page that offers products: those chosen, then what fits the search."""
    form = CampaignForm(request.merchant, request.POST)
    return page(request, "coupons/shelf.html", {"form": form}, nav="campaigns")


def campaign_at(request: DashboardRequest, campaign_id: str) -> Campaign:
    """The campaign of an address; a 404 for anybody else's."""
    campaign: Campaign = found(queries.campaign_of(request.merchant, parse_public_id("cmp", campaign_id)))
    return campaign


@dashboard("coupons:read")
@require_safe
def campaign_detail(request: DashboardRequest, campaign_id: str) -> HttpResponseBase:
    """One campaign: terms, figures, its links and coupons."""
    return draw(request, campaign_at(request, campaign_id))


def draw(request: DashboardRequest, campaign: Campaign, status: int = 200, **forms: Any) -> HttpResponseBase:
    """The campaign's page; `forms` are those that were refused."""
    moment = clock.now()
    names = goods.names_of(request.merchant, campaign.products).values()
    coupons = page_of(queries.coupons_of(request.merchant, campaign), place_of(request))
    state = words.state_of(campaign, moment)
    context = {
        **_figures(request, campaign),
        "campaign": campaign,
        "state": state,
        "can_issue": state in ("active", "soon"),
        "is_over": campaign.has_ended(moment),
        "terms": words.terms_of(campaign, names),
        "links": [(link, claim_url(link)) for link in reads.links_of(campaign)],
        "page": coupons,
        "coupons": [shown_coupon(coupon, campaign, moment) for coupon in coupons.rows],
        "issue_form": IssueForm(request.merchant),
        "link_form": LinkForm(),
        "may_write": may(request, "coupons:write"),
        **forms,
    }
    return page(request, "coupons/campaign.html", context, nav="campaigns", status=status)


def _figures(request: DashboardRequest, campaign: Campaign) -> dict[str, Any]:
    """What came of the campaign: in all, and over the days that are asked for."""
    today, asked = clock.today(), request.GET.get("days", "")
    figures = reads.figures_of(campaign, today)
    days = None if asked == ALL else int(asked) if asked in map(str, SPANS) else DAYS
    unit_minor = one_unit_minor(campaign.currency)
    return {
        "figures": figures,
        "days": days or ALL,
        "spans": SPANS,
        "periods": periods(figures.by_day, today, days),
        "unit_minor": unit_minor,
        "brought_minor": figures.total.brought_minor(unit_minor),
    }


def address_of(campaign: Campaign) -> str:
    """The campaign's page."""
    return reverse("dashboard_campaign", args=[campaign.public_id])


@dashboard("coupons:write")
@sent_to("dashboard_campaign", "campaign_id")
def campaign_change(request: DashboardRequest, campaign_id: str, to: str) -> HttpResponseBase:
    """Pause it, let it go on, or close it for good."""
    campaign, (state, done) = campaign_at(request, campaign_id), _changes()[to]
    return attempt(
        request,
        lambda: change_campaign(request.merchant, campaign.pk, state),
        back=address_of(campaign),
        done=done,
    )


def _changes() -> dict[str, tuple[CampaignState, str]]:
    return {
        "pause": (CampaignState.PAUSED, _("The campaign is paused. Its coupons wait.")),
        "resume": (CampaignState.ACTIVE, _("The campaign goes on.")),
        "close": (CampaignState.CLOSED, _("The campaign is closed. Its coupons have ended.")),
    }
