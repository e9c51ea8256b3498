"""A coupon that is used elsewhere, paused or closed while somebody pays with it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from coupons import spending
from coupons.flows.change_campaign import change_campaign
from coupons.models import CampaignState, FundedBy
from coupons.refusals import CouponRefused
from ledger.accounts import campaign_fund
from ledger.queries import balance
from payments import checkout_coupon
from payments.checkout_coupon import Chosen
from payments.flows.collect_at_till import collect_at_till
from payments.flows.pay_order import PayAsk, pay_order
from payments.models import Payment
from tests.cast import Cast, make_order
from tests.coupons.made import a_campaign, a_coupon
from tests.till.test_races import OFF, ROUNDS, ask, between, digits, names, race

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]


def an_order_less(cast: Cast, coupon: UUID) -> PayAsk:
    live = make_order(cast.merchant, cast.code_product).order.live_token
    return PayAsk(live, cast.buyer, "wallet", consent=False, coupon=Chosen(coupon))


def test_one_coupon_for_a_sale_and_for_an_order_at_once_nobody_pays_in_full(cast: Cast) -> None:
    """The till's sale has the coupon, or it is refused: never the full price of what was shown with it."""
    for number in range(ROUNDS):
        coupon = a_coupon(a_campaign(cast), cast.buyer, is_armed=True).pk
        code, order = digits(cast.buyer), an_order_less(cast, coupon)
        sold, paid = race(
            lambda code=code, number=number: collect_at_till(ask(cast, code, f"o-{number}")),  # type: ignore[misc]
            lambda order=order: pay_order(order),  # type: ignore[misc]
        )
        assert names([sold, paid]) in (
            {"Payment": 1, "CouponRefused": 1},
            {"Payment": 1, "PaymentCodeInvalid": 1},
        )
        assert {one.deduction_minor for one in (sold, paid) if isinstance(one, Payment)} == {OFF}


def test_control_where_the_code_goes_on_the_full_price_is_charged(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon = a_coupon(a_campaign(cast), cast.buyer, is_armed=True).pk
    code, order = digits(cast.buyer), an_order_less(cast, coupon)
    with monkeypatch.context() as inner:
        inner.setattr(checkout_coupon, "end_codes_shown_with", lambda *_asked: None)
        pay_order(order)
        assert collect_at_till(ask(cast, code)).deduction_minor == 0


def pay(cast: Cast, order: PayAsk, way: str) -> Payment:
    if way == "till":
        return collect_at_till(ask(cast, digits(cast.buyer)))
    return pay_order(replace(order, source=way))


@pytest.mark.parametrize("way", ["till", "wallet", "sandbox"])
@pytest.mark.parametrize(
    ("becomes", "reason"), [(CampaignState.CLOSED, "expired"), (CampaignState.PAUSED, "paused")]
)
def test_between_its_look_and_its_count_the_coupon_is_refused_by_its_name(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, way: str, becomes: CampaignState, reason: str
) -> None:
    """Never for want of money in the buyer's wallet, though the fund may be empty by then."""
    campaign = a_campaign(cast, funded_by=FundedBy.PLATFORM, budget_minor=10_000)
    coupon = a_coupon(campaign, cast.buyer, is_armed=way == "till").pk
    order = an_order_less(cast, coupon)
    with monkeypatch.context() as inner:
        changed = between(
            inner, spending, "why_not", lambda: change_campaign(cast.merchant, campaign.pk, becomes)
        )
        with pytest.raises(CouponRefused) as refused:
            pay(cast, order, way)
    assert changed[0].state == becomes
    assert refused.value.reason == reason
    assert not Payment.objects.filter(merchant=cast.merchant).exists()
    assert balance(campaign_fund(campaign.pk), "CNY") == (0 if reason == "expired" else 10_000)
