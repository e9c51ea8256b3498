"""Pausing, resuming and closing a campaign (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from django_fsm import TransitionNotAllowed

from common import audit, locking
from common.refusals import InvalidState, NotFound
from common.rows import save_states
from coupons.funds import return_fund
from coupons.models import Campaign, CampaignState
from merchants.models import Merchant

_VERBS = {
    CampaignState.PAUSED: Campaign.pause,
    CampaignState.ACTIVE: Campaign.resume,
    CampaignState.CLOSED: Campaign.close,
}


def change_campaign(merchant: Merchant, campaign_id: UUID, state: CampaignState) -> Campaign:
    """Bring it to a state; it is there already: nothing. A closed one gives the platform's money back.

    Raises `NotFound`, and `InvalidState` for one that is closed.
    """
    with locking.transaction():
        campaign = locking.lock_row(Campaign.objects.filter(merchant=merchant), pk=campaign_id)
        if campaign is None:
            raise NotFound
        if campaign.state == state:
            return campaign
        try:
            _VERBS[state](campaign)
        except TransitionNotAllowed as error:
            raise InvalidState from error
        save_states([campaign], ["state"])
        audit.record(f"campaign.{state.value}", campaign.public_id, merchant_id=campaign.merchant_id)
        if state == CampaignState.CLOSED and campaign.is_platform_funded:
            return_fund(campaign)
        return campaign
