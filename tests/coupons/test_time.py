"""What time does to coupons: armed ones are put back, ended ones expire, codes keep what they promised."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, drains
from coupons.flows.end_coupons import SLACK
from coupons.models.coupons import ARMED_FOR
from tests.cast import Cast
from tests.coupons.stage import armed, collect, issue, make_campaign, payment_code, state_of

pytestmark = pytest.mark.usefixtures("agrees")


def test_an_armed_coupon_is_put_back_after_a_while(cast: Cast) -> None:
    coupon = armed(cast)
    drains.run("end_coupons")
    assert state_of(cast.buyer_key, coupon) == "armed"
    with clock.moved(ARMED_FOR + SLACK):
        drains.run("end_coupons")
        assert state_of(cast.buyer_key, coupon) == "issued"


def test_a_payment_code_keeps_it_armed_until_its_end(cast: Cast) -> None:
    coupon = armed(cast)
    with clock.moved(ARMED_FOR - timedelta(seconds=1)):
        code = payment_code(cast.buyer_key)
    with clock.moved(ARMED_FOR + timedelta(seconds=30)):
        drains.run("end_coupons")
        sold = collect(cast.owner_key, code, 10_000, "r-1")
        assert (sold.status, sold.body["deduction"]) == (201, 2_000)
        assert state_of(cast.buyer_key, coupon) == "used"


def test_a_code_of_after_its_time_is_without_it(cast: Cast) -> None:
    """The page has shown for a while that nothing is set."""
    coupon = armed(cast)
    with clock.moved(ARMED_FOR):
        sold = collect(cast.owner_key, payment_code(cast.buyer_key), 10_000, "r-1")
        assert (sold.status, sold.body["deduction"]) == (201, 0)
        assert state_of(cast.buyer_key, coupon) == "issued"


def test_an_ended_coupon_expires_and_can_not_be_armed(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast))
    with clock.moved(timedelta(days=8)):
        refused = cast.buyer_key.post(f"me/coupons/{coupon}/use")
        assert (refused.status, refused.code) == (409, "coupon_not_usable")
        drains.run("end_coupons")
        assert state_of(cast.buyer_key, coupon) == "expired"


def test_a_reversed_sale_after_its_end_brings_no_coupon_back(cast: Cast) -> None:
    coupon = armed(cast)
    sold = collect(cast.owner_key, payment_code(cast.buyer_key), 10_000, "r-1").body
    with clock.moved(timedelta(days=8)):
        assert cast.owner_key.post(f"payments/{sold['id']}/reverse").status == 200
        assert state_of(cast.buyer_key, coupon) == "expired"


def test_a_paused_campaign_issues_and_pays_nothing(cast: Cast) -> None:
    campaign = make_campaign(cast)
    coupon, waiting = issue(cast, campaign), issue(cast, campaign)
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    assert cast.owner_key.post(f"campaigns/{campaign}/pause").body["state"] == "paused"
    refused = cast.owner_key.post(f"campaigns/{campaign}/issue", {"buyer_phone": cast.buyer.phone})
    assert (refused.status, refused.code) == (409, "campaign_paused")
    assert collect(cast.owner_key, payment_code(cast.buyer_key), 10_000, "r-1").code == "coupon_refused"
    assert cast.buyer_key.post(f"me/coupons/{waiting}/use").code == "campaign_paused"
    assert cast.owner_key.post(f"campaigns/{campaign}/resume").body["state"] == "active"
    assert cast.buyer_key.post(f"me/coupons/{waiting}/use").status == 200
