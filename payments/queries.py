"""Reads of payments and money, always scoped to a merchant or a buyer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from ledger.accounts import merchant as merchant_account, merchant_debt, wallet
from ledger.queries import balance, debt, escrow_held
from merchants.models import Merchant, Person
from orders.models import Order
from payments.models import Payment, PaymentCode


@dataclass(frozen=True, slots=True)
class MerchantBalance:
    """A merchant's money, in minor units: released, in escrow, owed to the platform."""

    available_minor: int
    held_minor: int
    debt_minor: int
    currency: str


def balance_of(merchant: Merchant) -> MerchantBalance:
    """What the merchant has, what is held for its orders, what it owes."""
    currency = merchant.currency
    return MerchantBalance(
        balance(merchant_account(merchant.pk), currency),
        escrow_held(merchant.pk, currency),
        debt(merchant_debt(merchant.pk), currency),
        currency,
    )


def wallet_of(person: Person, currency: str) -> int:
    """What lies in a wallet, in minor units."""
    return balance(wallet(person.pk), currency)


def payments_of(merchant: Merchant) -> QuerySet[Payment]:
    """The merchant's payments."""
    return Payment.objects.filter(merchant=merchant)


def payment_of(merchant: Merchant, payment_id: UUID | None) -> Payment | None:
    """One payment of the merchant; None for anybody else's."""
    return payments_of(merchant).filter(pk=payment_id).first() if payment_id else None


def payments_by(person: Person) -> QuerySet[Payment]:
    """What a person paid, top-ups too."""
    return Payment.objects.filter(payer=person).select_related("order", "merchant")


def counted_payment(order: Order) -> Payment | None:
    """The payment that counts for an order."""
    return Payment.objects.filter(order=order, state__in=("succeeded", "reversed", "refunded")).first()


def latest_payment(order: Order, payer: Person) -> Payment | None:
    """A person's last try to pay an order."""
    return Payment.objects.filter(order=order, payer=payer).order_by("-id").first()


def code_of(buyer: Person, code_id: UUID | None) -> PaymentCode | None:
    """One of a buyer's payment codes; None for anybody else's."""
    mine = PaymentCode.objects.filter(buyer=buyer).select_related("merchant")
    return mine.filter(pk=code_id).first() if code_id else None
