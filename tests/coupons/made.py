"""Campaigns and coupons made by the flows, for tests that need what no key may make, or many of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from common import clock
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign, Coupon, Kind
from merchants.models import Person
from tests.cast import Cast


def a_campaign(cast: Cast, **changed: Any) -> Campaign:
    """A running campaign of 20.00 off, wide open; `changed` as in `CampaignAsk`."""
    now = clock.now()
    asked = CampaignAsk(
        merchant=cast.merchant,
        name="Twenty off",
        kind=Kind.FIXED,
        value=2_000,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=7),
        total_quota=1_000,
        per_buyer_limit=100,
    )
    return make_campaign(replace(asked, **changed))


def a_coupon(campaign: Campaign, owner: Person, *, is_armed: bool = False) -> Coupon:
    """A coupon for somebody, perhaps set for the next payment code."""
    coupon = issue_coupon(campaign.pk, owner)
    return arm_coupon(owner, coupon.pk) if is_armed else coupon
