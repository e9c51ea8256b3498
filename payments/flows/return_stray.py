"""Money that arrived and does not count: booked as received, and on its way back at once.

A second payer, a late callback, another amount (POSTINGS: G→S received; S→X; X→G).
"""

from __future__ import annotations

from datetime import datetime

from common import drains, outbox
from ledger.accounts import gateway as gateway_account, in_flight, suspense
from ledger.posting import Journal, post
from payments.models import Payment, Return

SEND_DRAIN = "send_returns"


def return_stray(payment: Payment, received_minor: int, cause: str, moment: datetime) -> Return:
    """Take note of the money and create its return; the caller holds and saves the payment."""
    payment.received_minor = payment.returned_minor = received_minor
    sent_back = Return(
        payment=payment,
        cause=cause,
        amount_minor=received_minor,
        currency=payment.currency,
        created_at=moment,
        ask_at=moment,
    )
    sent_back.save(force_insert=True)
    outside, waiting = gateway_account(payment.source), suspense(payment.pk)
    away, currency = in_flight(payment.source), payment.currency
    post(
        Journal.of(payment.pk, "stray_payment_received", currency, outside, waiting, amount=received_minor),
        Journal.of(sent_back.pk, "stray_payment_returned", currency, waiting, away, amount=received_minor),
    )
    outbox.emit(
        "payment.returning",
        payment.public_id,
        merchant_id=payment.merchant_id,
        **payment.facts(),
        cause=cause,
        returned=received_minor,
    )
    drains.poke(SEND_DRAIN)
    return sent_back
