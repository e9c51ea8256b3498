"""Numbers, records and redemptions raced from many connections; each beside a control without protection."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, models

from common import clock, locking
from common.rows import read_among
from orders import bindings, call_outcomes, redemption
from orders.flows import receive_calls, redeem_order
from orders.flows.cancel_order import cancel_order
from orders.lapsing import GRACE
from orders.models import Binding, CallRecord, Item, Order
from payments.flows.return_unredeemed import _return
from payments.models import Return
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of, state_of
from tests.cast import Answer, Caller, Cast, together

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 8


def many_orders(cast: Cast) -> list[dict[str, Any]]:
    return [cast.order(cast.call_product, buyer_phone=cast.buyer.phone) for _ in range(MANY)]


# --- allocation -------------------------------------------------------------------------------


def numbers_of(orders: list[dict[str, Any]]) -> list[str]:
    found = Order.objects.filter(number__in=[order["number"] for order in orders])
    return [order.service_number for order in found if order.service_number]


def test_eight_orders_of_one_buyer_paid_at_once_get_eight_numbers(cast: Cast) -> None:
    make_numbers(cast.merchant, 3 * MANY)
    orders = many_orders(cast)
    answers = together(lambda place: cast.pay(Caller(cast.buyer_key.key), orders[place]), MANY)
    assert [answer.status for answer in answers] == [201] * MANY
    assert len(set(numbers_of(orders))) == MANY


def test_the_last_number_goes_to_one(cast: Cast) -> None:
    make_numbers(cast.merchant, 1)
    orders = many_orders(cast)
    answers = together(lambda place: cast.pay(Caller(cast.buyer_key.key), orders[place]), MANY)
    assert [answer.status for answer in answers] == [201] * MANY
    assert len(numbers_of(orders)) == 1


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Numbers are allocated in a table without the exclusion of pairs."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE control_binding (LIKE orders_binding INCLUDING DEFAULTS)")
    monkeypatch.setattr(
        bindings, "_ALLOCATE", bindings._ALLOCATE.replace("orders_binding", "control_binding")
    )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE control_binding")


def bind_at_once(cast: Cast, orders: list[dict[str, Any]]) -> list[Any]:
    everybody_has_bound = Barrier(MANY)
    rows = [Order.objects.get(number=order["number"]) for order in orders]
    moment = clock.now()

    def bind(place: int) -> str:
        order = rows[place]
        order.redeem_until = moment
        with locking.transaction():
            number = bindings.bind(order, moment)
            everybody_has_bound.wait(30)
        return number

    return together(bind, MANY)


def test_control_without_the_exclusion_one_number_means_eight_orders(cast: Cast, unguarded: None) -> None:
    make_numbers(cast.merchant, 1)
    assert len(set(bind_at_once(cast, many_orders(cast)))) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT order_id), count(DISTINCT number_digits) FROM control_binding")
        assert cursor.fetchone() == (MANY, 1)


# --- one record, eight times --------------------------------------------------------------------


def test_one_record_pushed_eight_times_at_once_counts_once(cast: Cast) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    call = a_call(cast.buyer.phone, order["service_number"])
    answers = together(lambda _place: push(Caller(cast.owner_key.key), call), MANY)
    assert [answer.status for answer in answers] == [200] * MANY
    assert sum(answer.body["accepted"] for answer in answers) == 1
    assert sum(answer.body["duplicates"] for answer in answers) == MANY - 1
    assert [order["id"]] == [one for answer in answers for one in answer.body["redeemed"]]
    assert CallRecord.objects.filter(merchant=cast.merchant).count() == 1


def test_a_batch_pushed_eight_times_at_once_in_eight_orders_while_others_are_paid(cast: Cast) -> None:
    """Nobody waits for somebody who waits for them, and each record and order counts once."""
    make_numbers(cast.merchant, 40)
    orders = [call_order(cast) for _ in range(12)]
    unpaid = [cast.order(cast.call_product, buyer_phone=cast.buyer.phone) for _ in range(4)]
    callers = (cast.buyer.phone, "+8613900000001")
    calls = [a_call(caller, order["service_number"]) for order in orders for caller in callers]

    def act(place: int) -> Answer:
        if place >= MANY:
            return cast.pay(Caller(cast.buyer_key.key), unpaid[place - MANY])
        return push(Caller(cast.owner_key.key), *random.Random(place).sample(calls, len(calls)))

    answers = together(act, MANY + len(unpaid))
    assert [answer.status for answer in answers] == [200] * MANY + [201] * len(unpaid)
    pushed = [answer.body for answer in answers[:MANY]]
    assert sum(body["accepted"] for body in pushed) == len(calls)
    assert sum(body["duplicates"] for body in pushed) == (MANY - 1) * len(calls)
    assert sorted(one for body in pushed for one in body["redeemed"]) == sorted(
        order["id"] for order in orders
    )


def test_control_look_then_insert_stumbles_over_the_constraint(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of one statement that steps aside: everybody finds the record missing, everybody inserts."""
    everybody_has_looked = Barrier(MANY)

    def look_then_insert(merchant: Any, _feed: Any, records: list[CallRecord]) -> set[Any]:
        known = CallRecord.objects.filter(merchant=merchant, call_id=records[0].call_id).exists()
        everybody_has_looked.wait(30)
        if not known:
            CallRecord.objects.bulk_create(records)
        return {record.pk for record in records}

    monkeypatch.setattr(receive_calls, "_store", look_then_insert)
    call = a_call("+8613900000001", "+8613900000002")
    answers = together(lambda _place: push(Caller(cast.owner_key.key), call), MANY)
    assert sorted(answer.status for answer in answers) == [200] + [500] * (MANY - 1)
    assert CallRecord.objects.filter(merchant=cast.merchant).count() == 1


