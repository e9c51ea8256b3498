"""The step that gives a new customer a coupon (FLOWS 5: "welcome coupon")."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from common.refusals import InvalidInput
from coupons.flows.change_campaign import change_campaign
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign, CampaignState, Coupon, Holding
from customers.flows.save_steps import StepWish
from customers.models import StepState
from customers.models.conversions import FIRST_PAUSE
from merchants.models import Merchant, Person
from tests.cast import make_merchant
from tests.customers.stage import arrange, buy, convert, customer_of, run_due, steps_of

pytestmark = pytest.mark.django_db


def campaign_of(merchant: Merchant, **changed: Any) -> Campaign:
    now = clock.now()
    terms: dict[str, Any] = {
        "name": "Welcome",
        "kind": "fixed",
        "value": 500,
        "starts_at": now,
        "ends_at": now + timedelta(days=30),
        "total_quota": 10,
        "per_buyer_limit": 1,
    }
    return make_campaign(CampaignAsk(merchant=merchant, **{**terms, **changed}))


def welcome(campaign: Campaign, **more: Any) -> StepWish:
    return StepWish("coupon", {"campaign": campaign.public_id}, **more)


def test_a_new_customer_gets_one(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, welcome(campaign_of(merchant)))
    convert(buy(merchant, buyer))
    assert run_due() == 1
    coupon = Coupon.objects.get(owner=buyer)
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.result) == (StepState.DONE, {"coupon": coupon.public_id})
    assert Holding.objects.get(coupon=coupon).how == "welcome"
    convert(buy(merchant, buyer))
    run_due()
    assert Coupon.objects.filter(owner=buyer).count() == 1


def test_whoever_comes_back_gets_another_if_that_is_asked_and_allowed(
    merchant: Merchant, buyer: Person
) -> None:
    arrange(merchant, welcome(campaign_of(merchant, per_buyer_limit=2), also_returning=True))
    for _ in range(3):
        convert(buy(merchant, buyer))
        run_due()
    steps = steps_of(customer_of(merchant, buyer))
    assert [step.state for step in steps] == [StepState.DONE, StepState.DONE, StepState.GIVEN_UP]
    assert (steps[2].error, Coupon.objects.filter(owner=buyer).count()) == ("buyer_limit_reached", 2)


def test_a_paused_campaign_is_tried_again(merchant: Merchant, buyer: Person) -> None:
    campaign = campaign_of(merchant)
    arrange(merchant, welcome(campaign))
    change_campaign(merchant, campaign.pk, CampaignState.PAUSED)
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.WAITING, "campaign_paused")
    change_campaign(merchant, campaign.pk, CampaignState.ACTIVE)
    with clock.moved(FIRST_PAUSE):
        run_due()
    assert Coupon.objects.filter(owner=buyer).count() == 1


def test_another_shops_campaign_gives_nothing(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, welcome(campaign_of(make_merchant())))
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.GIVEN_UP, "unknown_campaign")
    assert not Coupon.objects.filter(owner=buyer).exists()


@pytest.mark.parametrize("settings", [{}, {"campaign": ""}, {"campaign": "prd_" + "0" * 32}, {"campaign": 7}])
def test_what_is_no_campaign(merchant: Merchant, settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        arrange(merchant, StepWish("coupon", settings))
