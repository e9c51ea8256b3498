"""Objections to redemptions whose money the merchant has spent: held when it comes, ended when it doesn't."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from orders.flows.decide_objection import decide_objection
from orders.flows.hold_objected import hold_objected
from orders.flows.object_redemption import object_redemption
from orders.flows.unredeem_order import unredeem_order
from orders.flows.uphold_unanswered import uphold_unanswered
from orders.models import Objection, Undoing
from orders.refusals import AlreadyDecided, AlreadyObjected, Held, MerchantShort
from orders.undoing import DECIDE_WITHIN, GIVE_UP_AFTER
from tests.cast import WALLET_MINOR, Cast
from tests.undo.stage import balance, order_id, redeem, row, spend, states, told, units

pytestmark = pytest.mark.usefixtures("agrees")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def redeemed(cast: Cast) -> dict[str, Any]:
    order = cast.paid_order(quantity=2)
    redeem(cast, order)
    return order


@pytest.fixture
def short(cast: Cast, redeemed: dict[str, Any]) -> Objection:
    """An objection to it; the shop's account is empty."""
    spend(cast, 12_000)
    objection = object_redemption(cast.buyer, order_id(redeemed))
    assert not objection.is_held
    return objection


def look() -> None:
    """What the task does in a while: other tests' shops may have objections too."""
    drains.run("uphold_unanswered")


def again(objection: Objection) -> Objection:
    return Objection.objects.get(pk=objection.pk)


def test_the_money_is_held_as_soon_as_it_is_there(
    cast: Cast, redeemed: dict[str, Any], short: Objection
) -> None:
    with pytest.raises(MerchantShort):
        hold_objected(cast.merchant, short.pk)
    look()
    assert (again(short).is_held, balance(cast)) == (False, (0, 0, 0))
    redeem(cast, cast.paid_order(quantity=3))
    look()
    assert (again(short).is_held, again(short).state) == (True, "waiting")
    assert (balance(cast), states(redeemed)) == ((6_000, 12_000, 0), ["issued", "issued"])
    assert all(item.held_at for item in units(redeemed))
    assert Undoing.objects.filter(objection=short).count() == 2
    assert len(told(redeemed, "item.unredeemed")) == 2
    look()
    answer = cast.owner_key.post(f"orders/{redeemed['id']}/redeem", {})
    assert (answer.status, answer.code) == (409, Held.code)
    with pytest.raises(AlreadyDecided):
        hold_objected(cast.merchant, short.pk)


def test_held_late_a_week_of_silence_since_the_objection_is_for_the_buyer(
    cast: Cast, redeemed: dict[str, Any], short: Objection
) -> None:
    redeem(cast, cast.paid_order(quantity=3))
    with clock.moved(DECIDE_WITHIN - MINUTE):
        look()
        assert again(short).state == "waiting"
    with clock.moved(DECIDE_WITHIN):
        look()
        assert (again(short).state, again(short).is_held) == ("upheld", True)
        assert not any(item.held_at for item in units(redeemed))
        redeem(cast, redeemed)


def test_held_late_it_can_be_dismissed_too(cast: Cast, redeemed: dict[str, Any], short: Objection) -> None:
    redeem(cast, cast.paid_order(quantity=3))
    look()
    decide_objection(cast.merchant, short.pk, False, "It was you")
    assert (states(redeemed), balance(cast)) == (["redeemed", "redeemed"], (18_000, 0, 0))


def test_an_account_that_stays_empty_ends_it_at_last(
    cast: Cast, redeemed: dict[str, Any], short: Objection
) -> None:
    with clock.moved(GIVE_UP_AFTER - MINUTE):
        look()
        with pytest.raises(AlreadyObjected):
            object_redemption(cast.buyer, order_id(redeemed))
    with clock.moved(GIVE_UP_AFTER):
        look()
    assert (again(short).state, row(redeemed).state) == ("dismissed", "redeemed")
    assert told(redeemed, "redemption.objection_decided")[-1].payload["decision"] == "dismissed"


def test_it_does_not_keep_what_is_left_of_the_order_for_ever(cast: Cast) -> None:
    """A merchant that keeps what nobody comes for waits for the objection, and that one ends."""
    cast.merchant.redeem_within_days = 1
    cast.merchant.unredeemed = "keep"
    cast.merchant.save(update_fields=["redeem_within_days", "unredeemed"])
    order = cast.paid_order(quantity=2)
    redeem(cast, order, order["items"][0]["code"])
    spend(cast, 6_000)
    object_redemption(cast.buyer, order_id(order))
    with clock.moved(GIVE_UP_AFTER - MINUTE):
        look()
        drains.run("keep_unredeemed")
        assert row(order).state == "paid"
    with clock.moved(GIVE_UP_AFTER):
        look()
        drains.run("keep_unredeemed")
    assert (row(order).state, balance(cast)) == ("expired", (6_000, 0, 0))


def test_what_the_counter_undid_is_for_the_buyer_at_once(
    cast: Cast, redeemed: dict[str, Any], short: Objection
) -> None:
    redeem(cast, cast.paid_order(quantity=2))
    unredeem_order(cast.merchant, order_id(redeemed))
    look()
    assert (again(short).state, again(short).is_held) == ("upheld", False)
    assert balance(cast) == (0, 12_000, 0)
    redeem(cast, redeemed)


def test_the_buyer_is_right_even_when_the_money_went_back_meanwhile(
    cast: Cast, redeemed: dict[str, Any], short: Objection
) -> None:
    redeem(cast, cast.paid_order(quantity=2))
    unredeem_order(cast.merchant, order_id(redeemed))
    with clock.moved(timedelta(days=91)):
        drains.run("return_unredeemed")
        assert row(redeemed).state == "refunded"
        decide_objection(cast.merchant, short.pk, True, "")
    assert again(short).state == "upheld"
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR - 12_000


def test_many_that_wait_for_money_hold_up_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.flows.uphold_unanswered.CHUNK", 2)
    poor = [cast.paid_order() for _place in range(4)]
    for order in poor:
        redeem(cast, order)
    spend(cast, 24_000)
    for order in poor:
        assert not object_redemption(cast.buyer, order_id(order)).is_held
    redeem(cast, cast.paid_order())
    held = Objection.objects.filter(merchant=cast.merchant, is_held=True)
    for _try in range(300):  # two at random: everybody's turn comes
        if held.exists():
            break
        uphold_unanswered()
    assert held.count() == 1
    assert balance(cast) == (0, 6_000, 0)
