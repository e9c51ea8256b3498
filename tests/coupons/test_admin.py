"""Staff: campaigns that the platform pays for are made here; coupons are read."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import helpers
from django.test import Client
from django.urls import reverse

from common.models import AuditEntry
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.flows.offer_coupon import offer_coupon
from coupons.models import Campaign
from ledger.accounts import campaign_fund
from ledger.queries import balance
from tests.cast import Cast, make_member, make_staff, signed_in
from tests.pages_campaigns.conftest import campaign_of
from tests.pages_campaigns.test_campaigns import sent

ADD = "/admin/coupons/campaign/add/"


@pytest.fixture
def staff(cast: Cast) -> Client:
    return signed_in(make_staff())


def test_first_whose_it_is(cast: Cast, staff: Client) -> None:
    assert staff.get(ADD).status_code == 200
    assert "There is no such merchant" in staff.get(ADD, {"merchant": "nobody"}).content.decode()
    page = staff.get(ADD, {"merchant": cast.merchant.slug}).content.decode()
    assert "Paid by" in page
    assert cast.merchant.name in page


@pytest.mark.usefixtures("agrees")
def test_the_platforms_money_is_set_aside_and_comes_back(cast: Cast, staff: Client) -> None:
    here = f"{ADD}?merchant={cast.merchant.slug}"
    answer = staff.post(here, sent(budget="500", funded_by="platform"))
    campaign = Campaign.objects.get(merchant=cast.merchant)
    assert answer.headers["Location"] == f"/admin/coupons/campaign/{campaign.pk}/change/"
    assert (campaign.funded_by, campaign.budget_minor) == ("platform", 50_000)
    assert balance(campaign_fund(campaign.pk), "CNY") == 50_000
    assert AuditEntry.objects.get(subject=campaign.public_id).actor.startswith("person:")
    assert staff.get(answer.headers["Location"]).status_code == 200
    asked = {"action": "close_campaign", helpers.ACTION_CHECKBOX_NAME: [str(campaign.pk)], "reason": "Over"}
    staff.post(reverse("admin:coupons_campaign_changelist"), asked)
    assert Campaign.objects.get(pk=campaign.pk).state == "closed"
    assert balance(campaign_fund(campaign.pk), "CNY") == 0


@pytest.mark.parametrize(
    "changed", [{"budget": ""}, {"budget": "1", "daily_budget": "2"}, {"amount": ""}, {"name": ""}]
)
def test_what_does_not_fit_is_refused(cast: Cast, staff: Client, changed: dict[str, Any]) -> None:
    here = f"{ADD}?merchant={cast.merchant.slug}"
    assert staff.post(here, sent(funded_by="platform", **changed)).status_code == 422
    assert not Campaign.objects.filter(merchant=cast.merchant).exists()


def test_nobody_else_makes_them(cast: Cast) -> None:
    here = f"{ADD}?merchant={cast.merchant.slug}"
    for person in (make_member(cast.merchant), cast.buyer):
        assert signed_in(person).post(here, sent(budget="5", funded_by="platform")).status_code in (302, 403)
    assert not Campaign.objects.filter(merchant=cast.merchant).exists()


def test_pages_of_members_can_never_name_the_platform(cast: Cast) -> None:
    owner = signed_in(make_member(cast.merchant))
    owner.post("/dashboard/campaigns/new", sent(budget="5", funded_by="platform"))
    assert Campaign.objects.get(merchant=cast.merchant).funded_by == "merchant"


def test_coupons_are_read_and_never_edited_and_tokens_not_shown(cast: Cast, staff: Client) -> None:
    campaign = campaign_of(cast.merchant)
    link, coupon = (
        make_claim_link(cast.merchant, campaign.pk, "Window"),
        issue_coupon(campaign.pk, cast.buyer),
    )
    offer = offer_coupon(cast.buyer, coupon.pk)
    coupon_page = reverse("admin:coupons_coupon_change", args=[coupon.pk])
    campaign_page = reverse("admin:coupons_campaign_change", args=[campaign.pk])
    assert staff.post(coupon_page, {}).status_code == 403
    assert staff.post(campaign_page, {}).status_code == 403
    assert staff.get(reverse("admin:coupons_coupon_add")).status_code == 403
    for page in (coupon_page, campaign_page, reverse("admin:coupons_coupon_changelist")):
        text = staff.get(page).content.decode()
        assert offer.token not in text
        assert link.token not in text
