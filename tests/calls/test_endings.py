"""An order's end never waits for its number, and one order never keeps other calls from being heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from common import clock, drains
from merchants.models.merchants import Unredeemed
from orders import call_outcomes
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import CallFact
from orders.lapsing import GRACE
from orders.models import CallRecord, CallRules, Order, Trust
from orders.redemption import Redeeming, redeem_together
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of, settle_calls, state_of
from tests.cast import Cast
from tests.feeds.stage import a_feed

pytestmark = pytest.mark.usefixtures("agrees")


def over_and_bound_again(cast: Cast, policy: Unredeemed) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order whose time is over, not yet ended, and a later one that has its number by now."""
    cast.merchant.unredeemed = policy
    cast.merchant.save(update_fields=["unredeemed"])
    CallRules.objects.create(merchant=cast.merchant, cool_down_hours=0)
    make_numbers(cast.merchant, 1)
    first = call_order(cast)
    until = Order.objects.get(number=first["number"]).redeem_until
    assert until is not None
    with clock.moved(until + timedelta(minutes=1) - clock.now()):
        second = call_order(cast)
    assert first["service_number"] == second["service_number"]
    return first, second


def after_grace(order: dict[str, Any]) -> timedelta:
    until = Order.objects.get(number=order["number"]).redeem_until
    assert until is not None
    return until + GRACE + timedelta(minutes=1) - clock.now()


@pytest.mark.parametrize(
    ("policy", "drain", "state"),
    [
        (Unredeemed.REFUND, "return_unredeemed", "refunded"),
        (Unredeemed.KEEP, "keep_unredeemed", "expired"),
    ],
)
def test_an_order_ends_though_its_number_means_another_by_now(
    cast: Cast, policy: Unredeemed, drain: str, state: str
) -> None:
    first, second = over_and_bound_again(cast, policy)
    with clock.moved(after_grace(first)):
        drains.run(drain)
        assert (state_of(first), state_of(second)) == (state, "paid")
        heard = push(cast.owner_key, a_call(cast.buyer.phone, second["service_number"]))
        assert heard.body["redeemed"] == [second["id"]]


def test_a_call_that_was_made_in_time_is_heard_though_its_number_means_another_by_now(cast: Cast) -> None:
    first, second = over_and_bound_again(cast, Unredeemed.REFUND)
    until = Order.objects.get(number=first["number"]).redeem_until
    assert until is not None
    late = a_call(cast.buyer.phone, first["service_number"], until - timedelta(minutes=3))
    with clock.moved(until + timedelta(minutes=2) - clock.now()):
        assert push(cast.owner_key, late).body["redeemed"] == [first["id"]]
    assert state_of(second) == "paid"


def test_one_order_that_cannot_be_redeemed_keeps_no_other_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a batch with such a call nothing is lost: all are stored, and each is tried by itself."""
    make_numbers(cast.merchant)
    broken, sound = call_order(cast), call_order(cast)
    calls = [a_call(cast.buyer.phone, order["service_number"]) for order in (broken, sound)]
    stranger = a_call("+8613800000001", broken["service_number"])

    def refuse_one(chosen: Sequence[Redeeming], moment: datetime, rules: Any) -> None:
        if any(one.order.number == broken["number"] for one in chosen):
            raise RuntimeError("it can't be redeemed")
        redeem_together(chosen, moment, rules)

    with monkeypatch.context() as inner:
        inner.setattr(call_outcomes, "redeem_together", refuse_one)
        heard = push(cast.owner_key, *calls, stranger)
        assert (heard.body["accepted"], heard.body["redeemed"]) == (3, [])
        assert reason_of(cast.owner_key, stranger) == ("unmatched", "no_binding")
        settle_calls()
        assert (state_of(broken), state_of(sound)) == ("paid", "redeemed")
    settle_calls()
    assert state_of(broken) == "redeemed"


def test_what_a_feed_tells_twice_at_once_is_known_as_it_ended(cast: Cast) -> None:
    """It rings, and in the same answer it has ended."""
    make_numbers(cast.merchant)
    order, began = call_order(cast), clock.now()
    feed = a_feed(cast.merchant, secrets={"dsn": "postgresql://u:p@127.0.0.1:1/x"})
    rings = CallFact(
        "kamailio", "c-1", str(cast.buyer.phone), order["service_number"], began, trust=Trust.TRUNK
    )
    ended = replace(rings, answered_at=began + timedelta(seconds=2), ended_at=began + timedelta(seconds=9))
    received = receive_calls(cast.merchant, [rings, ended], feed)
    assert (received.accepted, received.duplicates, received.redeemed) == (1, 1, [order["id"]])
    record = CallRecord.objects.get(merchant=cast.merchant, call_id="c-1")
    assert record.ended_at == began + timedelta(seconds=9)
