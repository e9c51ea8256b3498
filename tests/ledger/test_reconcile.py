from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from common import clock
from common.ids import new_id
from ledger import accounts, reconciliation
from ledger.accounts import Kind
from ledger.models import Leg
from ledger.posting import Journal, post
from ledger.reconciliation import CHECKS, Difference, check, differences, rows, snapshot
from tests.ledger.till import CNY, fresh, merchant_with, wallet_with

OWN = [name for name in CHECKS if name.startswith("ledger: ")]


def found(*names: str) -> list[tuple[str, str]]:
    return [(name, difference.subject) for name, difference in differences(names or OWN)]


def tamper(sql: str, *parameters: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.fixture
def sale(db: None) -> accounts.Account:
    return merchant_with(100)


def test_after_honest_work_nothing_is_found(sale: accounts.Account) -> None:
    assert found() == []


def test_money_out_of_nothing(sale: accounts.Account) -> None:
    tamper("UPDATE ledger_balance SET amount = amount + 1 WHERE owner = %s", sale.owner)
    assert sorted(found()) == [("ledger: balances", f"M {sale.owner} {CNY}"), ("ledger: sums", CNY)]


def test_money_moved_without_a_leg(sale: accounts.Account) -> None:
    other = wallet_with(5)
    tamper("UPDATE ledger_balance SET amount = amount - 5 WHERE owner = %s", sale.owner)
    tamper("UPDATE ledger_balance SET amount = amount + 5 WHERE owner = %s", other.owner)
    assert sorted(found()) == sorted(
        [("ledger: balances", f"M {sale.owner} {CNY}"), ("ledger: balances", f"W {other.owner} {CNY}")]
    )


def test_a_balance_that_is_gone(sale: accounts.Account) -> None:
    tamper("DELETE FROM ledger_balance WHERE owner = %s", sale.owner)
    assert ("ledger: balances", f"M {sale.owner} {CNY}") in found()


def test_held_that_no_escrow_holds(sale: accounts.Account) -> None:
    tamper("INSERT INTO ledger_held (owner, currency, stripe, amount) VALUES (%s, 'CNY', 3, 5)", sale.owner)
    assert found() == [("ledger: held", f"held by {sale.owner}")]


def test_a_forbidden_sign(sale: accounts.Account) -> None:
    tamper("ALTER TABLE ledger_balance_fund DROP CONSTRAINT ledger_fund_not_below_zero")
    tamper("UPDATE ledger_balance SET amount = -1 WHERE owner = %s", sale.owner)
    assert found("ledger: signs") == [("ledger: signs", f"M {sale.owner} {CNY}")]


def test_a_stripe_that_the_kind_has_not(db: None) -> None:
    wallet = wallet_with(5)
    tamper("UPDATE ledger_balance SET stripe = 1 WHERE owner = %s", wallet.owner)
    assert found("ledger: signs") == [("ledger: signs", f"W {wallet.owner} {CNY}")]


@pytest.mark.parametrize(("name", "kind"), [("gift", "W"), ("till_sale_wallet", "C")])
def test_a_leg_that_is_not_in_the_book(db: None, name: str, kind: str) -> None:
    sides = {"debit_owner": new_id(), "credit_owner": new_id(), "debit_kind": kind, "credit_kind": "F"}
    Leg(journal=new_id(), n=0, posting=name, amount=1, currency=CNY, at=clock.now(), **sides).save(
        force_insert=True
    )
    assert found("ledger: book") == [("ledger: book", name)]


def test_old_suspense_is_a_notice(db: None) -> None:
    waiting = fresh(Kind.SUSPENSE)
    gateway = accounts.gateway("of the tests")
    post(Journal.of(new_id(), "stray_payment_received", CNY, gateway, waiting, amount=7))
    assert found("ledger: suspense") == []
    with clock.moved(timedelta(days=1, minutes=1)):
        ((_name, difference),) = list(differences(["ledger: suspense"]))
    assert difference.is_notice
    assert (difference.subject, "7 CNY" in difference.detail) == (f"S {waiting.owner}", True)


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_agrees_or_tells_every_difference(sale: accounts.Account) -> None:
    code, text = run(*OWN)
    assert (code, text) == (0, f"The money agrees ({len(OWN)} checks).\n")
    tamper("UPDATE ledger_balance SET amount = amount + 1 WHERE owner = %s", sale.owner)
    code, text = run(*OWN)
    assert code == 1
    assert f"ledger: sums: {CNY}: all accounts sum to 1, not 0" in text
    assert f"ledger: balances: M {sale.owner} {CNY}: balance 101, its legs make 100" in text
    assert "2 differences" in text


def test_a_notice_is_printed_and_the_money_agrees(db: None) -> None:
    waiting = fresh(Kind.SUSPENSE)
    gateway = accounts.gateway("of the tests")
    post(Journal.of(new_id(), "stray_payment_received", CNY, gateway, waiting, amount=7))
    with clock.moved(timedelta(days=2)):
        code, text = run("ledger: suspense")
    assert code == 0
    assert f"notice: S {waiting.owner}" in text


def test_the_command_lists_its_checks(db: None) -> None:
    assert set(OWN) <= set(run("--list")[1].splitlines())
    with pytest.raises(CommandError, match="no check named"):
        run("nonsense")


def test_a_check_of_another_app_joins(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "CHECKS", dict(CHECKS))

    @check("tests: one")
    def one() -> Iterator[Difference]:
        yield Difference("thing", "is wrong")

    with pytest.raises(ValueError, match="two checks"):
        check("tests: one")(list)
    assert [str(difference) for _name, difference in differences(["tests: one"])] == ["thing: is wrong"]


def test_reads_are_of_one_moment_and_write_nothing(committed: None) -> None:
    with snapshot():
        (before,) = rows("SELECT count(*) FROM ledger_leg")
        with pytest.raises(DatabaseError, match="read-only"):
            wallet_with(1)
    with snapshot():
        assert list(rows("SELECT current_setting('transaction_isolation')")) == [("repeatable read",)]
    assert before[0] >= 0
