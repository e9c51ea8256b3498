"""The platform's money in a campaign's fund, given back to the bank (POSTINGS: C→B)."""

from __future__ import annotations

from common import ids
from common.rows import save_states
from coupons.models import Campaign
from ledger.accounts import bank, campaign_fund
from ledger.posting import Journal, post
from ledger.queries import lock_available


def return_fund(campaign: Campaign) -> None:
    """All that is in the fund of a closed campaign, which is locked by the caller, goes back to the bank.

    Money may come into the fund later, of a sale that is reversed: `closed_journal` is always the next one's.
    """
    fund = campaign_fund(campaign.pk)
    (left,) = lock_available(campaign.currency, fund)
    if left:
        journal, campaign.closed_journal = campaign.closed_journal, ids.new_id()
        save_states([campaign], ["closed_journal"])
        post(Journal.of(journal, "campaign_closed", campaign.currency, fund, bank(), amount=left))
