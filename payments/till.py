"""A sale at the till: what is asked for, the payment that comes of it, its event and its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common import ids, outbox
from common.models import OutboxEvent
from coupons.pricing import Bill, Part
from coupons.spending import Spending
from ledger.accounts import campaign_fund, fees, merchant as merchant_account, wallet
from ledger.posting import Journal
from merchants.models import Merchant
from orders.models import Product
from payments.models import Payment, PaymentCode, PaymentKind
from payments.models.payments import WALLET

COUNTER = "counter"
"""The channel of a sale on the till's own page; other tills come by the API."""


@dataclass(frozen=True, slots=True)
class CollectAsk:
    """What a till asks for: `reference` is its own number of the sale; `lines` as they are kept, with
    `product`, `name`, `price` and `quantity`."""

    merchant: Merchant
    payment_code: str
    amount_minor: int
    reference: str
    lines: Sequence[Mapping[str, Any]] = ()
    channel: str = "api"

    @property
    def bill(self) -> Bill:
        """What the coupon's arithmetic sees of it."""
        parts = [Part(UUID(hex=line["product"][4:]), line["price"] * line["quantity"]) for line in self.lines]
        return Bill(self.amount_minor, tuple(parts))


def bill_line(product: Product, quantity: int) -> dict[str, Any]:
    """So many of a product, as a sale keeps it: at the catalogue's price of now."""
    return {
        "product": product.public_id,
        "name": product.name,
        "price": product.price_minor,
        "quantity": quantity,
    }


def turn(merchant_id: UUID, reference: str) -> str:
    """What whoever decides about a sale takes its turn under."""
    return f"till:{merchant_id.hex}:{reference}"


def till_payment(ask: CollectAsk, code: PaymentCode, moment: datetime) -> Payment:
    """The payment of a sale, unsaved and without a coupon so far."""
    return Payment(
        id=ids.new_id(),
        kind=PaymentKind.TILL,
        merchant=ask.merchant,
        payer_id=code.buyer_id,
        source=WALLET,
        amount_minor=ask.amount_minor,
        currency=ask.merchant.currency,
        channel=ask.channel,
        till_reference=ask.reference,
        lines=list(ask.lines),
        created_at=moment,
    )


def collected(payment: Payment) -> OutboxEvent:
    """The event; no coupon's id and no buyer is in it."""
    return outbox.event(
        "payment.collected", payment.public_id, merchant_id=payment.merchant_id, **payment.facts()
    )


def sale_journal(payment: Payment, spending: Spending | None) -> Journal:
    """The money of a sale from the wallet."""
    assert payment.merchant_id is not None
    accounts = [wallet(payment.payer_id), merchant_account(payment.merchant_id), fees()]
    if spending is not None:
        accounts.append(campaign_fund(spending.campaign.pk))
    return Journal.of(
        payment.pk,
        "till_sale_wallet",
        payment.currency,
        *accounts,
        paid=payment.paid_minor,
        platform=payment.platform_minor,
        fee=payment.fee_minor,
    )
