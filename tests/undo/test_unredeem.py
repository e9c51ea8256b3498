"""Undoing a redemption at the counter: the legs backwards, within the merchant's time, with its number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from common.ids import new_id
from common.refusals import NotFound, Refusal
from ledger.accounts import escrow, fees, gateway, losses, merchant, merchant_debt
from ledger.posting import Journal, post
from ledger.queries import balance as on_account, debt, journal
from orders.flows.add_numbers import add_numbers
from orders.flows.retire_number import retire_number
from orders.flows.unredeem_order import preview_unredemption, unredeem_order
from orders.models import Binding, EndReason, ServiceNumber, Undoing
from orders.refusals import MerchantShort, NotPaid, NotRedeemed, UndoTooLate, UnknownCode
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of
from tests.cast import CNY, Cast, make_order, pay
from tests.undo.stage import balance, order_id, redeem, row, spend, states, told, units

pytestmark = pytest.mark.usefixtures("agrees")


def refused(cast: Cast, order: dict[str, Any], code: str | None = None) -> type[Refusal]:
    with pytest.raises(Refusal) as refusal:
        unredeem_order(cast.merchant, order_id(order), code)
    return refusal.type


# --- one unit, the last redemption, all of it ---------------------------------------------------


def test_one_unit_by_its_code(cast: Cast) -> None:
    order = cast.paid_order(quantity=2)
    redeem(cast, order)
    code = order["items"][0]["code"]
    result = unredeem_order(cast.merchant, order_id(order), code, "The wrong table")
    assert [item.code for item in result.items] == [code]
    assert (result.order.state, sorted(states(order))) == ("paid", ["issued", "redeemed"])
    assert balance(cast) == (6_000, 6_000, 0)
    (undoing,) = Undoing.objects.filter(item__order_id=order_id(order))
    assert (undoing.gross_minor, undoing.reason, undoing.objection) == (6_000, "The wrong table", None)
    (event,) = told(order, "item.unredeemed")
    assert event.payload["reason"] == "The wrong table"
    assert event.payload["amount"] == 6_000


def test_it_can_be_redeemed_again_and_undone_again(cast: Cast) -> None:
    order = cast.paid_order()
    for _round in range(3):
        redeem(cast, order)
        assert balance(cast) == (6_000, 0, 0)
        unredeem_order(cast.merchant, order_id(order))
        assert (balance(cast), row(order).state) == ((0, 6_000, 0), "paid")
    redeem(cast, order)
    assert row(order).state == "redeemed"
    journals = {undoing.release_journal for undoing in Undoing.objects.filter(item=units(order)[0])}
    assert len(journals | {units(order)[0].release_journal}) == 4


def test_without_a_code_it_is_what_was_redeemed_last(cast: Cast) -> None:
    order = cast.paid_order(quantity=3)
    redeem(cast, order, order["items"][0]["code"])
    redeem(cast, order)
    assert len(preview_unredemption(row(order))) == 2
    unredeem_order(cast.merchant, order_id(order))
    assert balance(cast) == (6_000, 12_000, 0)
    unredeem_order(cast.merchant, order_id(order))
    assert balance(cast) == (0, 18_000, 0)
    assert refused(cast, order) is NotRedeemed


def test_what_needs_no_redemption_stays_aside(cast: Cast) -> None:
    placed = make_order(cast.merchant, cast.code_product, cast.none_product)
    pay(placed.order, cast.buyer)
    order = cast.owner_key.get(f"orders/{placed.order.public_id}").body
    redeem(cast, order)
    unredeem_order(cast.merchant, placed.order.pk)
    assert (states(order), balance(cast)) == (["issued", "issued"], (0, 10_000, 0))


# --- money ----------------------------------------------------------------------------------------


def test_the_fee_and_the_old_debt_come_back_as_they_were_posted(cast: Cast) -> None:
    shop = cast.merchant
    shop.fee_basis_points = 250
    shop.save(update_fields=["fee_basis_points"])
    order, lost = cast.paid_order(), cast.paid_order()
    lost_escrow = escrow(order_id(lost), shop.pk)
    debts = {"amount": 0, "escrow": 0, "loss": 0, "amount_short": 1_000}
    accounts = (lost_escrow, merchant(shop.pk), merchant_debt(shop.pk), losses(), gateway("sandbox"))
    post(Journal.of(new_id(), "dispute_lost", CNY, *accounts, **debts))
    before = on_account(fees(), CNY)
    redeem(cast, order)
    assert balance(cast) == (6_000 - 150 - 1_000, 6_000, 0)
    shop.fee_basis_points = 500
    shop.save(update_fields=["fee_basis_points"])
    unredeem_order(shop, order_id(order))
    assert balance(cast) == (0, 12_000, 1_000)
    assert on_account(fees(), CNY) == before
    assert debt(merchant_debt(shop.pk), CNY) == 1_000
    (undoing,) = Undoing.objects.filter(item__order_id=order_id(order))
    assert [(leg.debit_kind, leg.credit_kind, leg.amount) for leg in journal(undoing.pk)] == [
        ("M", "E", 6_000),
        ("F", "M", 150),
        ("D", "M", 1_000),
    ]


def test_a_short_account_is_refused_by_name_and_nothing_moves(cast: Cast) -> None:
    order = cast.paid_order(quantity=2)
    redeem(cast, order)
    spend(cast, 1)
    assert refused(cast, order) is MerchantShort
    assert (balance(cast), states(order)) == ((11_999, 0, 0), ["redeemed", "redeemed"])
    assert not Undoing.objects.filter(item__order_id=order_id(order)).exists()
    other = cast.paid_order()
    redeem(cast, other)
    unredeem_order(cast.merchant, order_id(order))
    assert balance(cast) == (5_999, 12_000, 0)


# --- refusals -------------------------------------------------------------------------------------


def test_too_late(cast: Cast) -> None:
    cast.merchant.undo_within_seconds = 60
    cast.merchant.save(update_fields=["undo_within_seconds"])
    order = cast.paid_order()
    redeem(cast, order)
    with clock.moved(timedelta(seconds=61)):
        assert refused(cast, order) is UndoTooLate
        assert refused(cast, order, order["items"][0]["code"]) is UndoTooLate
        with pytest.raises(UndoTooLate):
            preview_unredemption(row(order))
    unredeem_order(cast.merchant, order_id(order))


def test_other_refusals(cast: Cast) -> None:
    unpaid, paid, strange = cast.order(), cast.paid_order(quantity=2), cast.paid_order()
    assert refused(cast, unpaid) is NotPaid
    assert refused(cast, paid) is NotRedeemed
    redeem(cast, paid, paid["items"][0]["code"])
    assert refused(cast, paid, paid["items"][1]["code"]) is NotRedeemed
    assert refused(cast, paid, strange["items"][0]["code"]) is UnknownCode
    with pytest.raises(NotFound):
        unredeem_order(cast.other_merchant, order_id(paid))
    with pytest.raises(NotFound):
        unredeem_order(cast.merchant, new_id())
    assert balance(cast) == (6_000, 12_000, 0)


# --- the number -------------------------------------------------------------------------------------


@pytest.fixture
def shop(cast: Cast) -> Cast:
    make_numbers(cast.merchant)
    return cast


def binding(order: dict[str, Any]) -> Binding:
    return Binding.objects.filter(order_id=order_id(order)).latest("valid_from")


def test_the_number_means_the_order_again(shop: Cast) -> None:
    order = call_order(shop)
    call = a_call(shop.buyer.phone, order["service_number"])
    push(shop.owner_key, call)
    assert (row(order).state, binding(order).end_reason) == ("redeemed", EndReason.REDEEMED)
    unredeem_order(shop.merchant, order_id(order))
    again = binding(order)
    assert (again.end_reason, again.valid_until) == ("", row(order).redeem_until)
    assert row(order).service_number == order["service_number"]
    assert push(shop.owner_key, call).body["duplicates"] == 1
    assert row(order).state == "paid", "the same call redeems once"
    push(shop.owner_key, a_call(shop.buyer.phone, order["service_number"]))
    assert row(order).state == "redeemed"


def test_a_call_before_the_undo_told_after_it_redeems_nothing(shop: Cast) -> None:
    order = call_order(shop)
    with clock.moved(timedelta(minutes=1)):
        push(shop.owner_key, a_call(shop.buyer.phone, order["service_number"]))
        late = a_call(shop.buyer.phone, order["service_number"])
    with clock.moved(timedelta(minutes=2)):
        unredeem_order(shop.merchant, order_id(order))
        push(shop.owner_key, late)
        assert reason_of(shop.owner_key, late) == ("unmatched", "outside_window")
    assert row(order).state == "paid"


def test_where_the_pair_has_cooled_down_it_gets_another_binding(shop: Cast) -> None:
    order = call_order(shop)
    redeem(shop, order)
    Binding.objects.filter(order_id=order_id(order)).update(held_until=clock.now())
    unredeem_order(shop.merchant, order_id(order))
    assert Binding.objects.filter(order_id=order_id(order)).count() == 2
    assert (binding(order).end_reason, row(order).service_number != "") == ("", True)


def test_where_the_database_refuses_the_pair_it_gets_another_number(shop: Cast) -> None:
    """Its pair means another order soon (as after a clock that was off): the exclusion says no."""
    order, other = call_order(shop), call_order(shop)
    redeem(shop, order)
    mine = binding(order)
    theirs = binding(other)
    later = mine.held_until + timedelta(hours=1)
    Binding.objects.filter(pk=theirs.pk).update(
        number_digits=mine.number_digits,
        service_number=mine.service_number,
        valid_from=later,
        valid_until=later + timedelta(days=1),
        held_until=later + timedelta(days=2),
    )
    unredeem_order(shop.merchant, order_id(order))
    assert row(order).service_number not in ("", order["service_number"])
    assert binding(order).end_reason == ""


def test_a_retired_number_is_not_bound_again(shop: Cast) -> None:
    order = call_order(shop)
    redeem(shop, order)
    for number in ServiceNumber.objects.filter(merchant=shop.merchant):
        retire_number(shop.merchant, number.pk)
    unredeem_order(shop.merchant, order_id(order))
    assert row(order).service_number == "", "its codes redeem it"
    add_numbers(shop.merchant, ["+8613800138000"])
    redeem(shop, order)


def test_part_of_an_order_keeps_its_live_binding(shop: Cast) -> None:
    order = call_order(shop, quantity=2)
    code = order["items"][0]["code"]
    redeem(shop, order, code)
    before = binding(order)
    unredeem_order(shop.merchant, order_id(order), code)
    after = binding(order)
    assert (after.pk, after.valid_from, after.end_reason) == (before.pk, before.valid_from, "")
