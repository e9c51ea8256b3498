"""Accounts of nobody else and money on them, for the tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from common.ids import new_id
from ledger import accounts
from ledger.accounts import Account, Kind
from ledger.posting import Journal, post

CNY = "CNY"


def fresh(kind: Kind) -> Account:
    """An account that no other test knows."""
    return Account(kind, new_id(), new_id() if kind is Kind.ESCROW else None)


def wallet_with(amount_minor: int, currency: str = CNY) -> Account:
    """A new buyer's wallet with money on it."""
    account = accounts.wallet(new_id())
    if amount_minor:
        post(top_up(account, amount_minor, currency))
    return account


def top_up(wallet: Account, amount_minor: int, currency: str = CNY) -> Journal:
    """A top-up that would put money on a wallet."""
    gateway = accounts.gateway("of the tests")
    return Journal.of(new_id(), "top_up_confirmed", currency, gateway, wallet, amount=amount_minor, owed=0)


def merchant_with(amount_minor: int) -> Account:
    """A new merchant with money from a till sale."""
    account = accounts.merchant(new_id())
    if amount_minor:
        post(till_sale(wallet_with(amount_minor), account, amount_minor))
    return account


def till_sale(wallet: Account, merchant: Account, paid: int) -> Journal:
    """A sale from a wallet to a merchant, without coupon and fee."""
    return Journal.of(new_id(), "till_sale_wallet", CNY, wallet, merchant, paid=paid, platform=0, fee=0)


def sums_of_legs(owners: Iterable[UUID]) -> dict[tuple[str, UUID, str], int]:
    """What the legs say each account of these owners has: credits − debits, without zeroes."""
    return _sums(
        """
        SELECT kind, owner, currency, sum(amount)::bigint FROM (
            SELECT debit_kind, debit_owner, currency, -amount FROM ledger_leg WHERE debit_owner = ANY (%s)
            UNION ALL
            SELECT credit_kind, credit_owner, currency, amount FROM ledger_leg WHERE credit_owner = ANY (%s)
        ) AS sides(kind, owner, currency, amount) GROUP BY 1, 2, 3 HAVING sum(amount) <> 0
        """,
        [list(owners)] * 2,
    )


def sums_of_balances(owners: Iterable[UUID]) -> dict[tuple[str, UUID, str], int]:
    """What the balances say each account of these owners has, without zeroes."""
    return _sums(
        "SELECT kind, owner, currency, sum(amount)::bigint FROM ledger_balance WHERE owner = ANY (%s)"
        " GROUP BY 1, 2, 3 HAVING sum(amount) <> 0",
        [list(owners)],
    )


def _sums(sql: str, parameters: list[list[UUID]]) -> dict[tuple[str, UUID, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {(kind, owner, currency): amount for kind, owner, currency, amount in cursor.fetchall()}
