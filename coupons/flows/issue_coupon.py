"""Giving a buyer a coupon of a campaign, never above its quota or the buyer's limit (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import clock, ids, locking, outbox
from common.rows import insert_together
from coupons.issuing import holding, lock_to_issue
from coupons.models import Coupon, How
from coupons.spending import told
from merchants.models import Person


def issue_coupon(campaign_id: UUID, person: Person, how: How = How.ISSUED) -> Coupon:
    """Issue one coupon.

    Raises `NotFound`, `CampaignPaused`, `CampaignEnded`, `QuotaExhausted`, `BuyerLimitReached`.
    """
    moment = clock.now()
    with locking.transaction():
        campaign = lock_to_issue(campaign_id, moment)
        coupon = Coupon(
            id=ids.new_id(),
            campaign=campaign,
            merchant_id=campaign.merchant_id,
            owner=person,
            issued_at=moment,
            expires_at=campaign.ends_at,
        )
        held = holding(campaign, person.pk, coupon, how, moment)
        insert_together([coupon], [held], [told("coupon.issued", coupon, how=how.value)])
        outbox.announce()
        return coupon
