"""The sandbox gateway in every scenario, through the front door, with callbacks over real HTTP.

Each ends with the right states on both sides of the wire, what came too much on its way back, and
books that agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orders.models import Order, Product
from payments.flows.ask_gateways import _send_return
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import ChargeAsk, Outcome, Verdict
from payments.gateways.sandbox.client import SandboxGateway
from payments.gateways.sandbox.scenarios import SCENARIOS
from payments.models import Payment, ReturnState
from tests.cast import WALLET_MINOR, Cast, make_product, pay, together
from tests.payments import stage as staging
from tests.payments.stage import Stage, on_its_way, wallet

pytestmark = pytest.mark.usefixtures("committed", "agrees")

AMOUNT = 6_000


@pytest.fixture
def stage(cast: Cast, agrees: None) -> Iterator[Stage]:
    yield from staging.stage(cast)


def assert_counts(stage: Stage, payment: Payment, order: dict[str, Any]) -> None:
    payment = Payment.objects.get(pk=payment.pk)
    assert (payment.state, payment.received_minor, payment.returned_minor) == ("succeeded", AMOUNT, 0)
    assert stage.state(order) == "paid"
    assert stage.charge(payment).captured_minor == AMOUNT
    assert stage.charge(payment).refunded_minor == 0
    assert not payment.returns.exists()


def assert_failed(payment: Payment, code: str) -> None:
    payment = Payment.objects.get(pk=payment.pk)
    assert (payment.state, payment.failure_code) == ("failed", code)
    assert (payment.received_minor, payment.returned_minor) == (0, 0)
    assert not payment.returns.exists()


def assert_sent_back(stage: Stage, payment: Payment, code: str, amount: int = AMOUNT) -> None:
    """It failed, its money arrived all the same, and is with the payer again."""
    payment = Payment.objects.get(pk=payment.pk)
    assert (payment.state, payment.failure_code) == ("failed", code)
    assert (payment.received_minor, payment.returned_minor) == (amount, amount)
    returned = stage.returned(payment)
    assert (returned.state, returned.amount_minor) == (ReturnState.SUCCEEDED, amount)
    charge = stage.charge(payment)
    assert (charge.captured_minor, charge.refunded_minor) == (amount, amount)
    assert on_its_way() == 0


def begin(stage: Stage, scenario: str, product: Product | None = None) -> tuple[dict[str, Any], Payment]:
    """An order, and the buyer's payment of it that is still open."""
    order = stage.cast.order(product)
    answer = stage.cast.pay(stage.cast.buyer_key, order, "sandbox", scenario=scenario)
    assert (answer.status, answer.body["state"]) == (201, "unknown" if "timeout" in scenario else "pending")
    assert stage.state(order) == "placed"
    return order, stage.payment(order, stage.cast.buyer_key)


# --- one payer --------------------------------------------------------------------------


def test_it_settles_before_the_answer(stage: Stage) -> None:
    order = stage.cast.order()
    answer = stage.cast.pay(stage.cast.buyer_key, order, "sandbox", scenario="")
    assert (answer.status, answer.body["state"], answer.body["source"]) == (201, "succeeded", "sandbox")
    assert_counts(stage, stage.payment(order, stage.cast.buyer_key), order)
    assert wallet(stage.cast.buyer_key) == WALLET_MINOR
    assert stage.held() == AMOUNT


def test_declined(stage: Stage) -> None:
    order = stage.cast.order()
    answer = stage.cast.pay(stage.cast.buyer_key, order, "sandbox", scenario="declined")
    assert (answer.status, answer.code) == (402, "payment_declined")
    assert_failed(stage.payment(order, stage.cast.buyer_key), "declined")
    assert stage.cast.pay(stage.cast.second_key, order).status == 201


