"""Paying by one statement without a lock: it finds the order as it was read, or nothing is written.

Everybody is made to read before anybody writes; each race stands beside a control that saves whatever
the order's row has become since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, models

from common import locking
from common.rows import RowsChanged, Writes, read_versions
from orders.models import Order
from payments import to_pay
from payments.models import Payment
from tests.cast import WALLET_MINOR, Answer, Caller, Cast, key_of, make_buyer, make_order, together

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

PAYERS = 4
Reader = Callable[..., list[tuple[tuple[models.Model, ...], str]]]
READ_ORDER = "SELECT {0}, t0.xmin::text FROM orders_order t0 WHERE t0.id = %s"


def reads_by(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object], *, blind: bool) -> None:
    """After reading an order payers wait for `then`; blind ones forget which version they have read."""

    def read(statement: str, values: Sequence[object], *kinds: type[models.Model]) -> Any:
        found = read_versions(statement, values, *kinds)
        then()
        return [(rows, "" if blind else version) for rows, version in found]

    monkeypatch.setattr(to_pay, "read_versions", read)


def everybody_has_read() -> Callable[[], object]:
    barrier = Barrier(PAYERS)
    return lambda: barrier.wait(30)


def outcomes(answers: list[Any]) -> Counter[Any]:
    return Counter(answer.code or answer.status for answer in answers if isinstance(answer, Answer))


def all_pay(cast: Cast, order: dict[str, Any]) -> Counter[Any]:
    callers = [Caller(key_of(make_buyer(10_000))) for _ in range(PAYERS)]
    return outcomes(together(lambda number: cast.pay(callers[number], order), PAYERS))


def test_all_have_read_it_unpaid_and_one_pays(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_by(monkeypatch, everybody_has_read(), blind=False)
    assert all_pay(cast, cast.order()) == {201: 1, "already_paid": PAYERS - 1}


def test_control_blind_payers_run_into_the_constraint(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told by name: only the guard of states and `payment_one_counts` stop them."""
    reads_by(monkeypatch, everybody_has_read(), blind=True)
    assert all_pay(cast, cast.order()) == {201: 1, "internal": PAYERS - 1}


@pytest.mark.parametrize("blind", [False, True], ids=["", "control"])
def test_cancelled_between_reading_and_writing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, blind: bool
) -> None:
    order = cast.order()

    def cancel() -> None:
        (answer,) = together(lambda _: Caller(cast.owner_key.key).post(f"orders/{order['id']}/cancel"), 1)
        assert answer.status == 200

    reads_by(monkeypatch, cancel, blind=blind)
    paid = cast.pay(cast.buyer_key, order)
    assert (paid.status, paid.code) == ((500, "internal") if blind else (409, "cancelled"))
    assert Order.objects.get(live_token=order["live_code"]["token"]).state == "cancelled"
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR


def test_scanned_meanwhile_it_is_paid_all_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version, which can be paid as well: the way under lock does it, and keeps the scan's time."""
    order = cast.order()
    rows = Order.objects.filter(live_token=order["live_code"]["token"])

    def scan() -> None:
        together(lambda _: rows.update(scanned_at=models.F("placed_at")), 1)

    reads_by(monkeypatch, scan, blind=False)
    assert cast.pay(cast.buyer_key, order).status == 201
    paid = rows.get()
    assert (paid.state, paid.scanned_at) == ("paid", paid.placed_at)


def test_no_money_leaves_the_order_as_it_was(cast: Cast) -> None:
    order = cast.order()
    refused = cast.pay(Caller(key_of(make_buyer(10))), order)
    assert (refused.status, refused.code) == (402, "insufficient_funds")
    assert Order.objects.get(live_token=order["live_code"]["token"]).state == "placed"
    assert not Payment.objects.filter(order__live_token=order["live_code"]["token"])


def test_it_takes_three_statements(
    cast: Cast, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    """The key with its owner; the order with its merchant; everything that is written."""
    first, second = cast.order(), cast.order()
    assert cast.pay(cast.buyer_key, first).status == 201
    with django_assert_num_queries(3) as sent:
        assert cast.pay(cast.buyer_key, second).status == 201
    assert "rows_as_read" in sent.captured_queries[-1]["sql"]


def as_read(order: Order) -> tuple[Order, str]:
    """The order read anew, and in which version."""
    (((read,), version),) = read_versions(READ_ORDER, [order.pk], Order)
    assert isinstance(read, Order)
    read.note = "mine"
    return read, version


def test_a_row_of_another_version_is_not_saved(cast: Cast) -> None:
    """Nor is anything else that the statement would have written."""
    order = make_order(cast.merchant).order
    read, version = as_read(order)
    Order.objects.filter(pk=order.pk).update(note="theirs")
    with pytest.raises(RowsChanged):
        Writes([], [(read, ["note"])], version).call("set_config('livetill.never', %s, false)", ["x"])
    assert Order.objects.get(pk=order.pk).note == "theirs"
    read, version = as_read(order)
    Writes([], [(read, ["note"])], version).call("set_config('livetill.never', %s, false)", ["x"])
    assert Order.objects.get(pk=order.pk).note == "mine"


def test_a_failing_call_is_no_change_of_rows(cast: Cast) -> None:
    order = make_order(cast.merchant).order
    read, version = as_read(order)
    with pytest.raises(DatabaseError):
        Writes([], [(read, ["note"])], version).call("1 / %s::int", [0])
    assert not connection.in_atomic_block
    assert not locking.is_open()
