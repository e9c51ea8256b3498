"""The till where it gets odd: nothing left to pay, fees, empty accounts, ends of time, stopped people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common import clock
from common.ids import new_id, parse_public_id
from coupons.flows.change_campaign import change_campaign
from coupons.models import Campaign, CampaignState, Coupon, FundedBy
from ledger.accounts import buyer_debt, campaign_fund, gateway, wallet as purse_of
from ledger.posting import Journal, post
from ledger.queries import balance
from merchants.flows.stop_merchant import stop_merchant
from orders.models import Order
from payments.flows.give_up_sale import give_up_sale
from payments.models import Payment, PaymentCode, Return
from tests.cast import CNY, WALLET_MINOR, Answer, Caller, Cast, key_of
from tests.coupons.made import a_campaign, a_coupon
from tests.coupons.stage import armed, available, collect, payment_code, state_of, wallet
from tests.till.test_pin import just_before_midnight
from tests.undo.stage import balance as shop_balance, spend

pytestmark = pytest.mark.usefixtures("agrees")

PRICE = 10_000


def sell(cast: Cast, amount: int = PRICE, reference: str = "r-1", **more: Any) -> Answer:
    """The buyer of the cast shows a code, the till collects."""
    return collect(cast.owner_key, payment_code(cast.buyer_key), amount, reference, **more)


def sold(cast: Cast, amount: int = PRICE, reference: str = "r-1") -> dict[str, Any]:
    answer = sell(cast, amount, reference)
    assert answer.status == 201, answer
    return dict(answer.body)


def reverse(cast: Cast, sale: dict[str, Any]) -> Answer:
    return cast.owner_key.post(f"payments/{sale['id']}/reverse", {"reason": "wrong"})


def with_fee(cast: Cast, basis_points: int) -> None:
    cast.merchant.fee_basis_points = basis_points
    cast.merchant.save(update_fields=["fee_basis_points"])


def platform_campaign(cast: Cast, **changed: Any) -> Campaign:
    """20.00 off that the platform pays for, armed by the buyer."""
    campaign = a_campaign(cast, funded_by=FundedBy.PLATFORM, **{"budget_minor": 5_000, **changed})
    a_coupon(campaign, cast.buyer, is_armed=True)
    return campaign


def fund(campaign: Campaign) -> int:
    return balance(campaign_fund(campaign.pk), CNY)


# --- nothing left to pay ------------------------------------------------------------


def test_a_coupon_that_covers_all(cast: Cast) -> None:
    coupon = armed(cast, value=PRICE)
    sale = sold(cast)
    assert (sale["deduction"], sale["paid"], sale["state"]) == (PRICE, 0, "succeeded")
    assert (wallet(cast.buyer_key), available(cast.owner_key)) == (WALLET_MINOR, 0)
    assert state_of(cast.buyer_key, coupon) == "used"
    back = reverse(cast, sale)
    assert (back.body["state"], back.body["refunded_amount"]) == ("reversed", 0)
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert not Return.objects.filter(payment__merchant=cast.merchant).exists()


def test_a_coupon_of_the_platform_that_covers_all(cast: Cast) -> None:
    campaign = platform_campaign(cast, value=5_000)
    sale = sold(cast, 5_000)
    assert (sale["paid"], available(cast.owner_key), fund(campaign)) == (0, 5_000, 0)
    assert reverse(cast, sale).body["refunded_amount"] == 0
    assert (available(cast.owner_key), fund(campaign)) == (0, 5_000)


def test_an_empty_wallet_and_a_coupon_that_covers_all(cast: Cast) -> None:
    a_coupon(a_campaign(cast, value=PRICE), cast.poor_buyer, is_armed=True)
    answer = collect(cast.owner_key, payment_code(cast.poor_key), PRICE, "r-1")
    assert (answer.status, answer.body["paid"]) == (201, 0)


# --- fees ------------------------------------------------------------


def test_the_fee_is_of_what_the_merchant_gets(cast: Cast) -> None:
    with_fee(cast, 250)
    armed(cast)
    sale = sold(cast)
    assert available(cast.owner_key) == 8_000 - 200
    reverse(cast, sale)
    assert (available(cast.owner_key), wallet(cast.buyer_key)) == (0, WALLET_MINOR)


def test_the_fee_of_a_sale_that_the_platform_adds_to(cast: Cast) -> None:
    with_fee(cast, 250)
    campaign = platform_campaign(cast)
    sale = sold(cast)
    assert (available(cast.owner_key), fund(campaign)) == (PRICE - 250, 3_000)
    reverse(cast, sale)
    assert (available(cast.owner_key), fund(campaign)) == (0, 5_000)


def test_a_fee_of_all(cast: Cast) -> None:
    with_fee(cast, 10_000)
    armed(cast, value=PRICE - 1)
    sale = sold(cast)
    assert available(cast.owner_key) == 0
    assert reverse(cast, sale).status == 200
    assert (available(cast.owner_key), wallet(cast.buyer_key)) == (0, WALLET_MINOR)


# --- the merchant is short ------------------------------------------------------------


def test_a_merchant_who_has_spent_it_owes_it(cast: Cast) -> None:
    armed(cast)
    sale = sold(cast)
    spend(cast, 7_000)
    assert reverse(cast, sale).status == 200
    assert wallet(cast.buyer_key) == WALLET_MINOR
    assert shop_balance(cast) == (0, 0, 7_000)


def test_short_of_both_the_buyer_comes_first(cast: Cast) -> None:
    """POSTINGS, "the merchant is short": what there is goes to the buyer, the debt covers the rest."""
    campaign = platform_campaign(cast)
    sale = sold(cast)
    spend(cast, 9_000)
    assert reverse(cast, sale).status == 200
    assert (wallet(cast.buyer_key), fund(campaign)) == (WALLET_MINOR, 5_000)
    assert shop_balance(cast) == (0, 0, 9_000)


def test_with_a_fee_the_fee_comes_back_first(cast: Cast) -> None:
    with_fee(cast, 1_000)
    sale = sold(cast)
    spend(cast, 9_000)
    reverse(cast, sale)
    assert (wallet(cast.buyer_key), shop_balance(cast)) == (WALLET_MINOR, (0, 0, 9_000))


def test_a_buyer_who_owes_pays_that_first(cast: Cast) -> None:
    """A top-up was charged back when all was spent: what comes back ends the debt first."""
    sale = sold(cast, WALLET_MINOR)
    owes, purse, outside = buyer_debt(cast.buyer.pk), purse_of(cast.buyer.pk), gateway("sandbox")
    accounts, amounts = (purse, owes, outside), {"amount": 0, "amount_short": 300}
    post(Journal.of(new_id(), "top_up_charged_back", CNY, *accounts, **amounts))
    assert reverse(cast, sale).body["refunded_amount"] == WALLET_MINOR
    assert (wallet(cast.buyer_key), balance(owes, CNY)) == (WALLET_MINOR - 300, 0)


# --- the platform's money ------------------------------------------------------------


def test_the_merchant_gets_the_whole_price_and_the_fund_pays(cast: Cast) -> None:
    campaign = platform_campaign(cast)
    sale = sold(cast)
    assert (sale["amount"], sale["deduction"], sale["paid"]) == (PRICE, 2_000, 8_000)
    assert (available(cast.owner_key), fund(campaign)) == (PRICE, 3_000)
    assert wallet(cast.buyer_key) == WALLET_MINOR - 8_000


def test_never_beyond_the_budget(cast: Cast) -> None:
    campaign = platform_campaign(cast, budget_minor=3_000)
    sold(cast)
    a_coupon(campaign, cast.buyer, is_armed=True)
    refused = sell(cast, reference="r-2")
    assert (refused.status, refused.code) == (409, "coupon_refused")
    assert PaymentCode.objects.filter(buyer=cast.buyer).latest("created_at").reason == "budget"
    assert (fund(campaign), available(cast.owner_key)) == (1_000, PRICE)


def test_closed_while_a_coupon_is_armed(cast: Cast) -> None:
    campaign = platform_campaign(cast)
    change_campaign(cast.merchant, campaign.pk, CampaignState.CLOSED)
    assert (sell(cast).code, fund(campaign)) == ("coupon_refused", 0)


def test_reversed_after_the_campaign_was_closed_the_money_is_in_its_fund(cast: Cast) -> None:
    campaign = platform_campaign(cast)
    sale = sold(cast)
    change_campaign(cast.merchant, campaign.pk, CampaignState.CLOSED)
    assert reverse(cast, sale).status == 200
    assert fund(campaign) == 2_000
    assert (available(cast.owner_key), wallet(cast.buyer_key)) == (0, WALLET_MINOR)
    assert Coupon.objects.get(campaign=campaign).state == "expired"


# --- the end of the coupon's time ------------------------------------------------------------


def test_reversed_after_its_end_the_coupon_has_expired(cast: Cast) -> None:
    coupon = armed(cast)
    sale = sold(cast)
    with clock.moved(timedelta(days=8)):
        assert reverse(cast, sale).status == 200
        assert state_of(Caller(cast.buyer_key.key), coupon) == "expired"
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_what_ends_while_its_code_is_shown_is_refused_never_charged_in_full(cast: Cast) -> None:
    coupon = armed(cast, ends_at=(clock.now() + timedelta(seconds=30)).isoformat())
    code = payment_code(cast.buyer_key)
    with clock.moved(timedelta(seconds=45)):
        refused = collect(Caller(cast.owner_key.key), code, PRICE, "r-1")
    assert (refused.status, refused.code) == (409, "coupon_refused")
    assert (state_of(cast.buyer_key, coupon), wallet(cast.buyer_key)) == ("issued", WALLET_MINOR)


def test_a_set_coupon_stays_set_while_codes_are_renewed(cast: Cast) -> None:
    coupon = armed(cast)
    with clock.moved(timedelta(minutes=14, seconds=50)):
        code = payment_code(Caller(cast.buyer_key.key))
        with clock.moved(timedelta(seconds=40)):
            answer = collect(Caller(cast.owner_key.key), code, PRICE, "r-1")
    assert (answer.status, answer.body["deduction"]) == (201, 2_000)
    assert state_of(cast.buyer_key, coupon) == "used"


def test_a_coupon_set_long_ago_is_back_when_a_code_is_made(cast: Cast) -> None:
    coupon = armed(cast)
    with clock.moved(timedelta(minutes=16)):
        buyer = Caller(cast.buyer_key.key)
        code = payment_code(buyer)
        assert state_of(buyer, coupon) == "issued"
        assert collect(Caller(cast.owner_key.key), code, PRICE, "r-1").body["deduction"] == 0


def test_not_begun_yet(cast: Cast) -> None:
    armed(cast, starts_at=(clock.now() + timedelta(hours=1)).isoformat())
    assert sell(cast).code == "coupon_refused"


# --- days ------------------------------------------------------------


def test_a_daily_budget_begins_anew_at_midnight_and_gives_back_to_its_day(cast: Cast) -> None:
    campaign = a_campaign(cast, value=300, daily_budget_minor=500)

    def spent() -> list[int]:
        return list(campaign.days.order_by("day").values_list("spent_minor", flat=True))

    with clock.moved(just_before_midnight()):
        a_coupon(campaign, cast.buyer, is_armed=True)
        first = sold(cast, reference="r-1")
        a_coupon(campaign, cast.buyer, is_armed=True)
        assert sell(cast, reference="r-2").code == "coupon_refused"
        with clock.moved(timedelta(minutes=2)):
            a_coupon(campaign, cast.buyer, is_armed=True)
            assert sold(cast, reference="r-3")["deduction"] == 300
            assert spent() == [300, 300]
            reverse(cast, first)
            assert spent() == [0, 300]
            a_coupon(campaign, cast.buyer, is_armed=True)
            assert sell(cast, reference="r-4").code == "coupon_refused"


# --- who may not ------------------------------------------------------------


def test_a_stopped_buyer_s_code_pays_nothing(cast: Cast) -> None:
    code = payment_code(cast.buyer_key)
    cast.buyer.is_active = False
    cast.buyer.save(update_fields=["is_active"])
    assert collect(cast.owner_key, code, PRICE, "r-1").code == "payment_code_invalid"
    assert cast.buyer_key.post("me/payment-codes", {}).status == 401


def test_a_stopped_merchant_collects_nothing_but_hears_what_was_and_gives_back(cast: Cast) -> None:
    sale = sold(cast)
    code = payment_code(cast.buyer_key)
    stop_merchant(cast.merchant.pk, "of a test")
    refused = collect(cast.owner_key, code, PRICE, "r-2")
    assert (refused.status, refused.code) == (409, "merchant_closed")
    assert collect(cast.owner_key, code, PRICE, "r-1").body == sale
    assert reverse(cast, sale).status == 200
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_only_a_key_with_the_scope(cast: Cast) -> None:
    code = payment_code(cast.buyer_key)
    reader = Caller(key_of(cast.merchant, ["payments:read"]))
    assert collect(reader, code, PRICE, "r-1").status == 403
    assert collect(cast.buyer_key, code, PRICE, "r-1").status == 403
    assert collect(cast.nobody, code, PRICE, "r-1").status == 401


# --- repeats ------------------------------------------------------------


def test_the_same_idempotency_key_is_the_same_answer(cast: Cast) -> None:
    armed(cast)
    asked = {"payment_code": payment_code(cast.buyer_key), "amount": PRICE, "reference": "r-1"}
    first = cast.owner_key.once("key-1", "till/collect", asked)
    assert (first.status, cast.owner_key.once("key-1", "till/collect", asked).content) == (201, first.content)
    other = cast.owner_key.once("key-1", "till/collect", {**asked, "amount": PRICE + 1})
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    path = f"payments/{first.body['id']}/reverse"
    back = cast.owner_key.once("key-2", path, {})
    assert (back.status, cast.owner_key.once("key-2", path, {}).content) == (200, back.content)
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_a_refusal_is_replayed_and_nothing_is_tried_again(cast: Cast) -> None:
    armed(cast, minimum_spend=PRICE + 1)
    asked = {"payment_code": payment_code(cast.buyer_key), "amount": PRICE, "reference": "r-1"}
    first = cast.owner_key.once("key-1", "till/collect", asked)
    assert first.code == "coupon_refused"
    assert cast.owner_key.once("key-1", "till/collect", asked).content == first.content
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_arming_and_issuing_once_a_key(cast: Cast) -> None:
    coupon = armed(cast)
    path = f"me/coupons/{coupon}/use"
    first = cast.buyer_key.once("key-1", path)
    sold(cast)
    again = cast.buyer_key.once("key-1", path)
    assert (first.status, again.content) == (200, first.content)
    campaign = str(Coupon.objects.get(owner=cast.buyer).campaign.public_id)
    given = [
        cast.owner_key.once("key-2", f"campaigns/{campaign}/issue", {"buyer_phone": cast.buyer.phone})
        for _ in range(2)
    ]
    assert given[0].content == given[1].content
    assert Coupon.objects.filter(owner=cast.buyer).count() == 2


def test_a_reversed_sale_s_reference_is_told_as_it_is(cast: Cast) -> None:
    sale = sold(cast)
    reverse(cast, sale)
    again = sell(cast)
    assert (again.status, again.body["id"], again.body["state"]) == (201, sale["id"], "reversed")
    assert wallet(cast.buyer_key) == WALLET_MINOR


# --- giving up ------------------------------------------------------------


def test_what_was_given_up_never_happens(cast: Cast) -> None:
    assert give_up_sale(cast.merchant, "r-1") is None
    refused = sell(cast)
    assert (refused.status, refused.code) == (409, "reference_void")
    assert sell(cast, reference="r-2").status == 201


def test_what_had_happened_is_reversed_once(cast: Cast) -> None:
    coupon = armed(cast)
    sale = sold(cast)
    for _ in range(2):
        given_up = give_up_sale(cast.merchant, "r-1", "no answer")
        assert given_up is not None
        assert (given_up.public_id, given_up.state) == (sale["id"], "reversed")
    assert (state_of(cast.buyer_key, coupon), wallet(cast.buyer_key)) == ("issued", WALLET_MINOR)


def test_another_shop_gives_up_its_own(cast: Cast) -> None:
    sale = sold(cast)
    assert give_up_sale(cast.other_merchant, "r-1") is None
    assert Payment.objects.get(pk=key(sale)).state == "succeeded"


def key(sale: dict[str, Any]) -> UUID:
    found = parse_public_id("pay", sale["id"])
    assert found is not None
    return found


def test_a_till_s_sale_is_nobody_s_order(cast: Cast) -> None:
    sold(cast)
    assert not Order.objects.filter(merchant=cast.merchant).exists()
