"""`manage.py reconcile` notices a journal too many or too few of undoing, returning and keeping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from common import clock, drains
from common.ids import new_id
from ledger.accounts import escrow, fees, merchant, merchant_debt, wallet
from ledger.posting import Journal, post
from orders.flows.unredeem_order import unredeem_order
from orders.models import Undoing
from payments.models import Payment, Return
from tests.cast import CNY, Cast, money_disagrees
from tests.undo.stage import order_id, redeem


@dataclass(slots=True)
class Found:
    """What the checks find that they did not find before the test."""

    before: set[str]

    def all(self) -> set[str]:
        return money_disagrees() - self.before

    def checks(self) -> set[str]:
        """The names of the checks that find something."""
        return {": ".join(difference.split(": ")[:2]) for difference in self.all()}


@pytest.fixture
def found(cast: Cast) -> Found:
    return Found(money_disagrees())


def tamper(sql: str, *values: UUID | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount == 1


@pytest.fixture
def undone(found: Found, cast: Cast) -> tuple[dict[str, Any], Undoing]:
    order = cast.paid_order()
    redeem(cast, order)
    unredeem_order(cast.merchant, order_id(order))
    return order, Undoing.objects.get(item__order_id=order_id(order))


def release(cast: Cast, order: dict[str, Any], posting: str, **amounts: int) -> Journal:
    accounts = [escrow(order_id(order), cast.merchant.pk), merchant(cast.merchant.pk)]
    accounts += [merchant_debt(cast.merchant.pk), fees()]
    return Journal.of(new_id(), posting, CNY, *accounts, fee=0, debt=0, **amounts)


def test_an_undoing_that_was_not_posted(found: Found, undone: tuple[dict[str, Any], Undoing]) -> None:
    tamper("UPDATE orders_undoing SET id = %s WHERE id = %s", new_id(), undone[1].pk)
    assert found.checks() == {"orders: undone"}
    assert len(found.all()) == 2, "one is missing, one is too many"


def test_an_undoing_of_another_amount(found: Found, undone: tuple[dict[str, Any], Undoing]) -> None:
    tamper("UPDATE orders_undoing SET gross_minor = gross_minor - 1 WHERE id = %s", undone[1].pk)
    assert found.checks() == {"orders: releases"}


def test_an_undoing_that_is_gone(found: Found, undone: tuple[dict[str, Any], Undoing]) -> None:
    tamper("DELETE FROM orders_undoing WHERE id = %s", undone[1].pk)
    assert found.checks() == {"orders: undone", "orders: releases"}


def test_a_journal_of_undoing_that_nobody_owns(found: Found, cast: Cast) -> None:
    order = cast.paid_order()
    redeem(cast, order)
    post(release(cast, order, "redemption_undone", gross=100))
    assert found.checks() == {"orders: undone", "orders: escrow"}


@pytest.mark.parametrize("posting", ["unit_redeemed", "unit_expired_kept"])
def test_a_release_that_nobody_owns(found: Found, cast: Cast, posting: str) -> None:
    post(release(cast, cast.paid_order(), posting, gross=6_000))
    assert found.checks() == {"orders: releases", "orders: escrow"}


@pytest.fixture
def lapsed(found: Found, cast: Cast) -> dict[str, Any]:
    cast.merchant.redeem_within_days = 1
    cast.merchant.save(update_fields=["redeem_within_days"])
    order = cast.paid_order()
    with clock.moved(timedelta(days=2)):
        drains.run("return_unredeemed")
    return order


def test_a_refunded_unit_whose_money_did_not_move(found: Found, cast: Cast) -> None:
    order = cast.paid_order()
    tamper("UPDATE orders_item SET state = 'refunded' WHERE order_id = %s", order_id(order))
    assert found.checks() == {"orders: refunded", "orders: escrow"}


def test_a_refund_that_nobody_owns(found: Found, cast: Cast) -> None:
    order = cast.paid_order()
    accounts = (escrow(order_id(order), cast.merchant.pk), wallet(cast.buyer.pk))
    amounts = {"paid": 6_000, "platform": 0, "owed": 0}
    post(Journal.of(new_id(), "unit_refunded_wallet", CNY, *accounts, **amounts))
    assert found.checks() == {"orders: refunded", "orders: escrow", "payments: returns"}


def test_a_return_that_is_gone(found: Found, lapsed: dict[str, Any]) -> None:
    tamper(
        "DELETE FROM payments_return WHERE payment_id = %s", Payment.objects.get(order=order_id(lapsed)).pk
    )
    assert found.checks() == {"payments: returns", "payments: returned"}


def test_a_return_that_was_not_posted(found: Found, lapsed: dict[str, Any]) -> None:
    back = Return.objects.get(payment__order_id=order_id(lapsed))
    tamper("UPDATE payments_return SET id = %s WHERE id = %s", new_id(), back.pk)
    assert found.checks() == {"payments: returns"}


def test_a_kept_order_that_says_it_was_refunded_is_noticed(found: Found, cast: Cast) -> None:
    cast.merchant.redeem_within_days = 1
    cast.merchant.unredeemed = "keep"
    cast.merchant.save(update_fields=["redeem_within_days", "unredeemed"])
    order = cast.paid_order()
    with clock.moved(timedelta(days=2)):
        drains.run("keep_unredeemed")
    tamper("UPDATE orders_item SET released_at = NULL WHERE order_id = %s", order_id(order))
    assert found.checks() == {"orders: releases", "orders: escrow"}