# --- eight calls, one order ----------------------------------------------------------------------


def eight_calls(cast: Cast, order: dict[str, Any]) -> list[Answer]:
    pair = (cast.buyer.phone, order["service_number"])
    return together(lambda _place: push(Caller(cast.owner_key.key), a_call(*pair)), MANY)


def test_eight_calls_at_once_redeem_once(cast: Cast) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    answers = eight_calls(cast, order)
    assert sorted(len(answer.body["redeemed"]) for answer in answers) == [0] * (MANY - 1) + [1]
    records = CallRecord.objects.filter(merchant=cast.merchant)
    assert sorted(records.values_list("reason", flat=True)) == [""] + ["already_redeemed"] * (MANY - 1)
    assert cast.owner_key.get("balance").body["available"] == order["amount"]


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Nobody's lock holds, and nobody redeems before so many have set out to; how each of them does."""

    def let(many: int) -> list[str]:
        everybody_has_looked = Barrier(many)
        set_out: list[str] = []
        together_redeemed = redemption.redeem_together

        def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
            return list(rows.order_by("pk"))

        def redeem(redeemings: Any, *more: Any) -> None:
            set_out.extend(one.by for one in redeemings)
            everybody_has_looked.wait(30)
            together_redeemed(redeemings, *more)

        monkeypatch.setattr(locking, "lock_rows", read)
        monkeypatch.setattr(locking, "lock_among", read_among)
        monkeypatch.setattr(call_outcomes, "redeem_together", redeem)
        monkeypatch.setattr(redeem_order, "redeem_together", redeem)
        return set_out

    return let


def test_control_without_the_lock_all_eight_set_out_to_redeem(
    cast: Cast, unlocked: Callable[[int], list[str]]
) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    set_out = unlocked(MANY)
    eight_calls(cast, order)
    assert set_out == ["call"] * MANY


# --- counter against call, cancel against call ------------------------------------------------------


def test_counter_against_call_has_one_winner(cast: Cast) -> None:
    make_numbers(cast.merchant, 20)
    for _round in range(6):
        before = cast.owner_key.get("balance").body["available"]
        order = call_order(cast)
        call = a_call(cast.buyer.phone, order["service_number"])

        def act(place: int, order: dict[str, Any] = order, call: dict[str, Any] = call) -> Answer:
            if place % 2:
                return push(Caller(cast.owner_key.key), call)
            return Caller(cast.owner_key.key).post(f"orders/{order['id']}/redeem", {})

        answers = together(act, 4)
        counter = [answer.status for answer in answers[::2]]
        called = [one for answer in answers[1::2] for one in answer.body["redeemed"]]
        assert (counter.count(200), len(called)) in ((1, 0), (0, 1))
        assert cast.owner_key.get("balance").body["available"] == before + order["amount"]


def test_control_without_the_lock_counter_and_call_both_set_out(
    cast: Cast, unlocked: Callable[[int], list[str]]
) -> None:
    """The ledger still pays it out once: the journal is the unit's own."""
    make_numbers(cast.merchant)
    order = call_order(cast)
    call = a_call(cast.buyer.phone, order["service_number"])
    set_out = unlocked(2)

    def act(place: int) -> Answer:
        caller = Caller(cast.owner_key.key)
        return push(caller, call) if place else caller.post(f"orders/{order['id']}/redeem", {})

    together(act, 2)
    assert sorted(set_out) == ["call", "code"]
    assert cast.owner_key.get("balance").body["available"] == order["amount"]


