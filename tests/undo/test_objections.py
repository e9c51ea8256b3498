"""A buyer says "that wasn't me": the money is held, the merchant decides, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from common.ids import new_id
from common.refusals import NotFound, Refusal
from orders.flows.decide_objection import decide_objection
from orders.flows.object_redemption import object_redemption, preview_objection
from orders.flows.unredeem_order import unredeem_order
from orders.flows.uphold_unanswered import uphold_unanswered
from orders.models import Objection, ObjectionState, Undoing
from orders.refusals import (
    AlreadyDecided,
    AlreadyObjected,
    Held,
    MerchantShort,
    NotPaid,
    NotRedeemed,
    ObjectionTooLate,
)
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of
from tests.cast import Cast, make_order, make_product
from tests.undo.stage import balance, order_id, redeem, row, spend, states, told, units

pytestmark = pytest.mark.usefixtures("agrees")


def objected(cast: Cast, order: dict[str, Any]) -> Objection:
    return object_redemption(cast.buyer, order_id(order))


def refused(cast: Cast, order: dict[str, Any]) -> type[Refusal]:
    with pytest.raises(Refusal) as refusal:
        objected(cast, order)
    return refusal.type


@pytest.fixture
def redeemed(cast: Cast) -> dict[str, Any]:
    order = cast.paid_order(quantity=2)
    redeem(cast, order)
    return order


# --- objecting ------------------------------------------------------------------------------------


def test_the_money_is_held_and_the_merchant_is_told(cast: Cast, redeemed: dict[str, Any]) -> None:
    objection = objected(cast, redeemed)
    assert (objection.state, objection.is_held) == ("waiting", True)
    assert (balance(cast), row(redeemed).state) == ((0, 12_000, 0), "paid")
    assert all(item.held_at for item in units(redeemed))
    assert Undoing.objects.filter(objection=objection).count() == 2
    (event,) = told(redeemed, "redemption.objected")
    assert (event.payload["objection"], event.payload["is_held"]) == (objection.public_id, True)
    answer = cast.owner_key.post(f"orders/{redeemed['id']}/redeem", {})
    assert (answer.status, answer.code) == (409, "held")


def test_a_call_redeems_nothing_that_is_held(cast: Cast) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    push(cast.owner_key, a_call(cast.buyer.phone, order["service_number"]))
    objected(cast, order)
    call = a_call(cast.buyer.phone, order["service_number"])
    push(cast.owner_key, call)
    assert reason_of(cast.owner_key, call) == ("unmatched", "held")
    assert states(order) == ["issued"]


def test_only_once(cast: Cast, redeemed: dict[str, Any]) -> None:
    objected(cast, redeemed)
    assert refused(cast, redeemed) is AlreadyObjected
    with pytest.raises(AlreadyObjected):
        preview_objection(row(redeemed))


def test_refusals(cast: Cast, redeemed: dict[str, Any]) -> None:
    unpaid = make_order(cast.merchant, buyer=cast.buyer).order
    with pytest.raises(NotPaid):
        object_redemption(cast.buyer, unpaid.pk)
    assert refused(cast, cast.paid_order()) is NotRedeemed
    with clock.moved(timedelta(days=7)):
        assert refused(cast, redeemed) is ObjectionTooLate
    for stranger in (cast.second_buyer, cast.poor_buyer):
        with pytest.raises(NotFound):
            object_redemption(stranger, order_id(redeemed))
    with pytest.raises(NotFound):
        object_redemption(cast.buyer, new_id())
    assert len(preview_objection(row(redeemed))) == 2


def test_a_short_account_holds_nothing_but_it_is_before_the_merchant(
    cast: Cast, redeemed: dict[str, Any]
) -> None:
    spend(cast, 1)
    objection = objected(cast, redeemed)
    assert (objection.is_held, Objection.objects.get(pk=objection.pk).is_held) == (False, False)
    assert (balance(cast), row(redeemed).state) == ((11_999, 0, 0), "redeemed")
    assert told(redeemed, "redemption.objected")[0].payload["is_held"] is False
    with pytest.raises(MerchantShort):
        decide_objection(cast.merchant, objection.pk, True, "")
    assert Objection.objects.get(pk=objection.pk).state == "waiting"
    redeem(cast, cast.paid_order())
    decide_objection(cast.merchant, objection.pk, True, "")
    assert (balance(cast), row(redeemed).state) == ((5_999, 12_000, 0), "paid")
    assert not any(item.held_at for item in units(redeemed))
    redeem(cast, redeemed)


# --- deciding -------------------------------------------------------------------------------------


def test_upheld_the_units_wait_again_with_the_time_that_was_left(cast: Cast) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    push(cast.owner_key, a_call(cast.buyer.phone, order["service_number"]))
    until = row(order).redeem_until
    assert until is not None
    with clock.moved(timedelta(days=2)):
        objection = objected(cast, order)
    with clock.moved(timedelta(days=5)):
        decided = decide_objection(cast.merchant, objection.pk, True, "Sorry")
        assert (decided.state, decided.note) == ("upheld", "Sorry")
        assert (states(order), balance(cast)) == (["issued"], (0, 9_000, 0))
        again = row(order)
        assert again.redeem_until is not None
        assert timedelta(days=5) <= again.redeem_until - until < timedelta(days=5, minutes=1)
        assert again.bindings.get(end_reason="").valid_until == again.redeem_until
        push(cast.owner_key, a_call(cast.buyer.phone, again.service_number))
        assert row(order).state == "redeemed"
    (event,) = told(order, "redemption.objection_decided")
    assert (event.payload["decision"], event.payload["note"]) == ("upheld", "Sorry")


def test_upheld_after_the_window_ended_it_is_open_again(cast: Cast) -> None:
    cast.merchant.redeem_within_days = 1
    cast.merchant.save(update_fields=["redeem_within_days"])
    make_numbers(cast.merchant)
    order = call_order(cast)
    push(cast.owner_key, a_call(cast.buyer.phone, order["service_number"]))
    with clock.moved(timedelta(days=3)):
        objection = objected(cast, order)
        assert drains.run("return_unredeemed") == 0, "a held unit waits for the decision"
        decide_objection(cast.merchant, objection.pk, True, "")
        assert drains.run("return_unredeemed") == 0
        assert row(order).service_number
        push(cast.owner_key, a_call(cast.buyer.phone, row(order).service_number))
        assert row(order).state == "redeemed"


def test_dismissed_the_merchant_has_the_money_and_that_is_the_end_of_it(
    cast: Cast, redeemed: dict[str, Any]
) -> None:
    objection = objected(cast, redeemed)
    with clock.moved(timedelta(days=1)):
        assert decide_objection(cast.merchant, objection.pk, False, "It was you").state == "dismissed"
        assert (balance(cast), row(redeemed).state) == ((12_000, 0, 0), "redeemed")
        assert not any(item.held_at for item in units(redeemed))
        assert refused(cast, redeemed) is AlreadyDecided
    assert len(told(redeemed, "order.redeemed")) == 2
    assert told(redeemed, "item.redeemed")[-1].payload["by"] == "decision"


def test_dismissed_without_money_held_it_stays_as_it_was(cast: Cast, redeemed: dict[str, Any]) -> None:
    spend(cast, 12_000)
    objection = objected(cast, redeemed)
    decide_objection(cast.merchant, objection.pk, False, "")
    assert (balance(cast), row(redeemed).state) == ((0, 0, 0), "redeemed")
    assert refused(cast, redeemed) is AlreadyDecided


def test_another_redemption_may_be_objected_to(cast: Cast) -> None:
    order = cast.paid_order(quantity=2)
    redeem(cast, order, order["items"][0]["code"])
    decide_objection(cast.merchant, objected(cast, order).pk, False, "")
    redeem(cast, order)
    objection = objected(cast, order)
    assert [str(undoing.item.code) for undoing in objection.undoings.all()] == [order["items"][1]["code"]]


@pytest.mark.parametrize("uphold", [True, False])
def test_decided_once(cast: Cast, redeemed: dict[str, Any], uphold: bool) -> None:
    objection = objected(cast, redeemed)
    decide_objection(cast.merchant, objection.pk, uphold, "")
    before = balance(cast)
    for again in (True, False):
        with pytest.raises(AlreadyDecided):
            decide_objection(cast.merchant, objection.pk, again, "")
    assert balance(cast) == before


def test_the_stranger_decides_nothing(cast: Cast, redeemed: dict[str, Any]) -> None:
    objection = objected(cast, redeemed)
    for merchant, key in ((cast.other_merchant, objection.pk), (cast.merchant, new_id())):
        with pytest.raises(NotFound):
            decide_objection(merchant, key, True, "")
    assert Objection.objects.get(pk=objection.pk).state == ObjectionState.WAITING


def test_what_the_counter_undid_meanwhile_needs_no_more(cast: Cast, redeemed: dict[str, Any]) -> None:
    spend(cast, 6_000)
    objection = objected(cast, redeemed)
    assert not objection.is_held
    unredeem_order(cast.merchant, order_id(redeemed), redeemed["items"][0]["code"])
    redeem(cast, cast.paid_order())
    decide_objection(cast.merchant, objection.pk, True, "")
    assert (states(redeemed), balance(cast)) == (["issued", "issued"], (0, 12_000, 0))


# --- nobody answers ----------------------------------------------------------------------------------


def test_silence_is_for_the_buyer(cast: Cast, redeemed: dict[str, Any]) -> None:
    held = objected(cast, redeemed)
    poor = cast.paid_order(make_product(cast.merchant, 100))
    redeem(cast, poor)
    spend(cast, 100)
    waits = objected(cast, poor)
    with clock.moved(timedelta(days=6, hours=23)):
        assert uphold_unanswered() == 0
    with clock.moved(timedelta(days=7)):
        assert drains.run("uphold_unanswered") >= 1
        assert drains.run("uphold_unanswered") == 0
        redeem(cast, redeemed)
    assert Objection.objects.get(pk=held.pk).state == "upheld"
    assert Objection.objects.get(pk=waits.pk).state == "waiting"
    assert isinstance(Held(), Refusal)
