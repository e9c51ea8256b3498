"""Several connections at once against the ledger; each protection beside a control without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from common import locking
from common.ids import new_id
from ledger import accounts, queries
from ledger.accounts import Account, Kind
from ledger.models import Leg
from ledger.posting import Journal, post
from ledger.pricing import split_shortfall
from ledger.refusals import InsufficientFunds
from tests.cast import together as at_once
from tests.ledger.till import (
    CNY,
    fresh,
    merchant_with,
    sums_of_balances,
    sums_of_legs,
    till_sale,
    top_up,
    wallet_with,
)

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed")]

MANY = 16


def together(work: Callable[[int], Any], many: int = MANY) -> list[Any]:
    return at_once(work, many)


def kinds_of(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def execute(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def scratch(committed: None) -> Iterator[str]:
    """A table without any protection, for the controls."""
    name = f"scratch_{new_id().hex}"
    execute(f"CREATE TABLE {name} (id int, amount bigint)")
    yield name
    execute(f"DROP TABLE {name}")


def test_a_wallet_with_money_for_five_pays_five_times() -> None:
    wallet, merchant = wallet_with(5 * 70), fresh(Kind.MERCHANT)
    results = together(lambda number: post(till_sale(wallet, merchant, 70)))
    assert kinds_of(results) == {"NoneType": 5, "InsufficientFunds": MANY - 5}
    assert (queries.balance(wallet, CNY), queries.balance(merchant, CNY)) == (0, 350)


def test_control_read_then_write_pays_sixteen_times(scratch: str) -> None:
    execute(f"INSERT INTO {scratch} VALUES (1, 350)")
    everybody_has_looked = Barrier(MANY)

    def pay(number: int) -> bool:
        ((there,),) = execute(f"SELECT amount FROM {scratch} WHERE id = 1")
        everybody_has_looked.wait(30)
        if there < 70:
            return False
        execute(f"UPDATE {scratch} SET amount = amount - 70 WHERE id = 1")
        return True

    assert together(pay) == [True] * MANY
    assert execute(f"SELECT amount FROM {scratch}") == [(350 - 70 * MANY,)]


def test_one_journal_from_eight_connections_counts_once() -> None:
    wallet, merchant = wallet_with(1000), fresh(Kind.MERCHANT)
    sale = till_sale(wallet, merchant, 70)
    results = together(lambda number: post(sale), 8)
    assert results == [None] * 8
    assert Leg.objects.filter(journal=sale.id).count() == 1
    assert (queries.balance(wallet, CNY), queries.balance(merchant, CNY)) == (930, 70)


def test_one_journal_with_eight_contents_counts_once() -> None:
    wallet, merchant, journal = wallet_with(1000), fresh(Kind.MERCHANT), new_id()

    def sell(number: int) -> None:
        amounts = {"paid": 10 + number, "platform": 0, "fee": 0}
        post(Journal.of(journal, "till_sale_wallet", CNY, wallet, merchant, **amounts))

    assert kinds_of(together(sell, 8)) == {"NoneType": 1, "JournalReused": 7}
    (leg,) = queries.journal(journal)
    assert queries.balance(merchant, CNY) == leg.amount


def test_control_look_then_insert_counts_eight_times(scratch: str) -> None:
    everybody_has_looked = Barrier(8)

    def insert(number: int) -> None:
        known = execute(f"SELECT 1 FROM {scratch} WHERE id = 1")
        everybody_has_looked.wait(30)
        if not known:
            execute(f"INSERT INTO {scratch} VALUES (1, 70)")

    together(insert, 8)
    assert execute(f"SELECT count(*) FROM {scratch}") == [(8,)]


def test_a_striped_account_pays_out_what_it_has_and_no_more() -> None:
    """The money lies in whatever stripes the sellers' connections had."""
    merchant = fresh(Kind.MERCHANT)
    together(lambda number: post(till_sale(wallet_with(100), merchant, 100)))
    assert queries.balance(merchant, CNY) == 1600
    results = together(lambda number: post(payout(merchant, 160)))
    assert kinds_of(results) == {"NoneType": 10, "InsufficientFunds": 6}
    assert queries.balance(merchant, CNY) == 0


