"""What came of a campaign, by day."""

from __future__ import annotations

from collections import Counter

import pytest

from common import drains
from coupons.models import CampaignFigure
from tests.cast import Cast
from tests.coupons.stage import collect, issue, make_campaign, payment_code

pytestmark = pytest.mark.usefixtures("agrees")


def test_every_coupon_is_counted_once(cast: Cast) -> None:
    campaign = make_campaign(cast)
    coupons = [issue(cast, campaign) for _ in range(3)]
    sold = []
    for place, coupon in enumerate(coupons[:2]):
        cast.buyer_key.post(f"me/coupons/{coupon}/use")
        sold.append(collect(cast.owner_key, payment_code(cast.buyer_key), 10_000, f"r-{place}").body["id"])
    cast.owner_key.post(f"payments/{sold[0]}/reverse")
    drains.run_all()
    drains.run_all()
    counted: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    sale: Counter[str] = Counter()
    for figure in CampaignFigure.objects.filter(campaign__merchant=cast.merchant):  # of two days at midnight
        counted[figure.measure] += figure.count
        cost[figure.measure] += figure.cost_minor
        sale[figure.measure] += figure.sale_minor
    assert counted == {"issued": 3, "armed": 2, "used": 2, "given_back": 1}
    assert (cost["used"], sale["used"]) == (4_000, 20_000)
    assert (cost["given_back"], sale["given_back"]) == (2_000, 10_000)