def test_redirect_and_the_payer_agrees(stage: Stage) -> None:
    order, payment = begin(stage, "redirect")
    assert "/sandbox/checkout/" in payment.redirect_url
    stage.wait(seconds=40)
    assert stage.state(order) == "placed", "nobody has decided yet"
    stage.decides(payment, "succeeded")
    stage.wait(seconds=1)
    assert_counts(stage, payment, order)


def test_redirect_and_the_payer_declines(stage: Stage) -> None:
    order, payment = begin(stage, "redirect")
    stage.decides(payment, "failed")
    stage.wait(seconds=1)
    assert_failed(payment, "declined")
    assert stage.cast.pay(stage.cast.buyer_key, order).status == 201


def test_redirect_and_the_payer_never_comes_back(stage: Stage) -> None:
    stage.cast.merchant.pay_within_seconds = 7_200
    stage.cast.merchant.save(update_fields=["pay_within_seconds"])
    order, payment = begin(stage, "redirect")
    stage.wait(minutes=31)
    stage.wait(minutes=1)
    assert_failed(payment, "declined")
    assert stage.state(order) == "placed"


@pytest.mark.parametrize("scenario", ["callback", "duplicate_callback"])
def test_it_says_so_by_callback(stage: Stage, scenario: str) -> None:
    order, payment = begin(stage, scenario)
    for _ in range(4):
        stage.wait(seconds=1)
    assert_counts(stage, payment, order)
    charge = stage.charge(payment)
    assert (charge.callbacks_left, charge.callback_due_at) == (0, None)
    assert stage.held() == AMOUNT


def test_a_callback_that_says_no(stage: Stage) -> None:
    order, payment = begin(stage, "callback_declined")
    stage.wait(seconds=1)
    assert_failed(payment, "declined")
    assert stage.state(order) == "placed"


def test_a_late_callback_that_is_still_in_time(stage: Stage) -> None:
    order, payment = begin(stage, "late_callback")
    stage.wait(seconds=35)
    assert stage.state(order) == "placed"
    stage.wait(seconds=26)
    assert_counts(stage, payment, order)


def test_another_amount_goes_back_and_the_order_can_still_be_paid(stage: Stage) -> None:
    order, payment = begin(stage, "wrong_amount")
    stage.wait(seconds=1)
    assert_sent_back(stage, payment, "wrong_amount", AMOUNT - 1)
    assert stage.state(order) == "placed"
    assert stage.cast.pay(stage.cast.second_key, order).status == 201


def test_an_answer_that_is_lost_is_learnt_by_asking(stage: Stage) -> None:
    order, payment = begin(stage, "timeout")
    stage.wait(seconds=3)
    assert_counts(stage, payment, order)


def test_a_no_that_is_lost_is_learnt_by_asking(stage: Stage) -> None:
    order, payment = begin(stage, "timeout_declined")
    stage.wait(seconds=3)
    assert_failed(payment, "declined")
    assert stage.state(order) == "placed"


def test_a_lost_callback_is_made_good_by_asking(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    order, payment = begin(stage, "callback")
    monkeypatch.setattr("payments.gateways.sandbox.courier._post", lambda _message: False)
    stage.wait(seconds=1)
    assert stage.state(order) == "placed"
    stage.wait(seconds=30)
    assert_counts(stage, payment, order)


def test_a_process_that_dies_before_it_calls_is_found_by_asking(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object) -> Verdict:
        raise KeyboardInterrupt

    order = stage.cast.order()
    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "charge", die)
        with pytest.raises(KeyboardInterrupt):
            stage.cast.pay(stage.cast.buyer_key, order, "sandbox")
    payment = stage.payment(order, stage.cast.buyer_key)
    assert payment.state == "pending"
    stage.wait(seconds=31)
    assert_failed(payment, "never_started")


def test_a_process_that_dies_after_the_call_is_found_by_asking(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = SandboxGateway.charge

    def die(self: SandboxGateway, ask: ChargeAsk) -> Verdict:
        charge(self, ask)
        raise KeyboardInterrupt

    order = stage.cast.order()
    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "charge", die)
        with pytest.raises(KeyboardInterrupt):
            stage.cast.pay(stage.cast.buyer_key, order, "sandbox")
    stage.wait(seconds=31)
    assert_counts(stage, stage.payment(order, stage.cast.buyer_key), order)


