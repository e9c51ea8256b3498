"""The money of units that go back before they were redeemed (POSTINGS, "unit B refunded")."""

from __future__ import annotations

from collections.abc import Sequence

from coupons.spending import Spending
from ledger.accounts import Account, buyer_debt, campaign_fund, escrow, in_flight, wallet
from ledger.posting import Journal
from orders.models import Item, Order
from payments.models import Return
from payments.models.payments import WALLET


def refund_journal(
    order: Order,
    units: Sequence[Item],
    back: Return,
    spending: Spending | None,
    owed: dict[Account, int],
) -> Journal:
    """What was paid goes back to the payer, what the platform added to its campaign's fund.

    `owed` are the payers' debts under lock; what a wallet's credit pays off is taken from them.
    """
    payment = back.payment
    funds = [campaign_fund(spending.campaign.pk)] if spending is not None else []
    accounts = [escrow(order.pk, order.merchant_id), *funds]
    amounts = {"paid": back.amount_minor, "platform": sum(unit.platform_minor for unit in units)}
    if payment.source != WALLET:
        away = in_flight(payment.source)
        return Journal.of(back.pk, "unit_refunded_gateway", back.currency, *accounts, away, **amounts)
    owes = buyer_debt(payment.payer_id)
    pays_off = min(back.amount_minor, owed[owes])
    owed[owes] -= pays_off
    accounts += [wallet(payment.payer_id), owes]
    return Journal.of(back.pk, "unit_refunded_wallet", back.currency, *accounts, **amounts, owed=pays_off)
