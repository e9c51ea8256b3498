"""Money that comes back to a campaign of the platform after it was closed goes on to the bank (FLOWS 2).

A sale may be reversed, units may be refunded, a gateway's payment may fail long after the close.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from common import drains, locking
from coupons.funds import return_fund
from coupons.models import Campaign, CampaignState, FundedBy
from ledger.accounts import Kind
from ledger.models import Balance

DRAIN = "return_funds"
CHUNK = 100


@drains.register(DRAIN, every_seconds=60)
def return_funds() -> int:
    """Empty the funds of closed campaigns that have money again; how many."""
    closed = Campaign.objects.filter(state=CampaignState.CLOSED, funded_by=FundedBy.PLATFORM)
    filled = Balance.objects.filter(kind=Kind.CAMPAIGN_FUND, amount__gt=0, owner__in=closed.values("pk"))
    owners = filled.order_by("owner").distinct().values_list("owner", flat=True)
    return sum(drains.chunk(_return, [owner]) for owner in owners[:CHUNK])


def _return(chosen: Collection[UUID]) -> int:
    """One campaign a transaction: a fund is locked whole, and two of them would have an order."""
    with locking.transaction():
        campaigns = locking.lock_rows(Campaign.objects.filter(pk__in=chosen), skip_locked=True)
        for campaign in campaigns:
            return_fund(campaign)
        return len(campaigns)
