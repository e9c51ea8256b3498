"""Paying raced from many connections; each protection beside a control in which it is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, models
from pytest_django import Settings

from common import clock, idempotency, locking
from common.ids import new_id
from common.rows import read_rows
from ledger import posting
from ledger.queries import balance
from orders.flows.expire_orders import _expire, expire_orders
from orders.models import Order
from payments.flows import pay_order, top_up_wallet
from payments.models import Payment
from tests.cast import WALLET_MINOR, Answer, Caller, Cast, key_of, make_buyer, make_order, pay, together

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

PAYERS = 16


def codes_of(answers: list[Any]) -> Counter[Any]:
    return Counter(
        (answer.code or answer.status) if isinstance(answer, Answer) else type(answer).__name__
        for answer in answers
    )


def counted(order: dict[str, Any]) -> list[Payment]:
    paid = Payment.objects.filter(order__live_token=order["live_code"]["token"])
    return list(paid.filter(state__in=("succeeded", "reversed", "refunded")))


def state(order: dict[str, Any]) -> str:
    return str(Order.objects.get(live_token=order["live_code"]["token"]).state)


# --- one live code, sixteen payers -----------------------------------------------------------


def all_pay(cast: Cast, order: dict[str, Any], callers: list[Caller]) -> list[Any]:
    return together(lambda number: cast.pay(callers[number], order), len(callers))


def test_of_sixteen_payers_one_counts(cast: Cast) -> None:
    order = cast.order()
    callers = [Caller(key_of(make_buyer(10_000))) for _ in range(PAYERS)]
    answers = all_pay(cast, order, callers)
    assert codes_of(answers) == {201: 1, "already_paid": PAYERS - 1}
    assert len(counted(order)) == 1
    assert cast.owner_key.get("balance").body["held"] == 6_000
    balances = sorted(caller.get("me").body["wallet"]["balance"] for caller in callers)
    assert balances == [4_000] + [10_000] * (PAYERS - 1)


def test_one_payer_sixteen_times_pays_once(cast: Cast) -> None:
    order = cast.order()
    answers = all_pay(cast, order, [Caller(cast.buyer_key.key) for _ in range(PAYERS)])
    assert codes_of(answers) == {201: 1, "already_paid": PAYERS - 1}
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR - 6_000


def unlocked(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """`lock_rows` only reads an order; whoever has read it waits until the others have too."""
    everybody_has_looked = Barrier(many)

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is Order:
            everybody_has_looked.wait(30)
        return found

    def read_sql(statement: str, values: Sequence[object], *kinds: type[models.Model]) -> Any:
        found = read_rows(statement, values, *kinds)
        if kinds[0] is Order:
            everybody_has_looked.wait(30)
        return found

    monkeypatch.setattr(pay_order, "_at_once", lambda *_asked: None)
    monkeypatch.setattr(locking, "lock_rows", read)
    monkeypatch.setattr(locking, "lock_read", read_sql)


def test_control_without_the_lock_several_believe_that_they_may_pay(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody finds the order unpaid. Only the constraint `payment_one_counts` stops the second."""
    order = cast.order()
    unlocked(monkeypatch, 4)
    answers = all_pay(cast, order, [Caller(key_of(make_buyer(10_000))) for _ in range(4)])
    assert codes_of(answers)[201] == 1
    assert codes_of(answers)["already_paid"] == 0, "nobody was told: they ran into the constraint"
    assert codes_of(answers)["internal"] == 3


def test_control_without_the_constraint_either_everybody_pays(cast: Cast) -> None:
    """The same in a table of payments that has no such constraint: four count."""
    order, everybody_has_looked = cast.order(), Barrier(4)

    def count(_number: int) -> bool:
        is_payable = state(order) == "placed"
        everybody_has_looked.wait(30)
        if is_payable:
            with connection.cursor() as cursor:
                cursor.execute(f"INSERT INTO {table} VALUES (%s)", [order["id"]])
        return is_payable

    with scratch() as table:
        assert together(count, 4) == [True] * 4
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (4,)


@contextmanager
def scratch() -> Iterator[str]:
    """A table without any protection."""
    name = f"scratch_{new_id().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (paid_order text)")
        yield name
        cursor.execute(f"DROP TABLE {name}")


# --- pay against cancel, pay against expiry -----------------------------------------------------