def test_cancel_against_payment_and_call(cast: Cast) -> None:
    make_numbers(cast.merchant, 20)
    for _round in range(6):
        order = cast.order(cast.call_product, buyer_phone=cast.buyer.phone)

        def act(place: int, order: dict[str, Any] = order) -> Answer:
            if place == 0:
                return Caller(cast.owner_key.key).post(f"orders/{order['id']}/cancel")
            answer = cast.pay(Caller(cast.buyer_key.key), order)
            number = Order.objects.get(number=order["number"]).service_number
            if number:
                push(Caller(cast.owner_key.key), a_call(cast.buyer.phone, number))
            return answer

        _cancelled, paid = together(act, 2)
        assert state_of(order) == ("redeemed" if paid.status == 201 else "cancelled")
        assert Binding.objects.filter(order__number=order["number"]).count() == (paid.status == 201)


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, kind: type[models.Model], work: Callable[[], Any]
) -> list[Any]:
    """Let `work` happen on another connection between reading such rows, unlocked, and what follows."""
    real, done = locking.lock_rows, Event()
    results: list[Any] = []

    def read_then_wait(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        if done.is_set():
            return real(rows, skip_locked=skip_locked)
        found = list(rows.order_by("pk"))
        if rows.model is kind:
            done.set()
            results.extend(together(lambda _place: work(), 1))
        return found

    monkeypatch.setattr(locking, "lock_rows", read_then_wait)
    return results


def test_control_without_the_lock_cancel_meets_a_redeemed_order(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read an order that nobody had paid; only the states that the table allows stop it."""
    make_numbers(cast.merchant)
    order = cast.order(cast.call_product, buyer_phone=cast.buyer.phone)
    row = Order.objects.get(number=order["number"])

    def pay_and_call() -> list[str]:
        assert cast.pay(Caller(cast.buyer_key.key), order).status == 201
        number = Order.objects.get(pk=row.pk).service_number
        return list(push(Caller(cast.owner_key.key), a_call(cast.buyer.phone, number)).body["redeemed"])

    with monkeypatch.context() as patched:
        results = meanwhile(patched, Order, pay_and_call)
        (failed,) = together(lambda _place: cancel_order(cast.merchant, row.pk), 1)
    assert results == [[order["id"]]]
    assert type(failed).__name__ == "IntegrityError"
    assert "no verb leads from redeemed to cancelled" in str(failed)
    assert state_of(order) == "redeemed"


# --- refund against call ------------------------------------------------------------------------------


def lapsed_order(cast: Cast) -> tuple[Order, dict[str, Any]]:
    """An order whose money is about to go back, and a call made in time that nobody has told of yet."""
    shown = call_order(cast)
    over = clock.now() - GRACE - timedelta(minutes=1)
    paid_at = over - timedelta(hours=1)
    orders = Order.objects.filter(number=shown["number"])
    orders.update(paid_at=paid_at, redeem_until=over)
    Binding.objects.filter(order__in=orders).update(valid_from=paid_at, valid_until=over)
    call = a_call(cast.buyer.phone, shown["service_number"], over - timedelta(minutes=30))
    return orders.get(), call


def money_of(cast: Cast) -> tuple[int, int]:
    """What the shop may spend, and what is in the buyer's wallet."""
    shop, buyer = Caller(cast.owner_key.key), Caller(cast.buyer_key.key)
    return shop.get("balance").body["available"], buyer.get("me").body["wallet"]["balance"]


def test_refund_against_call_exactly_one_gets_the_money(cast: Cast) -> None:
    make_numbers(cast.merchant, 20)
    for _round in range(6):
        order, call = lapsed_order(cast)
        before = money_of(cast)

        def act(place: int, order: Order = order, call: dict[str, Any] = call) -> Any:
            return push(Caller(cast.owner_key.key), call).body["redeemed"] if place else _return([order.pk])

        outcome = tuple(together(act, 2))
        got = tuple(now - then for now, then in zip(money_of(cast), before, strict=True))
        told = reason_of(cast.owner_key, call)
        if outcome == (1, []):
            assert (got, told) == ((0, order.amount_minor), ("ignored", "order_refunded"))
        else:
            assert outcome == (0, [order.public_id])
            assert (got, told) == ((order.amount_minor, 0), ("redeemed", None))
        assert Return.objects.filter(payment__order=order).count() == outcome[0]


def test_control_without_the_lock_the_refund_meets_a_redeemed_unit(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read a unit that waits, and a call redeems it: only the empty escrow stops the refund."""
    make_numbers(cast.merchant)
    order, call = lapsed_order(cast)
    with monkeypatch.context() as patched:
        results = meanwhile(patched, Item, lambda: push(Caller(cast.owner_key.key), call).body["redeemed"])
        (failed,) = together(lambda _place: _return([order.pk]), 1)
    assert results == [[order.public_id]]
    assert (type(failed).__name__, failed.kind) == ("InsufficientFunds", "E")
    assert Order.objects.get(pk=order.pk).state == "redeemed"
    assert not Return.objects.filter(payment__order=order).exists()
