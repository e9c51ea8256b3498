from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from common.ids import new_id
from ledger import accounts
from ledger.accounts import ANY_SIGN, DEBTS, LOCK_ORDER, STRIPES, Kind
from ledger.models import Balance
from tests.ledger.till import CNY, fresh

pytestmark = pytest.mark.django_db


def test_the_lock_order_names_every_kind_once() -> None:
    assert sorted(LOCK_ORDER) == sorted(Kind)


def test_named_accounts_are_the_same_everywhere_and_differ_from_each_other() -> None:
    assert accounts.gateway("sandbox") == accounts.gateway("sandbox")
    named = [accounts.gateway("a"), accounts.gateway("b"), accounts.in_flight("a"), accounts.bank()]
    assert len({account.owner for account in [*named, accounts.fees(), accounts.losses()]}) == 6


def put(kind: Kind, amount: int, stripe: int = 0) -> None:
    account = fresh(kind)
    with transaction.atomic():
        Balance.objects.create(
            owner=account.owner, kind=kind, currency=CNY, stripe=stripe, amount=amount, within=account.within
        )


@pytest.mark.parametrize("kind", Kind)
def test_the_database_refuses_what_the_kind_forbids(kind: Kind) -> None:
    put(kind, 0)
    if kind in DEBTS:
        put(kind, -1)
        with pytest.raises(IntegrityError, match="ledger_debt_not_above_zero"):
            put(kind, 1)
        return
    put(kind, 1)
    if kind in ANY_SIGN:
        put(kind, -1)
        return
    with pytest.raises(IntegrityError, match="_not_below_zero"):
        put(kind, -1)


def test_an_unknown_kind_has_no_place() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Balance.objects.create(owner=new_id(), kind="Q", currency=CNY, amount=0)


def test_an_escrow_belongs_to_a_merchant() -> None:
    with pytest.raises(IntegrityError, match="within"), transaction.atomic():
        Balance.objects.create(owner=new_id(), kind=Kind.ESCROW, currency=CNY, amount=1)


def test_stripes_are_what_the_functions_use() -> None:
    for kind, many in STRIPES.items():
        account, delta = fresh(kind), -160 if kind in DEBTS else 160
        move(kind, account, delta)
        stripe = Balance.objects.get(owner=account.owner).stripe
        assert stripe == (backend() % 16 if many == 16 else 0)
        assert many in (1, 16)


def move(kind: Kind, account: accounts.Account, delta: int) -> None:
    name = "debt" if kind in DEBTS else "open" if kind in ANY_SIGN else "fund"
    with connection.cursor() as cursor:
        if kind is Kind.ESCROW:
            cursor.execute(
                "SELECT ledger_move_escrow(%s, %s, %s, %s)", [account.owner, CNY, delta, account.within]
            )
        else:
            cursor.execute(
                f"SELECT ledger_move_{name}(%s, %s, %s, %s)", [kind.value, account.owner, CNY, delta]
            )


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone() or (0,)
    return int(pid)