def race(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    works = (first, second)
    one, other = together(lambda number: works[number](), 2)
    return one, other


def test_cancel_against_pay_has_one_winner(cast: Cast) -> None:
    seen: Counter[tuple[Any, Any]] = Counter()
    for _round in range(12):
        order = cast.order()
        canceller, payer = Caller(cast.owner_key.key), Caller(cast.buyer_key.key)
        cancelled, paid = race(
            lambda caller=canceller, order=order: caller.post(f"orders/{order['id']}/cancel"),  # type: ignore[misc]
            lambda caller=payer, order=order: cast.pay(caller, order),  # type: ignore[misc]
        )
        outcome = (cancelled.code or cancelled.status, paid.code or paid.status)
        assert outcome in ((200, "cancelled"), ("already_paid", 201))
        assert state(order) == ("cancelled" if cancelled.status == 200 else "paid")
        assert len(counted(order)) == (paid.status == 201)
        seen[outcome] += 1
    assert sum(seen.values()) == 12


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> list[Any]:
    """Let `work` happen on another connection between an order's reading and what follows."""
    real, real_sql, done = locking.lock_rows, locking.lock_read, Event()
    results: list[Any] = []

    def read_then_wait(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        if rows.model is not Order or done.is_set():
            return real(rows, skip_locked=skip_locked)
        done.set()
        found = list(rows.order_by("pk"))
        results.extend(together(lambda _number: work(), 1))
        return found

    def read_sql_then_wait(statement: str, values: Sequence[object], *kinds: type[models.Model]) -> Any:
        if kinds[0] is not Order or done.is_set():
            return real_sql(statement, values, *kinds)
        done.set()
        found = read_rows(statement, values, *kinds)
        results.extend(together(lambda _number: work(), 1))
        return found

    monkeypatch.setattr(pay_order, "_at_once", lambda *_asked: None)
    monkeypatch.setattr(locking, "lock_rows", read_then_wait)
    monkeypatch.setattr(locking, "lock_read", read_sql_then_wait)
    return results


def test_control_without_the_lock_a_cancelled_order_is_written_over(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the database's guard of states still says no, and not by name."""
    order = cast.order()
    with monkeypatch.context() as patched:
        results = meanwhile(
            patched, lambda: Caller(cast.owner_key.key).post(f"orders/{order['id']}/cancel").status
        )
        paid = cast.pay(cast.buyer_key, order)
    assert results == [200], "the order was cancelled while the payer held what they had read"
    assert (paid.status, paid.code) == (500, "internal")
    assert state(order) == "cancelled"
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR


def test_expiry_against_pay_has_one_winner(cast: Cast) -> None:
    for _round in range(12):
        order = cast.order()
        row = Order.objects.get(live_token=order["live_code"]["token"])
        # The payer looked at the clock a moment before the end, the task a moment after it.
        Order.objects.filter(pk=row.pk).update(expires_at=clock.now() + timedelta(milliseconds=8))
        payer = Caller(cast.buyer_key.key)
        _expired, paid = race(
            lambda: [expire_orders() for _ in range(6)],
            lambda caller=payer, order=order: cast.pay(caller, order),  # type: ignore[misc]
        )
        with clock.moved(timedelta(seconds=1)):
            expire_orders()
        assert (paid.code or paid.status) in ("expired", 201)
        assert state(order) == ("paid" if paid.status == 201 else "expired")
        assert len(counted(order)) == (paid.status == 201)


def test_control_without_the_lock_expiry_writes_over_a_payment(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has read an unpaid order, it is paid, the task goes on: the database stops it."""
    order = make_order(cast.merchant).order
    with monkeypatch.context() as patched:
        results = meanwhile(patched, lambda: paid_just_in_time(order, cast))
        with clock.moved(timedelta(hours=1)):
            (failed,) = together(lambda _number: _expire([order.pk]), 1)
    assert results == ["succeeded"]
    assert type(failed).__name__ == "IntegrityError"
    assert "order_paid_lapses_late" in str(failed)
    assert Order.objects.get(pk=order.pk).state == "paid"


def paid_just_in_time(order: Order, cast: Cast) -> str:
    with clock.moved(-timedelta(hours=1)):
        return str(pay(order, cast.buyer).state)


# --- one wallet, two orders ---------------------------------------------------------------------


def two_orders_one_wallet(cast: Cast) -> tuple[list[Any], Caller]:
    payer = Caller(key_of(make_buyer(6_000)))
    orders = [cast.order() for _ in range(6)]
    answers = together(lambda number: cast.pay(Caller(payer.key), orders[number]), 6)
    return answers, payer


def test_a_wallet_is_not_spent_twice(cast: Cast) -> None:
    answers, payer = two_orders_one_wallet(cast)
    assert codes_of(answers) == {201: 1, "insufficient_funds": 5}
    assert payer.get("me").body["wallet"]["balance"] == 0
    assert cast.owner_key.get("balance").body["held"] == 6_000


def test_control_look_then_write_spends_it_six_times(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of posting: everybody looks into the wallet, then everybody takes from it."""
    everybody_has_looked = Barrier(6)
    taken: list[int] = []

    def look_then_take(*journals: posting.Journal, beside: object = None) -> None:
        for journal in journals:
            wallet = next(account for account in journal.owners.values() if account.kind.value == "W")
            there = balance(wallet, journal.currency)
            everybody_has_looked.wait(30)
            if there >= journal.amounts["paid"]:
                taken.append(journal.amounts["paid"])
        raise RuntimeError("and here the control ends, so that the books stay right")

    monkeypatch.setattr("payments.flows.count_payment.post", look_then_take)
    two_orders_one_wallet(cast)
    assert sum(taken) == 6 * 6_000


# --- one Idempotency-Key -----------------------------------------------------------------------------


def one_key(cast: Cast) -> list[Any]:
    asked = {"lines": [{"product": cast.code_product.public_id, "quantity": 1}]}
    return together(lambda _number: Caller(cast.owner_key.key).once("key-1", "orders", asked), 8)


def test_one_key_from_eight_connections_makes_one_order(cast: Cast) -> None:
    answers = one_key(cast)
    assert set(codes_of(answers)) <= {201, "request_in_flight"}
    good = {answer.content for answer in answers if answer.status == 201}
    assert len(good) == 1
    assert Order.objects.filter(merchant=cast.merchant).count() == 1


@pytest.mark.parametrize("source", ["wallet", "sandbox"])
def test_one_key_from_eight_connections_pays_once(cast: Cast, source: str) -> None:
    order = cast.order()
    path, asked = f"live-codes/{order['live_code']['token']}/pay", {"source": source, "consent": True}
    answers = together(lambda _number: Caller(cast.buyer_key.key).once("key-1", path, asked), 8)
    assert set(codes_of(answers)) <= {201, "request_in_flight"}
    assert Payment.objects.filter(order__live_token=order["live_code"]["token"]).count() == 1


def test_control_without_lock_and_memory_it_makes_eight(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody_has_looked = Barrier(8)

    @contextmanager
    def not_alone(_ask: idempotency.Ask) -> Iterator[None]:
        yield

    def look(_ask: idempotency.Ask) -> None:
        everybody_has_looked.wait(30)

    monkeypatch.setattr(idempotency, "_alone", not_alone)
    monkeypatch.setattr(idempotency, "_recall", look)
    monkeypatch.setattr(idempotency, "_remember", lambda _ask, _answer: None)
    assert codes_of(one_key(cast)) == {201: 8}
    assert Order.objects.filter(merchant=cast.merchant).count() == 8


def test_without_the_lock_the_constraint_still_holds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two protections stand behind each other: (credential, key) is unique, too."""

    @contextmanager
    def not_alone(_ask: idempotency.Ask) -> Iterator[None]:
        yield

    monkeypatch.setattr(idempotency, "_alone", not_alone)
    one_key(cast)
    assert Order.objects.filter(merchant=cast.merchant).count() == 1


# --- one person's top-ups of a day --------------------------------------------------------------------


def eight_top_ups(cast: Cast) -> list[Any]:
    asked = {"amount": 400, "currency": "CNY"}
    return together(lambda _number: Caller(cast.poor_key.key).post("me/top-ups", asked), 8)


def test_eight_top_ups_at_once_stay_within_the_day(cast: Cast, settings: Settings) -> None:
    settings.TOP_UP_DAILY_LIMIT_MINOR = 1_000
    assert codes_of(eight_top_ups(cast)) == {201: 2, "top_up_limit": 6}
    assert cast.poor_key.get("me").body["wallet"]["balance"] == 800


def test_control_without_waiting_all_eight_see_an_empty_day(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOP_UP_DAILY_LIMIT_MINOR = 1_000
    everybody_has_come = Barrier(8)
    refuse = top_up_wallet._refuse_over_limit
    monkeypatch.setattr(locking, "wait_in_transaction", lambda _name: None)

    def look_then_wait(ask: top_up_wallet.TopUpAsk) -> None:
        refuse(ask)
        everybody_has_come.wait(30)

    monkeypatch.setattr(top_up_wallet, "_refuse_over_limit", look_then_wait)
    assert codes_of(eight_top_ups(cast)) == {201: 8}
