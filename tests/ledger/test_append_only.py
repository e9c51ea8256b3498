from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.models import Leg
from tests.ledger.till import wallet_with

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_leg SET amount = amount + 1",
        "UPDATE ledger_leg SET at = at WHERE n = 0",
        "DELETE FROM ledger_leg",
        "TRUNCATE ledger_leg",
        "TRUNCATE ledger_leg CASCADE",
    ],
)
def test_legs_are_never_changed(statement: str) -> None:
    wallet = wallet_with(7)
    with (
        pytest.raises(DatabaseError, match=r"legs are never changed|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Leg.objects.get(credit_owner=wallet.owner).amount == 7


def test_the_orm_is_refused_as_well() -> None:
    wallet = wallet_with(7)
    leg = Leg.objects.get(credit_owner=wallet.owner)
    leg.amount = 8
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        leg.save()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        leg.delete()


def test_a_leg_moves_something() -> None:
    leg = Leg.objects.get(credit_owner=wallet_with(7).owner)
    leg.n, leg.amount = 1, 0
    with pytest.raises(DatabaseError, match="ledger_leg_moves_something"), transaction.atomic():
        leg.save(force_insert=True)


def test_the_owner_of_the_tables_may_not_truncate() -> None:
    """The runtime role owns the tables; it keeps no right to empty them (a superuser always has it)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relacl::text FROM pg_class WHERE relname IN"
            " ('ledger_leg', 'ledger_balance', 'ledger_balance_fund', 'ledger_balance_escrow',"
            " 'ledger_balance_debt', 'ledger_balance_open', 'ledger_held')"
        )
        rights = dict(cursor.fetchall())
    assert len(rights) == 7
    for granted in rights.values():
        assert "D" not in granted.partition("=")[2].partition("/")[0]
