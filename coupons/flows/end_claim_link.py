"""Ending a claim link: what was claimed stays, whoever opens it now gets nothing (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from coupons.models import Campaign, ClaimLink
from merchants.models import Merchant


def end_claim_link(merchant: Merchant, link_id: UUID) -> ClaimLink:
    """End it for good; it has ended already: nothing. Raises `NotFound`."""
    found = ClaimLink.objects.filter(campaign__merchant=merchant, pk=link_id).first()
    if found is None:
        raise NotFound
    with locking.transaction():
        locking.lock_row(Campaign.objects.all(), pk=found.campaign_id)
        link = ClaimLink.objects.get(pk=link_id)  # the campaign's lock guards it
        if link.ended_at is None:
            link.ended_at = clock.now()
            link.save(update_fields=["ended_at"])
            audit.record("claim_link.ended", link.public_id, merchant_id=merchant.pk)
        return link
