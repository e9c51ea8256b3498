"""Orders that nobody came for: their money goes back the way it came, or the merchant keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from common.ids import new_id
from common.models import OutboxEvent
from ledger.accounts import buyer_debt, gateway, wallet
from ledger.posting import Journal, post
from ledger.queries import balance as on_account, debt
from merchants.models.merchants import Unredeemed
from orders.flows.decide_objection import decide_objection
from orders.flows.object_redemption import object_redemption
from orders.models import Item, Order
from payments.models import Payment, PaymentState, Return, ReturnState
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of
from tests.cast import CNY, WALLET_MINOR, Cast, make_order, make_product, pay, settle
from tests.undo.stage import balance, order_id, redeem, row, spend, states, told

pytestmark = pytest.mark.usefixtures("agrees")

LATER = timedelta(days=1, minutes=6)


@pytest.fixture
def day(cast: Cast) -> Cast:
    """A shop whose orders are to be redeemed within a day."""
    cast.merchant.redeem_within_days = 1
    cast.merchant.save(update_fields=["redeem_within_days"])
    return cast


@pytest.fixture
def keeps(day: Cast) -> Cast:
    """And that keeps what nobody came for."""
    day.merchant.unredeemed = Unredeemed.KEEP
    day.merchant.save(update_fields=["unredeemed"])
    return day


def lapse() -> int:
    with clock.moved(LATER):
        return drains.run("return_unredeemed") + drains.run("keep_unredeemed")


def payment(order: dict[str, Any]) -> Payment:
    return Payment.objects.get(order_id=order_id(order))


def in_wallet(cast: Cast) -> int:
    return int(cast.buyer_key.get("me").body["wallet"]["balance"])


def mixed(cast: Cast) -> dict[str, Any]:
    """A paid order of something to be redeemed and something that is not."""
    placed = make_order(cast.merchant, cast.code_product, cast.none_product)
    pay(placed.order, cast.buyer)
    return dict(cast.owner_key.get(f"orders/{placed.order.public_id}").body)


# --- back to the buyer -------------------------------------------------------------------------------


def test_into_the_wallet(day: Cast) -> None:
    order = day.paid_order(quantity=2)
    assert lapse() >= 1
    assert lapse() == 0
    assert (row(order).state, states(order)) == ("refunded", ["refunded", "refunded"])
    assert (in_wallet(day), balance(day)) == (WALLET_MINOR, (0, 0, 0))
    paid = payment(order)
    assert (paid.state, paid.returned_minor) == ("refunded", 12_000)
    assert paid.returns.get().state == ReturnState.SUCCEEDED
    assert len(told(order, "item.refunded")) == 2
    assert len(told(order, "order.refunded")) == 1
    shown = day.owner_key.get(f"payments/{paid.public_id}").body
    assert (shown["state"], shown["refunded_amount"]) == ("refunded", 12_000)


def test_not_before_its_time_and_a_moment_more_for_calls_told_late(day: Cast) -> None:
    order = day.paid_order()
    with clock.moved(timedelta(days=1, minutes=4)):
        drains.run("return_unredeemed")
    assert row(order).state == "paid"


@pytest.mark.parametrize(
    ("scenario", "ends", "kept"),
    [("", "succeeded", 0), ("refund_declined", "failed", 6_000), ("refund_timeout", "succeeded", 0)],
)
def test_through_the_gateway(day: Cast, scenario: str, ends: str, kept: int) -> None:
    order = day.order()
    before = on_account(gateway("sandbox"), CNY)
    more = {"scenario": scenario} if scenario else {}
    assert day.pay(day.buyer_key, order, "sandbox", **more).status == 201
    settle()
    assert row(order).state == "paid"
    assert lapse() >= 1
    paid = payment(order)
    assert (row(order).state, paid.state, paid.returned_minor) == ("refunded", "refunded", 6_000)
    assert paid.returns.get().state == ReturnState.SENDING
    for minutes in (0, 2):
        with clock.moved(LATER + timedelta(minutes=minutes)):
            settle()
    assert paid.returns.get().state == ends
    assert before - on_account(gateway("sandbox"), CNY) == kept
    assert in_wallet(day) == WALLET_MINOR + kept


def test_an_old_debt_is_served_first(day: Cast) -> None:
    order = day.paid_order(quantity=2)
    owes = buyer_debt(day.buyer.pk)
    accounts = (wallet(day.buyer.pk), owes, gateway("sandbox"))
    there = in_wallet(day)
    amounts = {"amount": there, "amount_short": 700}
    post(Journal.of(new_id(), "top_up_charged_back", CNY, *accounts, **amounts))
    lapse()
    assert (in_wallet(day), debt(owes, CNY)) == (12_000 - 700, 0)
    assert payment(order).returned_minor == 12_000


def test_only_what_nobody_came_for(day: Cast) -> None:
    order = day.paid_order(quantity=3)
    redeem(day, order, order["items"][0]["code"])
    assert lapse() >= 1
    assert (row(order).state, sorted(states(order))) == ("redeemed", ["redeemed", "refunded", "refunded"])
    assert (payment(order).state, payment(order).returned_minor) == (PaymentState.SUCCEEDED, 12_000)
    assert balance(day) == (6_000, 0, 0)
    assert not told(order, "order.refunded")


def test_what_needs_no_redemption_stays_and_is_released_by_time(day: Cast) -> None:
    order = mixed(day)
    assert lapse() >= 1
    assert lapse() == 0
    assert (row(order).state, balance(day)) == ("paid", (0, 4_000, 0))
    with clock.moved(timedelta(days=8)):
        drains.run("release_items")
    assert balance(day) == (4_000, 0, 0)


def test_what_was_redeemed_beside_it_is_looked_at_once(day: Cast) -> None:
    order = mixed(day)
    redeem(day, order)
    assert row(order).state == "paid"
    assert lapse() >= 1
    assert lapse() == 0
    assert (row(order).state, balance(day)) == ("paid", (6_000, 4_000, 0))
    assert not Return.objects.filter(payment=payment(order)).exists()


def test_a_unit_that_comes_to_it_later_is_a_return_of_its_own(day: Cast) -> None:
    order = day.paid_order(quantity=2)
    redeem(day, order, order["items"][0]["code"])
    lapse()
    with clock.moved(timedelta(days=2)):
        object_redemption(day.buyer, order_id(order))
        assert drains.run("return_unredeemed") == 0
    with clock.moved(timedelta(days=10)):
        assert drains.run("uphold_unanswered") >= 1
        assert drains.run("return_unredeemed") == 0, "the time that was left begins now"
    with clock.moved(timedelta(days=12)):
        assert drains.run("return_unredeemed") >= 1
    assert (row(order).state, payment(order).state) == ("refunded", "refunded")
    assert payment(order).returns.count() == 2
    assert in_wallet(day) == WALLET_MINOR


@pytest.mark.parametrize(("policy", "left"), [("refund", 9), ("keep", 7)])
def test_what_was_taken_from_stock_goes_back_where_the_money_does(day: Cast, policy: str, left: int) -> None:
    day.merchant.unredeemed = policy
    day.merchant.save(update_fields=["unredeemed"])
    limited = make_product(day.merchant, stock=10)
    order = day.paid_order(limited, 3)
    redeem(day, order, order["items"][0]["code"])
    with clock.moved(timedelta(days=9)):
        assert drains.run(f"{'return' if policy == 'refund' else policy}_unredeemed") >= 1
    limited.refresh_from_db()
    assert limited.stock == left


# --- kept by the merchant ---------------------------------------------------------------------------


def test_kept_with_the_fee(keeps: Cast) -> None:
    keeps.merchant.fee_basis_points = 100
    keeps.merchant.save(update_fields=["fee_basis_points"])
    order = keeps.paid_order(quantity=2)
    assert lapse() >= 1
    assert lapse() == 0
    assert (row(order).state, states(order)) == ("expired", ["issued", "issued"])
    assert (balance(keeps), in_wallet(keeps)) == ((11_880, 0, 0), WALLET_MINOR - 12_000)
    assert (payment(order).state, payment(order).returned_minor) == ("succeeded", 0)
    (event,) = told(order, "order.expired")
    assert event.payload["kept"] == 12_000
    answer = keeps.owner_key.post(f"orders/{order['id']}/redeem", {})
    assert (answer.status, answer.code) == (409, "expired")


def test_kept_beside_what_is_released(keeps: Cast) -> None:
    order = mixed(keeps)
    assert lapse() >= 1
    assert (row(order).state, balance(keeps)) == ("expired", (6_000, 4_000, 0))
    with clock.moved(timedelta(days=8)):
        drains.run("release_items")
    assert balance(keeps) == (10_000, 0, 0)


def test_kept_beside_what_was_redeemed_once_nobody_can_object_any_more(keeps: Cast) -> None:
    order = keeps.paid_order(quantity=2)
    redeem(keeps, order, order["items"][0]["code"])
    lapse()
    assert (row(order).state, balance(keeps)) == ("paid", (6_000, 6_000, 0))
    with clock.moved(timedelta(days=8)):
        assert drains.run("keep_unredeemed") >= 1
    assert (row(order).state, balance(keeps)) == ("expired", (12_000, 0, 0))


def test_not_kept_while_an_objection_waits(keeps: Cast) -> None:
    order = keeps.paid_order(quantity=2)
    redeem(keeps, order, order["items"][0]["code"])
    spend(keeps, 6_000)
    objection = object_redemption(keeps.buyer, order_id(order))
    assert not objection.is_held
    with clock.moved(timedelta(days=8)):
        drains.run("keep_unredeemed")
        assert row(order).state == "paid"
        decide_objection(keeps.merchant, objection.pk, False, "")
        drains.run("keep_unredeemed")
    assert (row(order).state, balance(keeps)) == ("expired", (6_000, 0, 0))


# --- calls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "reason"), [("refund", "order_refunded"), ("keep", "order_expired")])
def test_a_call_made_in_time_and_told_too_late(day: Cast, policy: str, reason: str) -> None:
    day.merchant.unredeemed = policy
    day.merchant.save(update_fields=["unredeemed"])
    make_numbers(day.merchant)
    order = call_order(day)
    call = a_call(day.buyer.phone, order["service_number"])
    lapse()
    binding = Order.objects.get(pk=order_id(order)).bindings.get()
    assert binding.end_reason == "expired"
    with clock.moved(LATER):
        push(day.owner_key, call)
    assert reason_of(day.owner_key, call) == ("ignored", reason)


def test_a_call_made_in_time_and_told_soon_redeems(day: Cast) -> None:
    make_numbers(day.merchant)
    order = call_order(day)
    with clock.moved(timedelta(days=1, seconds=-5)):
        call = a_call(day.buyer.phone, order["service_number"])
    with clock.moved(timedelta(days=1, minutes=2)):
        drains.run("return_unredeemed")
        push(day.owner_key, call)
    assert row(order).state == "redeemed"


# --- many at once ------------------------------------------------------------------------------------------


def test_a_chunk_costs_as_many_statements_as_one(day: Cast, django_assert_max_num_queries: Any) -> None:
    day.paid_order()
    with clock.moved(LATER), django_assert_max_num_queries(20):
        assert drains.run("return_unredeemed") >= 1
    for _number in range(12):
        day.paid_order(quantity=2)
    with clock.moved(LATER), django_assert_max_num_queries(20):
        assert drains.run("return_unredeemed") >= 12
    assert in_wallet(day) == WALLET_MINOR
    assert Item.objects.filter(order__merchant=day.merchant, state="refunded").count() == 25
    assert OutboxEvent.objects.filter(name="order.refunded", merchant_id=day.merchant.pk).count() == 13


# --- what was said when it was paid ------------------------------------------------------------------


def say(cast: Cast, policy: Unredeemed) -> None:
    cast.merchant.unredeemed = policy
    cast.merchant.save(update_fields=["unredeemed"])


@pytest.mark.parametrize(
    ("then", "now", "state"),
    [
        (Unredeemed.REFUND, Unredeemed.KEEP, "refunded"),
        (Unredeemed.KEEP, Unredeemed.REFUND, "expired"),
    ],
)
def test_what_the_merchant_said_when_it_was_paid_holds(
    day: Cast, then: Unredeemed, now: Unredeemed, state: str
) -> None:
    say(day, then)
    order, placed_before = day.paid_order(), day.order()
    say(day, now)
    assert day.pay(day.buyer_key, placed_before).status == 201
    assert lapse() >= 2
    assert row(order).state == state
    assert row(placed_before).state != state, "it was paid after the merchant had changed it"


def test_through_the_gateway_too(day: Cast) -> None:
    order = day.order()
    assert day.pay(day.buyer_key, order, "sandbox").status == 201
    settle()
    say(day, Unredeemed.KEEP)
    assert lapse() >= 1
    assert row(order).state == "refunded"


def test_orders_paid_before_that_was_kept_follow_the_present_word(day: Cast) -> None:
    order = day.paid_order()
    Order.objects.filter(pk=order_id(order)).update(unredeemed="")
    say(day, Unredeemed.KEEP)
    assert row(order).lapses_to == "keep"
    assert lapse() >= 1
    assert row(order).state == "expired"
