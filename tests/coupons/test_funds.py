"""The platform's money in campaigns: what is in a fund can be proved, and a closed campaign keeps nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from common import clock, drains, ids
from coupons.flows.change_campaign import change_campaign
from coupons.models import Campaign, CampaignState, FundedBy
from ledger.accounts import bank, campaign_fund, campaign_reserved
from ledger.posting import Journal, post
from ledger.queries import balance
from ledger.reconciliation import differences
from orders.models import Order, RedeemBy
from tests.cast import Answer, Cast, make_product, settle
from tests.coupons.made import a_campaign, a_coupon
from tests.coupons.stage import collect, payment_code

BUDGET_MINOR, DEDUCTION_MINOR = 10_000, 2_000


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """20.00 off at the platform's cost, 100.00 in all."""
    return a_campaign(cast, funded_by=FundedBy.PLATFORM, budget_minor=BUDGET_MINOR)


def fund(campaign: Campaign) -> int:
    """C of a campaign."""
    return balance(campaign_fund(campaign.pk), "CNY")


def sold(cast: Cast, campaign: Campaign) -> str:
    """A sale at the till with a coupon; its id."""
    a_coupon(campaign, cast.buyer, is_armed=True)
    answer = collect(cast.owner_key, payment_code(cast.buyer_key), 5_000, ids.new_id().hex)
    assert (answer.status, answer.body["deduction"]) == (201, DEDUCTION_MINOR)
    return str(answer.body["id"])


def ordered(cast: Cast, campaign: Campaign, *redeem_by: RedeemBy, **more: str) -> Answer:
    """An order of a unit of 50.00 for each way, paid with a coupon."""
    products = [make_product(cast.merchant, 5_000, way) for way in redeem_by]
    lines = [{"product": product.public_id, "quantity": 1} for product in products]
    order = cast.owner_key.post("orders", {"lines": lines}).body
    coupon = a_coupon(campaign, cast.buyer)
    return cast.pay(cast.buyer_key, order, more.pop("source", "wallet"), coupon=coupon.public_id, **more)


def close(cast: Cast, campaign: Campaign) -> None:
    """End it for good."""
    change_campaign(cast.merchant, campaign.pk, CampaignState.CLOSED)


def told() -> list[tuple[str, bool]]:
    """What the check of the funds finds, and whether it is only a notice."""
    return [(found.subject, found.is_notice) for _name, found in differences(["payments: funds"])]


@pytest.mark.usefixtures("agrees")
def test_a_sale_reversed_after_the_close_gives_its_money_to_the_bank(cast: Cast, campaign: Campaign) -> None:
    at_first = balance(bank(), "CNY")
    sale = sold(cast, campaign)
    close(cast, campaign)
    assert (fund(campaign), balance(bank(), "CNY")) == (0, at_first + BUDGET_MINOR - DEDUCTION_MINOR)
    assert cast.owner_key.post(f"payments/{sale}/reverse", {}).status == 200
    assert fund(campaign) == DEDUCTION_MINOR
    assert told() == [(campaign.public_id, True)]
    assert drains.run("return_funds") == 1
    assert (fund(campaign), balance(bank(), "CNY"), told()) == (0, at_first + BUDGET_MINOR, [])
    assert drains.run("return_funds") == 0


@pytest.mark.usefixtures("agrees")
def test_again_and_again(cast: Cast, campaign: Campaign) -> None:
    """Each time is a journal of its own."""
    sales = [sold(cast, campaign) for _number in range(3)]
    close(cast, campaign)
    for sale in sales:
        assert cast.owner_key.post(f"payments/{sale}/reverse", {}).status == 200
        drains.run("return_funds")
        assert fund(campaign) == 0


@pytest.mark.usefixtures("agrees")
def test_what_a_gateway_reserved_comes_back_when_it_fails(cast: Cast, campaign: Campaign) -> None:
    asked = ordered(cast, campaign, RedeemBy.CODE, source="sandbox", scenario="callback_declined")
    assert asked.body["state"] == "pending"
    close(cast, campaign)
    assert (fund(campaign), balance(campaign_reserved(campaign.pk), "CNY")) == (0, DEDUCTION_MINOR)
    clock.advance(timedelta(minutes=10))
    settle()
    drains.run("return_funds")
    assert (fund(campaign), balance(campaign_reserved(campaign.pk), "CNY")) == (0, 0)


@pytest.mark.usefixtures("agrees")
def test_a_part_of_an_order_that_went_back(cast: Cast, campaign: Campaign) -> None:
    """The coupon stays used for the rest; the fund has what the platform added to the returned unit."""
    paid = ordered(cast, campaign, RedeemBy.CODE, RedeemBy.NONE)
    assert paid.status == 201
    assert fund(campaign) == BUDGET_MINOR - DEDUCTION_MINOR
    over = clock.now() - timedelta(minutes=10)
    Order.objects.filter(merchant=cast.merchant).update(redeem_until=over)
    drains.run("return_unredeemed")
    assert fund(campaign) == BUDGET_MINOR - DEDUCTION_MINOR // 2


def test_a_running_campaign_keeps_its_money(cast: Cast, campaign: Campaign) -> None:
    assert drains.run("return_funds") == 0
    assert fund(campaign) == BUDGET_MINOR


def test_the_check_finds_money_that_left_by_no_coupon(cast: Cast, campaign: Campaign) -> None:
    sold(cast, campaign)
    assert told() == []
    accounts = campaign_fund(campaign.pk), bank()
    post(Journal.of(ids.new_id(), "campaign_closed", "CNY", *accounts, amount=1))
    assert told() == [(campaign.public_id, False)]


def test_the_check_finds_what_nobody_holds_in_reserve(cast: Cast, campaign: Campaign) -> None:
    accounts = campaign_fund(campaign.pk), campaign_reserved(campaign.pk)
    post(Journal.of(ids.new_id(), "coupon_locked", "CNY", *accounts, amount=500))
    assert told() == [(campaign.public_id, False)]


def test_the_check_finds_a_budget_that_was_never_paid_in(cast: Cast, campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE coupons_campaign SET budget_minor = budget_minor + 1")
    assert told() == [(campaign.public_id, False)]
