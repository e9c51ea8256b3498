"""A buyer gets a coupon by a claim link: as many as one buyer may have, while there are any (FLOWS 2)."""

from __future__ import annotations

from django.db.models import F

from common import locking
from common.refusals import NotFound
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, ClaimLink, Coupon, Holding, How
from coupons.refusals import LinkEnded
from merchants.models import Person


def claim_coupon(token: str, person: Person, number: int | None = None) -> Coupon:
    """Issue one to whoever opened the link.

    `number` says which of the buyer's coupons of this campaign is asked for: had already, it is that one,
    so that a second tap gives no second coupon. Raises `NotFound`, `LinkEnded`, `CampaignPaused`,
    `CampaignEnded`, `QuotaExhausted`, `BuyerLimitReached`.
    """
    found = ClaimLink.objects.filter(token=token).first()
    if found is None:
        raise NotFound
    with locking.transaction():
        locking.lock_row(Campaign.objects.all(), pk=found.campaign_id)
        link = ClaimLink.objects.get(pk=found.pk)  # the campaign's lock guards it
        had = _had(link, person, number)
        if had is not None:
            return had
        if link.ended_at is not None:
            raise LinkEnded
        coupon = issue_coupon(link.campaign_id, person, How.CLAIMED)
        ClaimLink.objects.filter(pk=link.pk).update(claimed_count=F("claimed_count") + 1)
        return coupon


def _had(link: ClaimLink, person: Person, number: int | None) -> Coupon | None:
    if number is None:
        return None
    mine = Holding.objects.filter(campaign_id=link.campaign_id, person=person, number=number)
    held = mine.select_related("coupon").first()
    return None if held is None else held.coupon
