"""An address, and its QR, by which buyers get coupons of a campaign themselves (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, ids, locking
from common.refusals import NotFound
from common.rows import insert_together
from coupons.models import Campaign, ClaimLink
from coupons.refusals import CampaignEnded, TooManyLinks
from merchants.models import Merchant

MAX_LINKS = 50
"""In use at once for one campaign."""


def make_claim_link(merchant: Merchant, campaign_id: UUID, name: str = "") -> ClaimLink:
    """Make one; `name` says where it hangs.

    Raises `NotFound`, `CampaignEnded`, `TooManyLinks`.
    """
    moment = clock.now()
    with locking.transaction():
        campaign = locking.lock_row(Campaign.objects.filter(merchant=merchant), pk=campaign_id)
        if campaign is None:
            raise NotFound
        if campaign.has_ended(moment):
            raise CampaignEnded
        if ClaimLink.objects.filter(campaign=campaign, ended_at=None).count() >= MAX_LINKS:
            raise TooManyLinks
        link = ClaimLink(id=ids.new_id(), campaign=campaign, name=name, created_at=moment)
        entry = audit.entry("claim_link.made", link.public_id, merchant_id=merchant.pk)
        insert_together([link], [entry])
        return link