# --- top-ups -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "state", "in_wallet"),
    [
        ("callback", "succeeded", 700),
        ("duplicate_callback", "succeeded", 700),
        ("late_callback", "succeeded", 700),
        ("callback_declined", "failed", 0),
        ("timeout", "succeeded", 700),
        ("timeout_declined", "failed", 0),
        ("wrong_amount", "failed", 0),
    ],
)
def test_top_ups(stage: Stage, scenario: str, state: str, in_wallet: int) -> None:
    asked = {"amount": 700, "currency": "CNY", "scenario": scenario}
    assert stage.cast.poor_key.post("me/top-ups", asked).status == 201
    assert wallet(stage.cast.poor_key) == 0
    for seconds in (3, 58, 3):
        stage.wait(seconds=seconds)
    payment = Payment.objects.get(payer=stage.cast.poor_buyer)
    assert payment.state == state
    assert wallet(stage.cast.poor_key) == in_wallet
    if scenario == "wrong_amount":
        assert_sent_back(stage, payment, "wrong_amount", 699)


# --- two payers ----------------------------------------------------------------------------


def test_a_second_payer_through_the_gateway_gets_the_money_back(stage: Stage) -> None:
    order, first = begin(stage, "redirect")
    assert stage.cast.pay(stage.cast.second_key, order, "sandbox").status == 201
    stage.decides(first, "succeeded")
    stage.wait(seconds=1)
    assert_sent_back(stage, first, "already_paid")
    assert_counts(stage, stage.payment(order, stage.cast.second_key), order)
    assert stage.held() == AMOUNT


def test_a_wallet_is_quicker_than_a_gateway(stage: Stage) -> None:
    order, slow = begin(stage, "callback")
    assert stage.cast.pay(stage.cast.second_key, order).status == 201
    stage.wait(seconds=1)
    assert_sent_back(stage, slow, "already_paid")
    assert wallet(stage.cast.second_key) == WALLET_MINOR - AMOUNT
    assert stage.held() == AMOUNT


def test_the_same_payer_twice(stage: Stage) -> None:
    order, first = begin(stage, "redirect")
    assert stage.cast.pay(stage.cast.buyer_key, order, "sandbox").status == 201
    stage.decides(first, "succeeded")
    stage.wait(seconds=1)
    assert_sent_back(stage, first, "already_paid")
    assert stage.held() == AMOUNT


@pytest.mark.parametrize("sources", [("sandbox", "sandbox"), ("wallet", "sandbox")])
def test_two_payers_at_one_moment(stage: Stage, sources: tuple[str, str]) -> None:
    order = stage.cast.order()
    payers = (stage.cast.buyer_key, stage.cast.second_key)
    answers = together(lambda number: stage.cast.pay(payers[number], order, sources[number]), 2)
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert {answer.code for answer in answers} == {None, "already_paid"}
    stage.wait(seconds=1)
    assert stage.held() == AMOUNT
    paid_from = {number: sources[number] for number in (0, 1) if answers[number].status == 201}
    for number, payer in enumerate(payers):
        spent = AMOUNT if paid_from.get(number) == "wallet" else 0
        assert wallet(payer) == WALLET_MINOR - spent
    for lost in Payment.objects.filter(order__live_token=staging.token(order), state="failed"):
        assert_sent_back(stage, lost, "already_paid")


# --- too late --------------------------------------------------------------------------------


def test_a_callback_after_cancel(stage: Stage) -> None:
    order, payment = begin(stage, "callback")
    assert stage.cast.owner_key.post(f"orders/{order['id']}/cancel").status == 200
    stage.wait(seconds=1)
    assert_sent_back(stage, payment, "cancelled")
    assert stage.state(order) == "cancelled"
    assert stage.held() == 0