def test_payouts_against_sales_neither_lose_money_nor_wait_for_each_other() -> None:
    merchant, wallets = fresh(Kind.MERCHANT), [wallet_with(10_000) for _ in range(8)]

    def work(number: int) -> int:
        done = 0
        for _round in range(40):
            try:
                post(till_sale(wallets[number // 2], merchant, 9) if number % 2 else payout(merchant, 13))
                done += 9 if number % 2 else -13
            except InsufficientFunds:
                continue
        return done

    results = together(work)
    assert kinds_of(results) == {"int": MANY}
    assert sum(results) == queries.balance(merchant, CNY) >= 0


def payout(merchant: Account, amount: int) -> Journal:
    return Journal.of(new_id(), "payout_sent", CNY, merchant, accounts.in_flight("bank"), amount=amount)


def test_everybody_finds_the_money_of_a_fund_that_lies_in_one_stripe() -> None:
    """The first debits spread it; none of those who wait for that may be told that it is gone."""
    fund, back = fresh(Kind.CAMPAIGN_FUND), accounts.bank()
    post(Journal.of(new_id(), "campaign_funded", CNY, back, fund, amount=10_000))

    def close(number: int) -> None:
        amount = 10 if number % 2 else 1000
        post(Journal.of(new_id(), "campaign_closed", CNY, fund, back, amount=amount))

    assert kinds_of(together(close)) == {"NoneType": MANY}
    assert queries.balance(fund, CNY) == 10_000 - 8 * 1010


def test_money_in_both_directions_does_not_deadlock() -> None:
    """Sales and reverses between the same people, several journals a call, in any order."""
    wallets = [wallet_with(1000) for _ in range(3)]
    merchants = [merchant_with(1000) for _ in range(3)]

    def work(number: int) -> None:
        random = Random(number)
        for _round in range(30):
            calls = [move(random.choice(wallets), random.choice(merchants), random) for _ in range(4)]
            try:
                post(*calls)
            except InsufficientFunds:
                continue

    assert kinds_of(together(work, 8)) == {"NoneType": 8}
    owners = [account.owner for account in (*wallets, *merchants)]
    assert sum(sums_of_balances(owners).values()) == 6000
    assert sums_of_balances(owners) == sums_of_legs(owners)


def move(wallet: Account, merchant: Account, random: Random) -> Journal:
    paid = random.randint(1, 20)
    if random.random() < 0.5:
        return till_sale(wallet, merchant, paid)
    rest = {"paid_short": 0, "platform": 0, "platform_short": 0, "fee": 0, "owed": 0}
    return Journal.of(new_id(), "till_sale_reversed_wallet", CNY, merchant, wallet, paid=paid, **rest)


def test_control_two_rows_in_opposite_orders_deadlock(scratch: str) -> None:
    execute(f"INSERT INTO {scratch} VALUES (0, 100), (1, 100)")
    both_hold_one = Barrier(2)

    def work(number: int) -> None:
        with locking.transaction():
            execute(f"UPDATE {scratch} SET amount = amount - 1 WHERE id = %s", number)
            both_hold_one.wait(30)
            execute(f"UPDATE {scratch} SET amount = amount + 1 WHERE id = %s", 1 - number)

    results = together(work, 2)
    assert kinds_of(results) == {"NoneType": 1, "OperationalError": 1}
    (error,) = (result for result in results if isinstance(result, OperationalError))
    assert "deadlock" in str(error)


def reverse(merchant: Account, wallet: Account, available: int) -> Journal:
    owes = accounts.merchant_debt(merchant.owner)
    split = split_shortfall(available, 100)._asdict()
    return Journal.of(
        new_id(), "till_sale_reversed_wallet", CNY, merchant, owes, wallet, fee=0, owed=0, **split
    )


def test_reverses_of_a_short_merchant_become_a_debt() -> None:
    merchant, wallets = merchant_with(250), [fresh(Kind.WALLET) for _ in range(8)]
    owes = accounts.merchant_debt(merchant.owner)

    def work(number: int) -> None:
        with locking.transaction():
            _debt, available = queries.lock_available(CNY, owes, merchant)
            post(reverse(merchant, wallets[number], available))

    assert together(work, 8) == [None] * 8
    assert (queries.balance(merchant, CNY), queries.debt(owes, CNY)) == (0, 550)
    assert [queries.balance(wallet, CNY) for wallet in wallets] == [100] * 8


def test_control_reverses_that_only_look_are_refused() -> None:
    """Without the lock the ledger still holds, but the flow's split is wrong by then."""
    merchant, everybody_has_looked = merchant_with(250), Barrier(8)

    def work(number: int) -> None:
        available = queries.balance(merchant, CNY)
        everybody_has_looked.wait(30)
        post(reverse(merchant, fresh(Kind.WALLET), available))

    assert kinds_of(together(work, 8)) == {"NoneType": 2, "InsufficientFunds": 6}
    assert queries.balance(merchant, CNY) == 50


def test_a_new_wallet_is_credited_by_everybody() -> None:
    """The first credits of an account race to make its row."""
    wallet = fresh(Kind.WALLET)
    assert together(lambda number: post(top_up(wallet, 10))) == [None] * MANY
    assert queries.balance(wallet, CNY) == 160


def test_a_transaction_that_is_taken_back_leaves_nothing() -> None:
    """Of eight connections with one journal the first holds it, then rolls back; one other posts it."""
    wallet, merchant = wallet_with(100), fresh(Kind.MERCHANT)
    sale, held = till_sale(wallet, merchant, 100), Barrier(8)

    def work(number: int) -> None:
        if number:
            held.wait(30)
            post(sale)
            return
        with locking.transaction():
            post(sale)
            held.wait(30)
            raise DatabaseError("taken back")

    assert kinds_of(together(work, 8)) == {"NoneType": 7, "DatabaseError": 1}
    assert (queries.balance(wallet, CNY), queries.balance(merchant, CNY)) == (0, 100)
