"""Paying an order by its live code with a coupon: the same verification, the deduction on each unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from coupons.flows.make_campaign import CampaignAsk, make_campaign as make_platform_campaign
from coupons.models import Campaign
from ledger.accounts import campaign_fund, campaign_reserved
from ledger.queries import balance
from orders.models import Item, Order
from tests.cast import WALLET_MINOR, Answer, Cast, make_product, settle
from tests.coupons.stage import available, collect, issue, make_campaign, payment_code, state_of, wallet

pytestmark = pytest.mark.usefixtures("agrees")


def order_of(cast: Cast, *prices: int, **more: Any) -> dict[str, Any]:
    lines = [
        {"product": make_product(cast.merchant, price, **more).public_id, "quantity": 1} for price in prices
    ]
    return dict(cast.owner_key.post("orders", {"lines": lines}).body)


def pay(cast: Cast, order: dict[str, Any], coupon: str | None, source: str = "wallet", **more: Any) -> Answer:
    return cast.pay(cast.buyer_key, order, source, coupon=coupon, **more)


def units(order: dict[str, Any]) -> list[tuple[int, int, int]]:
    found = Item.objects.filter(order__live_token=order["live_code"]["token"]).order_by("-price_minor")
    return [(item.price_minor, item.deduction_minor, item.platform_minor) for item in found]


@pytest.fixture
def platform(cast: Cast) -> Campaign:
    """A campaign that the platform pays for: 10.00 off, 25.00 in all."""
    now = clock.now()
    return make_platform_campaign(
        CampaignAsk(
            merchant=cast.merchant,
            name="On us",
            kind="fixed",
            value=1_000,
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(days=7),
            total_quota=100,
            per_buyer_limit=10,
            budget_minor=2_500,
            funded_by="platform",
        )
    )


def test_from_the_wallet(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast, value=1_700))
    order = order_of(cast, 5_000, 8_000, 4_000)
    paid = pay(cast, order, coupon)
    assert paid.status == 201, paid.body
    assert (paid.body["deduction"], paid.body["paid"]) == (1_700, 15_300)
    assert paid.body["coupon"] == {"campaign_name": "Twenty off"}
    assert state_of(cast.buyer_key, coupon) == "used"
    assert units(order) == [(8_000, 800, 0), (5_000, 500, 0), (4_000, 400, 0)]
    assert wallet(cast.buyer_key) == WALLET_MINOR - 15_300
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200
    assert available(cast.owner_key) == 15_300


def test_a_coupon_that_does_not_hold_is_refused_and_nothing_charged(cast: Cast) -> None:
    order = order_of(cast, 5_000)
    dear = issue(cast, make_campaign(cast, minimum_spend=6_000))
    assert pay(cast, order, dear).code == "coupon_refused"
    unknown = pay(cast, order, "cpn_" + "0" * 32)
    assert (unknown.status, unknown.fields) == (422, {"coupon": "unknown"})
    theirs = issue(cast, make_campaign(cast, cast.other_key), shop=cast.other_key)
    assert pay(cast, order, theirs).code == "coupon_refused"
    somebodys = issue(cast, make_campaign(cast), cast.second_buyer.phone)
    assert pay(cast, order, somebodys).fields == {"coupon": "unknown"}
    assert (state_of(cast.buyer_key, dear), wallet(cast.buyer_key)) == ("issued", WALLET_MINOR)
    assert pay(cast, order, "nonsense").status == 422


def test_an_armed_coupon_is_not_taken_unless_named(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast))
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    assert pay(cast, order_of(cast, 5_000), None).body["deduction"] == 0
    assert state_of(cast.buyer_key, coupon) == "armed"
    assert pay(cast, order_of(cast, 5_000), coupon).body["deduction"] == 2_000


@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_a_code_that_was_shown_with_the_coupon_charges_nothing_without_it(cast: Cast, source: str) -> None:
    """The coupon goes to an order; the till then scans the code that its buyer saw it with."""
    coupon = issue(cast, make_campaign(cast))
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    code = payment_code(cast.buyer_key)
    assert pay(cast, order_of(cast, 5_000), coupon, source).status == 201
    before = wallet(cast.buyer_key)
    assert collect(cast.owner_key, code, 10_000, "r-1").code == "payment_code_invalid"
    assert wallet(cast.buyer_key) == before


def test_a_code_goes_on_where_another_coupon_pays_an_order_or_the_payment_is_refused(cast: Cast) -> None:
    campaign = make_campaign(cast)
    coupon, other = issue(cast, campaign), issue(cast, campaign)
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    code = payment_code(cast.buyer_key)
    assert pay(cast, order_of(cast, 5_000), other).status == 201
    assert pay(cast, order_of(cast, 1_000_000_00), coupon).status == 402
    assert collect(cast.owner_key, code, 10_000, "r-1").body["deduction"] == 2_000


def test_through_a_gateway(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast))
    order = order_of(cast, 5_000)
    paid = pay(cast, order, coupon, "sandbox")
    assert (paid.status, paid.body["state"], paid.body["paid"]) == (201, "succeeded", 3_000)
    assert (state_of(cast.buyer_key, coupon), wallet(cast.buyer_key)) == ("used", WALLET_MINOR)


def test_a_gateways_no_releases_the_coupon(cast: Cast, platform: Campaign) -> None:
    coupon = issue(cast, platform.public_id)
    order = order_of(cast, 5_000)
    assert pay(cast, order, coupon, "sandbox", scenario="declined").status == 402
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert (Campaign.objects.get(pk=platform.pk).spent_minor, balance(campaign_fund(platform.pk), "CNY")) == (
        0,
        2_500,
    )


def test_while_a_gateway_is_asked_the_coupon_is_locked(cast: Cast, platform: Campaign) -> None:
    coupon = issue(cast, platform.public_id)
    order = order_of(cast, 5_000)
    assert pay(cast, order, coupon, "sandbox", scenario="callback").body["state"] == "pending"
    assert state_of(cast.buyer_key, coupon) == "locked"
    assert balance(campaign_reserved(platform.pk), "CNY") == 1_000
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 409
    later()
    assert state_of(cast.buyer_key, coupon) == "used"
    assert balance(campaign_reserved(platform.pk), "CNY") == 0
    assert units(order) == [(5_000, 1_000, 1_000)]


def test_a_second_payer_gets_money_and_coupon_back(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast))
    order = order_of(cast, 5_000)
    assert pay(cast, order, coupon, "sandbox", scenario="callback").body["state"] == "pending"
    assert cast.pay(cast.second_key, order).status == 201
    later()
    assert state_of(cast.buyer_key, coupon) == "issued"


def test_the_platform_pays_the_merchant_the_whole_price(cast: Cast, platform: Campaign) -> None:
    """And never beyond its budget."""
    coupons = [issue(cast, platform.public_id) for _ in range(3)]
    orders = [order_of(cast, 6_000, 4_000) for _ in coupons]
    answers = [pay(cast, order, coupon) for order, coupon in zip(orders, coupons, strict=True)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert answers[2].code == "coupon_refused"
    assert cast.owner_key.post(f"orders/{orders[0]['id']}/redeem", {}).status == 200
    assert available(cast.owner_key) == 10_000
    assert wallet(cast.buyer_key) == WALLET_MINOR - 18_000
    assert balance(campaign_fund(platform.pk), "CNY") == 500


@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_a_coupon_that_covers_everything(cast: Cast, source: str) -> None:
    """There is nothing for a gateway to take: it is paid from the wallet, with nothing."""
    coupon = issue(cast, make_campaign(cast, kind="percent", value=100))
    order = order_of(cast, 5_000)
    paid = pay(cast, order, coupon, source)
    assert (paid.status, paid.body["paid"], paid.body["state"]) == (201, 0, "succeeded")
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "paid"
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200
    assert wallet(cast.buyer_key) == WALLET_MINOR


@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_unredeemed_units_go_back_with_the_platforms_part_and_the_coupon(
    cast: Cast, platform: Campaign, source: str
) -> None:
    coupon = issue(cast, platform.public_id)
    order = order_of(cast, 6_000, 4_000)
    assert pay(cast, order, coupon, source).status == 201
    lapse(order)
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "refunded"
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert (Campaign.objects.get(pk=platform.pk).spent_minor, balance(campaign_fund(platform.pk), "CNY")) == (
        0,
        2_500,
    )


def test_an_order_paid_with_nothing_lapses_too(cast: Cast, platform: Campaign) -> None:
    coupon = issue(cast, platform.public_id)
    order = order_of(cast, 900)
    assert pay(cast, order, coupon).body["paid"] == 0
    lapse(order)
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "refunded"
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert balance(campaign_fund(platform.pk), "CNY") == 2_500


def test_a_coupon_comes_back_only_with_the_last_unit(cast: Cast) -> None:
    coupon = issue(cast, make_campaign(cast))
    order = order_of(cast, 6_000, 4_000)
    assert pay(cast, order, coupon).status == 201
    one = cast.owner_key.get(f"orders/{order['id']}").body["items"][0]["code"]
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {"item_code": one}).status == 200
    lapse(order)
    assert state_of(cast.buyer_key, coupon) == "used"


def later() -> None:
    """The callback is lost; the provider is asked."""
    clock.advance(timedelta(seconds=40))
    settle()


def lapse(order: dict[str, Any]) -> None:
    over = clock.now() - timedelta(minutes=6)
    Order.objects.filter(live_token=order["live_code"]["token"]).update(redeem_until=over)
    drains.run_all()
