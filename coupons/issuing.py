"""Counting coupons: a campaign's quota and a buyer's limit (FLOWS 2)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F, Max

from common import locking
from common.locking import Rank
from common.refusals import NotFound
from coupons.models import Campaign, CampaignState, Coupon, Holding, How
from coupons.refusals import BuyerLimitReached, CampaignEnded, CampaignPaused, QuotaExhausted


def lock_to_issue(campaign_id: UUID, moment: datetime) -> Campaign:
    """The campaign, with one more coupon counted; whoever comes after waits until we are done."""
    locking.ascend_to(Rank.CAMPAIGN)
    row = Campaign.objects.filter(pk=campaign_id)
    free = row.filter(state=CampaignState.ACTIVE, ends_at__gt=moment, issued_count__lt=F("total_quota"))
    counted = free.update(issued_count=F("issued_count") + 1)
    campaign = row.first()
    if campaign is None:
        raise NotFound
    if not counted:
        if campaign.has_ended(moment):
            raise CampaignEnded
        raise CampaignPaused if campaign.state == CampaignState.PAUSED else QuotaExhausted
    return campaign


def holding(campaign: Campaign, person_id: UUID, coupon: Coupon, how: How, moment: datetime) -> Holding:
    """That a buyer comes to have a coupon, as the next in number. Raises `BuyerLimitReached`.

    The campaign is locked by the caller; the unique numbers and their limit hold without that, too.
    """
    mine = Holding.objects.filter(campaign=campaign, person_id=person_id)
    had = mine.aggregate(most=Max("number"))["most"] or 0
    if had >= campaign.per_buyer_limit:
        raise BuyerLimitReached
    return Holding(
        campaign=campaign,
        person_id=person_id,
        number=had + 1,
        limit=campaign.per_buyer_limit,
        coupon=coupon,
        how=how,
        since=moment,
    )
