"""Accounts that were never touched are locked in their order too: three that must not wait in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from common import locking
from ledger import accounts, queries
from ledger.posting import post
from tests.cast import together
from tests.ledger.test_races import reverse
from tests.ledger.till import CNY, fresh, merchant_with
from tests.waiting import until_somebody_waits

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed")]

LOCK = Path(settings.BASE_DIR) / "ledger" / "migrations" / "sql" / "lock.sql"
WITHOUT_MAKING = """
CREATE OR REPLACE FUNCTION ledger_lock(kinds text[], owners uuid[], a_currency text) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    amounts bigint[];
    total   bigint;
BEGIN
    FOR a IN 1 .. cardinality(kinds) LOOP
        IF kinds[a] IN ('W', 'S', 'E', 'D', 'DB') THEN
            SELECT amount INTO total FROM ledger_balance
             WHERE kind = kinds[a] AND owner = owners[a] AND currency = a_currency FOR UPDATE;
        ELSE
            SELECT sum(held) INTO total
              FROM unnest(ledger_lock_stripes(kinds[a], owners[a], a_currency)) held;
        END IF;
        amounts[a] := coalesce(total, 0);
    END LOOP;
    RETURN amounts;
END
$$
"""


def three_reverses() -> list[Any]:
    """The first makes the merchant's debt; the second asked before it was there, the third after."""
    merchant = merchant_with(50)
    owes = accounts.merchant_debt(merchant.owner)
    first_holds, first_is_done, second_holds = Event(), Event(), Event()

    def ask_and_post() -> None:
        _debt, available = queries.lock_available(CNY, owes, merchant)
        if first_is_done.is_set() and not second_holds.is_set():
            second_holds.set()
            until_somebody_waits()
        post(reverse(merchant, fresh(accounts.Kind.WALLET), available))

    def work(number: int) -> None:
        if number == 1:
            first_holds.wait(30)
        if number == 2:
            second_holds.wait(30)
        with locking.transaction():
            if number == 0:
                _debt, available = queries.lock_available(CNY, owes, merchant)
                first_holds.set()
                until_somebody_waits()
                post(reverse(merchant, fresh(accounts.Kind.WALLET), available))
                first_is_done.set()
            else:
                ask_and_post()

    return [type(result).__name__ for result in together(work, 3)]


def test_they_wait_for_each_other_in_a_row() -> None:
    assert three_reverses() == ["NoneType"] * 3


@pytest.fixture
def lock_without_making() -> Iterator[None]:
    """The function as it would be if it left out what is not there."""
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_MAKING)
    yield
    with connection.cursor() as cursor:
        cursor.execute(LOCK.read_text(encoding="utf-8"))


def test_control_what_is_not_there_is_left_out_and_they_wait_in_a_circle(lock_without_making: None) -> None:
    assert three_reverses().count("OperationalError") == 1