@pytest.mark.parametrize("expired_first", [True, False])
def test_a_callback_after_expiry(stage: Stage, expired_first: bool) -> None:
    """Whether or not the task that expires orders came by before."""
    stage.cast.merchant.pay_within_seconds = 60
    stage.cast.merchant.save(update_fields=["pay_within_seconds"])
    scarce = make_product(stage.cast.merchant, AMOUNT, stock=5)
    order, payment = begin(stage, "redirect", scarce)
    if expired_first:
        stage.wait(seconds=61)
        assert stage.state(order) == "expired"
    stage.decides(payment, "succeeded")
    stage.wait(seconds=61)
    assert_sent_back(stage, payment, "expired")
    assert stage.state(order) == "expired"
    scarce.refresh_from_db()
    assert (stage.held(), scarce.stock) == (0, 5)


def test_money_of_a_payment_that_had_failed(stage: Stage) -> None:
    """The provider says at first that it never heard of it, and takes the money later."""
    order, payment = begin(stage, "redirect")
    Payment.objects.filter(pk=payment.pk).update(ask_at=None)
    settle_payment(payment.pk, Verdict(Outcome.FAILED, failure_code="never_started"))
    stage.decides(payment, "succeeded")
    stage.wait(seconds=1)
    assert_sent_back(stage, payment, "never_started")
    assert stage.returned(payment).cause == "late"
    assert stage.state(order) == "placed"


# --- sending back --------------------------------------------------------------------------------


@pytest.fixture
def overtaken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Payment]:
    """While the provider takes the buyer's money, somebody else pays from the wallet."""
    charge = SandboxGateway.charge

    def run(scenario: str) -> Payment:
        placed = stage.cast.order()
        order = Order.objects.get(live_token=staging.token(placed))

        def slow(self: SandboxGateway, ask: ChargeAsk) -> Verdict:
            verdict = charge(self, ask)
            pay(order, stage.cast.second_buyer)
            return verdict

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "charge", slow)
            answer = stage.cast.pay(stage.cast.buyer_key, placed, "sandbox", scenario=scenario)
        assert (answer.status, answer.code) == (409, "already_paid")
        return stage.payment(placed, stage.cast.buyer_key)

    return run


def test_the_answer_to_a_refund_is_lost(stage: Stage, overtaken: Callable[[str], Payment]) -> None:
    payment = overtaken("refund_timeout")
    stage.wait()
    assert stage.returned(payment).state == ReturnState.UNKNOWN
    assert on_its_way() == AMOUNT
    stage.wait(seconds=3)
    assert_sent_back(stage, payment, "already_paid")


def test_a_refund_that_is_refused_goes_to_the_wallet(
    stage: Stage, overtaken: Callable[[str], Payment]
) -> None:
    payment = overtaken("refund_declined")
    stage.wait()
    returned = stage.returned(payment)
    assert (returned.state, returned.failure_code) == (ReturnState.FAILED, "refused")
    assert wallet(stage.cast.buyer_key) == WALLET_MINOR + AMOUNT
    assert stage.charge(payment).refunded_minor == 0
    assert on_its_way() == 0
    stage.wait(hours=2)
    assert wallet(stage.cast.buyer_key) == WALLET_MINOR + AMOUNT, "once"


def test_it_is_sent_once_however_many_send(stage: Stage, overtaken: Callable[[str], Payment]) -> None:
    payment = overtaken("")
    returned = stage.returned(payment)
    together(lambda _number: _send_return(returned.pk), 4)
    assert_sent_back(stage, payment, "already_paid")


def test_every_scenario_is_played_here() -> None:
    played = {"", "declined", "redirect", "callback", "duplicate_callback", "callback_declined"}
    played |= {"late_callback", "wrong_amount", "timeout", "timeout_declined"}
    assert played | {"refund_timeout", "refund_declined"} == set(SCENARIOS)
