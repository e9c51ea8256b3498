"""A shop with campaigns, and browsers that look at them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from common import clock
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign
from merchants.models import Merchant
from tests.look.conftest import browser as browser, look as look, site as site
from tests.pages_calls.conftest import Enter, enter as enter
from tests.pages_dashboard.conftest import HOME, Shop, errors, owner as owner, shop as shop, words


def campaign_of(merchant: Merchant, **changed: Any) -> Campaign:
    """A running campaign of 20.00 off; `changed` as in `CampaignAsk`."""
    now = clock.now()
    asked: dict[str, Any] = {
        "name": "Rainy day",
        "kind": "fixed",
        "value": 2_000,
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=7),
        "total_quota": 100,
        "per_buyer_limit": 2,
        **changed,
    }
    return make_campaign(CampaignAsk(merchant=merchant, **asked))


__all__ = ["HOME", "Enter", "Shop", "campaign_of", "errors", "words"]
