"""Assigning a call by hand when the time to redeem has passed since it was made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from orders.flows.assign_call import assign_call, preview_assignment
from orders.flows.receive_calls import receive_calls
from orders.flows.redeem_order import redeem_order
from orders.gateways.base import CallFact
from orders.models import CallRecord, Order
from orders.refusals import Expired, Refunded
from payments.flows.return_unredeemed import return_unredeemed
from tests.calls.stage import call_order, make_numbers
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("agrees")

STRANGER = "+8613900000001"


@pytest.fixture
def order(cast: Cast) -> Order:
    make_numbers(cast.merchant)
    return Order.objects.select_related("merchant").get(number=call_order(cast)["number"])


def from_a_stranger(order: Order, before_the_end: timedelta) -> CallRecord:
    """A call from another phone than the buyer's, told of now."""
    assert order.redeem_until is not None
    began = order.redeem_until - before_the_end
    receive_calls(
        order.merchant,
        [CallFact("tests", "of-a-stranger", STRANGER, order.service_number, began, began)],
    )
    return CallRecord.objects.get(merchant=order.merchant, call_id="of-a-stranger")


def just_after_the_end(order: Order) -> Any:
    assert order.redeem_until is not None
    return clock.moved(order.redeem_until - clock.now() + timedelta(minutes=1))


def test_a_call_that_was_made_in_time_redeems_though_the_time_has_passed(cast: Cast, order: Order) -> None:
    with just_after_the_end(order):
        record = from_a_stranger(order, timedelta(seconds=30))
        assert record.reason == "no_binding"
        with pytest.raises(Expired):
            redeem_order(cast.merchant, order.pk)
        assert len(preview_assignment(record, order)) == 1
        assert assign_call(cast.merchant, record.pk, order.pk).state == "redeemed"


def test_a_call_that_was_made_too_late_does_not(cast: Cast, order: Order) -> None:
    with just_after_the_end(order):
        record = from_a_stranger(order, timedelta(seconds=-30))
        with pytest.raises(Expired):
            preview_assignment(record, order)
        with pytest.raises(Expired):
            assign_call(cast.merchant, record.pk, order.pk)


def test_a_call_from_before_the_payment_is_none_that_was_made_in_time(cast: Cast, order: Order) -> None:
    assert order.redeem_until is not None
    assert order.paid_at is not None
    with just_after_the_end(order):
        record = from_a_stranger(order, order.redeem_until - order.paid_at + timedelta(days=1))
        with pytest.raises(Expired):
            assign_call(cast.merchant, record.pk, order.pk)


def test_what_has_gone_back_to_the_buyer_is_not_redeemed_any_more(cast: Cast, order: Order) -> None:
    assert order.redeem_until is not None
    with clock.moved(order.redeem_until - clock.now() + timedelta(minutes=10)):
        return_unredeemed()
        record = from_a_stranger(order, timedelta(seconds=30))
        with pytest.raises(Refunded):
            assign_call(cast.merchant, record.pk, order.pk)
