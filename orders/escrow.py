"""What leaves orders' escrow for their merchants (POSTINGS: "unit A redeemed")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from common.money import share_basis_points
from ledger.accounts import escrow, fees, merchant, merchant_debt
from ledger.posting import Journal
from ledger.queries import lock_debts
from orders.models import Item, Order


def release_journals(
    released: Iterable[tuple[Order, Sequence[Item]]], posting: str = "unit_redeemed"
) -> list[Journal]:
    """One journal a unit: its money to the merchant, the fee to the platform, what is owed first.

    A debt is paid off by what later credits bring.
    """
    by_currency: defaultdict[str, list[tuple[Order, Sequence[Item]]]] = defaultdict(list)
    for order, items in released:
        by_currency[order.currency].append((order, items))
    return [
        journal
        for currency, orders in sorted(by_currency.items())
        for journal in _journals(currency, orders, posting)
    ]


def _journals(currency: str, orders: Sequence[tuple[Order, Sequence[Item]]], posting: str) -> list[Journal]:
    owed = _owed(currency, {order.merchant_id for order, _items in orders})
    journals = []
    for order, items in orders:
        for item in items:
            fee = share_basis_points(item.escrow_minor, order.merchant.fee_basis_points)
            pays_off = min(item.escrow_minor - fee, owed[order.merchant_id])
            owed[order.merchant_id] -= pays_off
            if item.escrow_minor:
                journals.append(_journal(order, item, posting, fee, pays_off))
    return journals


def _owed(currency: str, merchant_ids: Iterable[UUID]) -> dict[UUID, int]:
    accounts = {merchant_id: merchant_debt(merchant_id) for merchant_id in merchant_ids}
    debts = lock_debts(currency, *accounts.values())
    return {merchant_id: debts[account] for merchant_id, account in accounts.items()}


def _journal(order: Order, item: Item, posting: str, fee: int, pays_off: int) -> Journal:
    return Journal.of(
        item.release_journal,
        posting,
        order.currency,
        escrow(order.pk, order.merchant_id),
        merchant(order.merchant_id),
        merchant_debt(order.merchant_id),
        fees(),
        gross=item.escrow_minor,
        fee=fee,
        debt=pays_off,
    )
