"""Taking a sale at the till back: the buyer's money, the coupon, the campaign's part (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import locking
from common.refusals import NotFound
from merchants.models import Merchant
from payments.models import Payment
from payments.reversing import reverse_sale


def reverse_payment(merchant: Merchant, payment_id: UUID, reason: str = "") -> Payment:
    """Reverse a till payment. The merchant's shortfall becomes a debt (POSTINGS, "till reverse").

    Raises `NotFound`, and `InvalidState` for what is no till payment or does not stand.
    """
    with locking.transaction():
        payment = locking.lock_row(Payment.objects.filter(merchant=merchant), pk=payment_id)
        if payment is None:
            raise NotFound
        reverse_sale(payment, reason)
        return payment
