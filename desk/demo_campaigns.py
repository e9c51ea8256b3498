"""The demo's campaigns: a fixed one, a percentage with a cap, one from a threshold on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from common import clock
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign, CampaignState, Coupon, CouponState, Kind
from merchants.models import Merchant, Person

QUOTA = 10_000_000
RUNS_FOR = timedelta(days=3 * 365)
BEGAN_AGO = timedelta(days=31)
"""The month of history that the demo is made with has used them."""

PLANS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Five off", {"kind": Kind.FIXED, "value": 500}),
    ("A tenth off, at most twenty", {"kind": Kind.PERCENT, "value": 10, "cap_minor": 2_000}),
    ("Twenty off from a hundred on", {"kind": Kind.FIXED, "value": 2_000, "minimum_spend_minor": 10_000}),
)


def make_campaigns(merchant: Merchant) -> list[Campaign]:
    """The three campaigns; one that has ended is made anew."""
    now = clock.now()
    running = Campaign.objects.filter(
        merchant=merchant, state=CampaignState.ACTIVE, ends_at__gt=now + timedelta(days=1)
    )
    found = []
    for name, terms in PLANS:
        campaign = running.filter(name=name).order_by("pk").first()
        found.append(campaign or make_campaign(_ask(merchant, name, terms)))
    return found


def _ask(merchant: Merchant, name: str, terms: dict[str, Any]) -> CampaignAsk:
    now = clock.now()
    return CampaignAsk(
        merchant=merchant,
        name=name,
        starts_at=now - BEGAN_AGO,
        ends_at=now + RUNS_FOR,
        total_quota=QUOTA,
        per_buyer_limit=QUOTA,
        **terms,
    )


def give_one_of_each(buyer: Person, campaigns: Sequence[Campaign]) -> None:
    """The buyer has a coupon of each that can be used."""
    usable = Coupon.objects.filter(owner=buyer, state__in=(CouponState.ISSUED, CouponState.ARMED))
    has = set(usable.filter(campaign__in=campaigns).values_list("campaign_id", flat=True))
    for campaign in campaigns:
        if campaign.pk not in has:
            issue_coupon(campaign.pk, buyer)


def described(campaign: Campaign) -> dict[str, Any]:
    """A campaign in the JSON of `manage.py demo`."""
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "kind": campaign.kind,
        "value": campaign.value,
        "cap": campaign.cap_minor,
        "minimum_spend": campaign.minimum_spend_minor,
    }
