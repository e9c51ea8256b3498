"""Journals a second: `post` beside the same durable work as bare SQL, on a database of its own.

`python -m benchmarks.ledger_post`: an order paid from a wallet with a coupon of the platform, that
is two legs, a wallet and a campaign's fund debited, an escrow made. Bare statements write the same
rows in one transaction, without replay, currency or rule; the bare function is what `post` sends.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from functools import partial
from uuid import UUID

import django

BUYERS, CAMPAIGNS, PLENTY = 2000, 20, 10**12
CLIENTS = (1, 8)
STATEMENTS, FUNCTION, POST = "bare statements", "bare function", "post()"


def main() -> list[dict[str, float | str]]:
    """Make a database, measure, print a table for each number of clients, take the database away."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(0, interactive=False, aliases={"default": None}, serialized_aliases=set())
    try:
        buyers, campaigns = _open_accounts()
        connections.close_all()
        return [record for clients in CLIENTS for record in _measure(clients, buyers, campaigns)]
    finally:
        connections.close_all()
        teardown_databases(made, 0)


def _measure(clients: int, buyers: list[UUID], campaigns: list[UUID]) -> list[dict[str, float | str]]:
    from benchmarks._measure import in_processes, interleaved, table

    workers = {STATEMENTS: _statements, FUNCTION: _function, POST: _post}
    variants = {
        name: partial(in_processes, partial(worker, buyers, campaigns), clients)
        for name, worker in workers.items()
    }
    rates = interleaved(variants)
    print(
        f"\nledger, {clients} client{'s' * (clients > 1)}, journals of two legs\n{table(rates, STATEMENTS)}"
    )
    named = f"ledger, {clients} clients: "
    records = [rate.record(rates[STATEMENTS]) for rate in rates.values()]
    return [{**record, "name": named + str(record["name"])} for record in records]


def _open_accounts() -> tuple[list[UUID], list[UUID]]:
    from django.db import connection

    from common.ids import new_id
    from ledger import accounts
    from ledger.posting import Journal, post

    buyers, campaigns = [new_id() for _ in range(BUYERS)], [new_id() for _ in range(CAMPAIGNS)]
    gateway, bank = accounts.gateway("of the benchmark"), accounts.bank()
    credit = {"amount": PLENTY, "owed": 0}
    post(
        *(
            Journal.of(new_id(), "top_up_confirmed", "CNY", gateway, accounts.wallet(buyer), **credit)
            for buyer in buyers
        ),
        *(
            Journal.of(
                new_id(), "campaign_funded", "CNY", bank, accounts.campaign_fund(campaign), amount=PLENTY
            )
            for campaign in campaigns
        ),
    )
    for campaign in campaigns:  # the first debit spreads a fund over its stripes
        post(Journal.of(new_id(), "campaign_closed", "CNY", accounts.campaign_fund(campaign), bank, amount=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return buyers, campaigns


def _post(buyers: list[UUID], campaigns: list[UUID], number: int) -> Callable[[], object]:
    from common.ids import new_id
    from ledger import accounts
    from ledger.posting import Journal, post

    choose, merchant = random.Random(number), new_id()

    def call() -> None:
        parties = (
            accounts.wallet(choose.choice(buyers)),
            accounts.escrow(new_id(), merchant),
            accounts.campaign_fund(choose.choice(campaigns)),
        )
        post(Journal.of(new_id(), "order_paid_wallet", "CNY", *parties, paid=9, platform=1))

    return call


def _function(buyers: list[UUID], campaigns: list[UUID], number: int) -> Callable[[], object]:
    from django.db import connection

    from common.ids import new_id

    choose, merchant = random.Random(number), new_id().hex
    connection.ensure_connection()
    send = connection.connection.cursor().execute
    sql = (
        "SELECT ledger_post('{W,E,C}', '{%s,%s,%s}', '{CNY,CNY,CNY}', '{NULL,%s,NULL}', '{%s,%s}', '{0,1}',"
        " '{order_paid_wallet,order_paid_wallet}', '{1,3}', '{2,2}', '{9,1}', now())"
    )

    def call() -> None:
        journal, buyer, fund = new_id().hex, choose.choice(buyers).hex, choose.choice(campaigns).hex
        send(sql % (buyer, new_id().hex, fund, merchant, journal, journal))

    return call


def _statements(buyers: list[UUID], campaigns: list[UUID], number: int) -> Callable[[], object]:
    from django.db import connection

    from common.ids import new_id

    choose, merchant, stripe = random.Random(number), new_id(), number % 16
    connection.ensure_connection()
    send = connection.connection.cursor().execute
    leg = "(%s, %s, 'order_paid_wallet', %s, %s, 'E', %s, %s, 'CNY', now())"
    legs = (
        "INSERT INTO ledger_leg (journal, n, posting, debit_kind, debit_owner, credit_kind, credit_owner,"
        f" amount, currency, at) VALUES {leg}, {leg}"
    )
    debit = (
        "UPDATE ledger_balance_fund SET amount = amount - %s WHERE owner = %s AND kind = %s"
        " AND currency = 'CNY' AND stripe = %s AND amount >= %s"
    )
    escrow = (
        "INSERT INTO ledger_balance_escrow (owner, kind, currency, stripe, within, amount)"
        " VALUES (%s, 'E', 'CNY', 0, %s, 10)"
    )

    def call() -> None:
        journal, order = new_id(), new_id()
        buyer, fund = choose.choice(buyers), choose.choice(campaigns)
        send("BEGIN")
        send(legs, [journal, 0, "W", buyer, order, 9, journal, 1, "C", fund, order, 1])
        send(debit, [9, buyer, "W", 0, 9])
        send(escrow, [order, merchant])
        send(debit, [1, fund, "C", stripe, 1])
        send("COMMIT")

    return call


if __name__ == "__main__":
    main()
    sys.exit(0)
