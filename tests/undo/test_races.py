"""Undoing, objecting and the end of the time to redeem, raced; protections beside controls without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import models

from common import clock, drains, locking
from ledger.models import Leg
from orders.flows import object_redemption as object_flow
from orders.flows.decide_objection import decide_objection
from orders.flows.hold_objected import hold_objected
from orders.flows.keep_unredeemed import _keep, keep_unredeemed
from orders.flows.object_redemption import object_redemption
from orders.flows.redeem_order import redeem_order
from orders.flows.unredeem_order import unredeem_order
from orders.lapsing import GRACE
from orders.models import Item, Objection, Order, Undoing
from orders.refusals import Expired, Refunded
from payments.flows.return_unredeemed import _return, return_unredeemed
from payments.models import Payment, Return
from tests.cast import WALLET_MINOR, Cast, together
from tests.undo.stage import balance, order_id, redeem, row, spend, states

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 8
ROUNDS = 8


def names(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def race(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    works = (first, second)
    return together(lambda number: works[number](), 2)


def undone(order: dict[str, Any]) -> int:
    return Undoing.objects.filter(item__order_id=order_id(order)).count()


def unlocked(monkeypatch: pytest.MonkeyPatch, kind: type[models.Model], many: int) -> None:
    """`lock_rows` only reads; whoever has read rows of this kind waits until the others have too."""
    everybody_has_looked = Barrier(many)

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is kind:
            everybody_has_looked.wait(30)
        return found

    monkeypatch.setattr(locking, "lock_rows", read)


# --- undo, many at once -----------------------------------------------------------------------------


@pytest.fixture
def redeemed(cast: Cast) -> dict[str, Any]:
    """An order of two units that was redeemed, beside another one: the shop has more than it needs."""
    order = cast.paid_order(quantity=2)
    redeem(cast, order)
    redeem(cast, cast.paid_order(quantity=20))
    return order


def undo_at_once(cast: Cast, order: dict[str, Any]) -> list[Any]:
    return together(lambda _number: unredeem_order(cast.merchant, order_id(order)), MANY)


def test_of_eight_undoings_one_moves_the_money(cast: Cast, redeemed: dict[str, Any]) -> None:
    assert names(undo_at_once(cast, redeemed)) == {"Redeemed": 1, "NotRedeemed": MANY - 1}
    assert (undone(redeemed), balance(cast)) == (2, (120_000, 12_000, 0))


def test_control_without_the_lock_eight_set_out_and_the_constraint_stops_seven(
    cast: Cast, redeemed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All eight find the units redeemed; only `release_journal`, undone once, holds them back."""
    with monkeypatch.context() as patched:
        unlocked(patched, Item, MANY)
        results = undo_at_once(cast, redeemed)
    assert names(results) == {"Redeemed": 1, "IntegrityError": MANY - 1}
    assert (undone(redeemed), balance(cast)) == (2, (120_000, 12_000, 0))


# --- undo against redeem ----------------------------------------------------------------------------


def test_undo_against_redeem_the_money_is_in_one_place(cast: Cast) -> None:
    """One unit is undone while all that waits is redeemed, before or after it."""
    for _round in range(ROUNDS):
        order = cast.paid_order(quantity=2)
        code = order["items"][0]["code"]
        redeem(cast, order, code)
        before = balance(cast)[0]
        undo, again = race(
            lambda order=order, code=code: unredeem_order(cast.merchant, order_id(order), code),  # type: ignore[misc]
            lambda order=order: redeem_order(cast.merchant, order_id(order)),  # type: ignore[misc]
        )
        assert names([undo, again]) == {"Redeemed": 2}
        left = states(order).count("redeemed")
        assert left == (2 if len(again.items) == 2 else 1)
        assert balance(cast)[0] - before == (left - 1) * 6_000


