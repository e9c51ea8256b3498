from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.ids import new_id
from ledger import accounts, queries
from ledger.accounts import Kind
from ledger.posting import Journal, post
from tests.ledger.till import CNY, fresh, merchant_with, till_sale, top_up, wallet_with

pytestmark = pytest.mark.django_db


def test_an_account_that_nothing_touched_has_nothing() -> None:
    assert queries.balance(fresh(Kind.MERCHANT), CNY) == 0
    assert queries.debt(fresh(Kind.MERCHANT_DEBT), CNY) == 0
    assert queries.escrow_held(new_id(), CNY) == 0
    assert queries.balances(fresh(Kind.WALLET)) == {}
    assert queries.statement(fresh(Kind.WALLET), CNY) == queries.Statement([], None)


def test_balances_by_currency() -> None:
    wallet = wallet_with(5)
    post(top_up(wallet, 7, "EUR"))
    assert queries.balances(wallet) == {CNY: 5, "EUR": 7}
    assert queries.balance(wallet, "EUR") == 7


def test_escrow_held_is_the_merchants_own() -> None:
    merchant, wallet = new_id(), wallet_with(100)
    for paid, owner in ((10, merchant), (20, merchant), (30, new_id())):
        into = accounts.escrow(new_id(), owner)
        post(Journal.of(new_id(), "order_paid_wallet", CNY, wallet, into, paid=paid, platform=0))
    assert queries.escrow_held(merchant, CNY) == 30
    assert queries.escrow_held(merchant, "EUR") == 0


def test_escrow_held_follows_what_is_released() -> None:
    merchant, wallet = new_id(), wallet_with(100)
    escrows = [accounts.escrow(new_id(), merchant) for _ in range(3)]
    for escrow in escrows:
        post(Journal.of(new_id(), "order_paid_wallet", CNY, wallet, escrow, paid=10, platform=0))
    parties = accounts.merchant(merchant), accounts.merchant_debt(merchant), accounts.fees()
    parts = {"gross": 10, "fee": 0, "debt": 0}
    release = [
        Journal.of(new_id(), "unit_redeemed", CNY, escrow, *parties, **parts) for escrow in escrows[:2]
    ]
    post(*release)
    post(*release)
    assert queries.escrow_held(merchant, CNY) == 10


def test_escrow_held_is_a_handful_of_rows_however_many_escrows_there_are() -> None:
    merchant, wallet = new_id(), wallet_with(1_000)
    for _number in range(20):
        into = accounts.escrow(new_id(), merchant)
        post(Journal.of(new_id(), "order_paid_wallet", CNY, wallet, into, paid=1, platform=0))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_held WHERE owner = %s", [merchant])
        assert cursor.fetchone() == (1,), "one stripe for each connection"


def test_a_statement_is_told_newest_first_and_in_pages() -> None:
    wallet, merchant = wallet_with(1000), fresh(Kind.MERCHANT)
    for paid in range(1, 8):
        post(till_sale(wallet, merchant, paid))
    first = queries.statement(wallet, CNY, limit=5)
    assert [line.amount for line in first.lines] == [-7, -6, -5, -4, -3]
    assert {line.posting for line in first.lines} == {"till_sale_wallet"}
    assert first.lines[0].other == merchant
    second = queries.statement(wallet, CNY, first.next_cursor, limit=5)
    assert [line.amount for line in second.lines] == [-2, -1, 1000]
    assert second.next_cursor is None
    assert queries.statement(wallet, "EUR").lines == []


def test_a_statement_breaks_off_within_a_journal() -> None:
    escrow, merchant = fresh(Kind.ESCROW), fresh(Kind.MERCHANT)
    post(Journal.of(new_id(), "order_paid_wallet", CNY, wallet_with(9), escrow, paid=9, platform=0))
    parties = (escrow, merchant, accounts.fees())
    post(Journal.of(new_id(), "unit_redeemed", CNY, *parties, gross=9, fee=2, debt=0))
    first = queries.statement(merchant, CNY, limit=1)
    assert [line.amount for line in first.lines] == [-2]
    second = queries.statement(merchant, CNY, first.next_cursor, limit=1)
    assert [line.amount for line in second.lines] == [9]
    assert second.next_cursor is None


def test_a_page_far_back_costs_what_the_first_costs() -> None:
    wallet = fresh(Kind.WALLET)
    post(*(top_up(wallet, 1) for _ in range(30)))
    cursor = queries.statement(wallet, CNY, limit=10).next_cursor
    with CaptureQueriesContext(connection) as captured:
        queries.statement(wallet, CNY, cursor, limit=10)
    assert len(captured) == 2


@pytest.mark.parametrize("cursor", ["", "x", "00.1", f"{'0' * 32}.", f"{'0' * 32}.-1", "é.1"])
def test_what_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        queries.statement(fresh(Kind.WALLET), CNY, cursor)


def test_available_is_told_in_the_order_asked() -> None:
    merchant, wallet = merchant_with(30), wallet_with(5)
    nobody = fresh(Kind.MERCHANT_DEBT)
    assert queries.lock_available(CNY, wallet, nobody, merchant, wallet) == (5, 0, 30, 5)
    assert queries.lock_available(CNY) == ()


def test_accounts_of_any_sign_are_not_asked_for() -> None:
    with pytest.raises(ValueError, match="never short"):
        queries.lock_available(CNY, accounts.fees())


def test_a_debt_is_locked_only_where_something_is_owed() -> None:
    owes, lost = fresh(Kind.MERCHANT_DEBT), {"escrow": 0, "amount": 0, "loss": 0}
    with CaptureQueriesContext(connection) as captured:
        assert queries.lock_debt(owes, CNY) == 0
    assert len(captured) == 1
    post(Journal.of(new_id(), "dispute_lost", CNY, fresh(Kind.GATEWAY), owes, amount_short=30, **lost))
    assert queries.lock_debt(owes, CNY) == 30