def test_control_without_the_lock_a_redemption_is_undone_that_is_no_more(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is undone and redeemed again while the undo holds what it had read: the constraint stops it."""
    order = cast.paid_order()
    redeem(cast, order)

    def undo_and_redeem() -> str:
        unredeem_order(cast.merchant, order_id(order))
        return str(redeem_order(cast.merchant, order_id(order)).order.state)

    with monkeypatch.context() as patched:
        results = meanwhile(patched, undo_and_redeem)
        (failed,) = together(lambda _number: unredeem_order(cast.merchant, order_id(order)), 1)
    assert results == ["redeemed"]
    assert type(failed).__name__ == "IntegrityError"
    assert "release_journal" in str(failed)
    assert (undone(order), balance(cast)) == (1, (6_000, 0, 0))


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> list[Any]:
    """Let `work` happen on another connection between the items' reading, unlocked, and what follows."""
    real, done = locking.lock_rows, Event()
    results: list[Any] = []

    def read_then_wait(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        if done.is_set():
            return real(rows, skip_locked=skip_locked)
        found = list(rows.order_by("pk"))
        if rows.model is Item:
            done.set()
            results.extend(together(lambda _number: work(), 1))
        return found

    monkeypatch.setattr(locking, "lock_rows", read_then_wait)
    return results


# --- objections ----------------------------------------------------------------------------------------


def object_at_once(cast: Cast, order: dict[str, Any]) -> list[Any]:
    return together(lambda _number: object_redemption(cast.buyer, order_id(order)), MANY)


def test_of_eight_taps_one_is_an_objection(cast: Cast, redeemed: dict[str, Any]) -> None:
    assert names(object_at_once(cast, redeemed)) == {"Objection": 1, "AlreadyObjected": MANY - 1}
    assert (undone(redeemed), balance(cast)) == (2, (120_000, 12_000, 0))


def test_control_without_the_lock_the_constraint_stops_the_second_objection(
    cast: Cast, redeemed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_has_looked = Barrier(MANY)
    choose = object_flow._choose

    def choose_then_wait(*asked: Any) -> list[Item]:
        chosen = choose(*asked)
        everybody_has_looked.wait(30)
        return chosen

    with monkeypatch.context() as patched:
        patched.setattr(locking, "lock_rows", lambda rows, **_how: list(rows.order_by("pk")))
        patched.setattr(object_flow, "_choose", choose_then_wait)
        results = object_at_once(cast, redeemed)
    assert names(results) == {"Objection": 1, "IntegrityError": MANY - 1}
    assert any("objection_waits_once" in str(result) for result in results)
    assert Objection.objects.filter(order_id=order_id(redeemed)).count() == 1


def test_uphold_against_dismiss_one_decides(cast: Cast, redeemed: dict[str, Any]) -> None:
    objection = object_redemption(cast.buyer, order_id(redeemed))
    results = together(
        lambda number: decide_objection(cast.merchant, objection.pk, number % 2 == 0, ""), MANY
    )
    assert names(results) == {"Objection": 1, "AlreadyDecided": MANY - 1}
    decided = Objection.objects.get(pk=objection.pk)
    held = 12_000 if decided.state == "upheld" else 0
    assert balance(cast) == (132_000 - held, held, 0)


def test_of_eight_late_holds_one_moves_the_money(cast: Cast, redeemed: dict[str, Any]) -> None:
    spend(cast, 132_000)
    objection = object_redemption(cast.buyer, order_id(redeemed))
    assert not objection.is_held
    redeem(cast, cast.paid_order(quantity=4))
    results = together(lambda _number: hold_objected(cast.merchant, objection.pk), MANY)
    assert names(results) == {"bool": 1, "AlreadyDecided": MANY - 1}
    assert (undone(redeemed), balance(cast)) == (2, (12_000, 12_000, 0))


def test_late_hold_against_the_decision_the_money_moves_once(cast: Cast) -> None:
    for _round in range(ROUNDS):
        order = cast.paid_order()
        redeem(cast, order)
        spend(cast, balance(cast)[0])
        objection = object_redemption(cast.buyer, order_id(order))
        redeem(cast, cast.paid_order())
        race(
            lambda objection=objection: hold_objected(cast.merchant, objection.pk),  # type: ignore[misc]
            lambda objection=objection: decide_objection(cast.merchant, objection.pk, True, ""),  # type: ignore[misc]
        )
        found = Objection.objects.get(pk=objection.pk)
        assert (found.state, undone(order), states(order)) == ("upheld", 1, ["issued"])
        assert not Item.objects.filter(order_id=order_id(order), held_at__isnull=False).exists()


def test_objection_against_undo_the_money_moves_once(cast: Cast) -> None:
    for _round in range(ROUNDS):
        order = cast.paid_order()
        redeem(cast, order)
        results = race(
            lambda order=order: object_redemption(cast.buyer, order_id(order)),  # type: ignore[misc]
            lambda order=order: unredeem_order(cast.merchant, order_id(order)),  # type: ignore[misc]
        )
        assert sum(isinstance(result, Exception) for result in results) == 1
        assert (undone(order), states(order)) == (1, ["issued"])


# --- the time to redeem ends against redeem ------------------------------------------------------------


@pytest.fixture
def closing(cast: Cast) -> Iterator[Callable[[str], dict[str, Any]]]:
    """An order whose time to redeem has passed for the tasks and, by the counter's clock, not quite."""

    def make(policy: str) -> dict[str, Any]:
        cast.merchant.unredeemed = policy
        cast.merchant.save(update_fields=["unredeemed"])
        order = cast.paid_order()
        over = clock.now() - GRACE + timedelta(milliseconds=5)
        Order.objects.filter(pk=order_id(order)).update(redeem_until=over)
        return order

    yield make
    drains.run("return_unredeemed")
    drains.run("keep_unredeemed")


def lapse(policy: str) -> None:
    for _try in range(6):
        return_unredeemed() if policy == "refund" else keep_unredeemed()


@pytest.mark.parametrize("policy", ["refund", "keep"])
def test_lapse_against_redeem_exactly_one_gets_the_money(
    cast: Cast, closing: Callable[[str], dict[str, Any]], policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.flows.redeem_order._refuse_order", refuse_ended)
    seen: Counter[str] = Counter()
    for _round in range(ROUNDS):
        order = closing(policy)
        before = balance(cast)[0], wallet(cast)
        _none, redeemed = race(
            lambda: lapse(policy),
            lambda order=order: redeem_order(cast.merchant, order_id(order)),  # type: ignore[misc]
        )
        lapse(policy)
        state = row(order).state
        gone = {"refund": "refunded", "keep": "expired"}[policy]
        assert state == (gone if isinstance(redeemed, Exception) else "redeemed")
        got = balance(cast)[0] - before[0], wallet(cast) - before[1]
        assert got == ((0, 6_000) if state == "refunded" else (6_000, 0))
        assert Leg.objects.filter(debit_owner=order_id(order), debit_kind="E").count() == 1
        seen[state] += 1
    assert sum(seen.values()) == ROUNDS


def refuse_ended(order: Order, _moment: Any) -> None:
    """The counter's own look at the clock left out: only the order's state, under its lock, decides."""
    if order.state == "refunded":
        raise Refunded
    if order.state == "expired":
        raise Expired


def wallet(cast: Cast) -> int:
    return int(cast.buyer_key.get("me").body["wallet"]["balance"])


def test_control_without_the_lock_the_lapse_meets_a_redeemed_unit(
    cast: Cast, closing: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has read a unit that waits, it is redeemed: only the empty escrow stops the task."""
    monkeypatch.setattr("orders.flows.redeem_order._refuse_order", refuse_ended)
    order = closing("refund")
    with monkeypatch.context() as patched, clock.moved(timedelta(seconds=1)):
        results = meanwhile(patched, lambda: redeem_order(cast.merchant, order_id(order)).order.state)
        (failed,) = together(lambda _number: _return([order_id(order)]), 1)
    assert results == ["redeemed"]
    assert (type(failed).__name__, failed.kind) == ("InsufficientFunds", "E")
    assert row(order).state == "redeemed"
    assert not Return.objects.filter(payment__order_id=order_id(order)).exists()


def test_a_redemption_between_the_looking_and_the_locking_can_still_be_objected_to(
    cast: Cast, closing: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call in time is told of late, just as the merchant's task looks for what it keeps."""
    monkeypatch.setattr("orders.flows.redeem_order._refuse_order", refuse_ended)
    order = closing("keep")
    Item.objects.create(
        order_id=order_id(order),
        product=cast.code_product,
        product_name="Nobody comes for it",
        redeem_by="code",
        price_minor=0,
    )
    code = order["items"][0]["code"]
    real, done = locking.lock_rows, Event()

    def look_then_lock(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        if rows.model is not Order or done.is_set():
            return real(rows, skip_locked=skip_locked)
        found = [one.pk for one in rows.order_by("pk")]
        done.set()
        together(lambda _number: redeem_order(cast.merchant, order_id(order), code), 1)
        return real(Order.objects.filter(pk__in=found).select_related("merchant"), skip_locked=skip_locked)

    with monkeypatch.context() as patched, clock.moved(timedelta(seconds=1)):
        patched.setattr(locking, "lock_rows", look_then_lock)
        together(lambda _number: _keep([order_id(order)]), 1)
    assert done.is_set()
    assert row(order).state == "paid"
    object_redemption(cast.buyer, order_id(order))


def test_of_eight_tasks_one_sends_it_back(cast: Cast, closing: Callable[[str], dict[str, Any]]) -> None:
    orders = [closing("refund") for _ in range(5)]
    with clock.moved(timedelta(seconds=1)):
        together(lambda _number: return_unredeemed(), MANY)
        return_unredeemed()
    paid = Payment.objects.filter(order_id__in=[order_id(order) for order in orders])
    assert [payment.state for payment in paid] == ["refunded"] * 5
    assert Return.objects.filter(payment__in=paid).count() == 5
    assert wallet(cast) == WALLET_MINOR


def test_lapse_against_objection_a_held_unit_waits(
    cast: Cast, closing: Callable[[str], dict[str, Any]]
) -> None:
    for _round in range(ROUNDS):
        order = closing("refund")
        Order.objects.filter(pk=order_id(order)).update(redeem_until=clock.now() + timedelta(hours=1))
        redeem(cast, order)
        Order.objects.filter(pk=order_id(order)).update(redeem_until=clock.now() - GRACE)
        _none, objection = race(
            lambda: lapse("refund"),
            lambda order=order: object_redemption(cast.buyer, order_id(order)),  # type: ignore[misc]
        )
        assert (row(order).state, states(order)) == ("paid", ["issued"])
        decide_objection(cast.merchant, objection.pk, False, "")
        assert row(order).state == "redeemed"
