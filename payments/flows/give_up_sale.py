"""A till that does not know what became of a sale gives it up by its reference (FLOWS 2).

What happened is reversed, what has not happened never will.
"""

from __future__ import annotations

from common import locking
from merchants.models import Merchant
from payments.models import GivenUpSale, Payment, PaymentKind, PaymentState
from payments.reversing import reverse_sale
from payments.till import turn


def give_up_sale(merchant: Merchant, reference: str, reason: str = "") -> Payment | None:
    """Make sure that nobody is charged under this reference: the reversed sale, None if there was none."""
    with locking.transaction():
        locking.wait_in_transaction(turn(merchant.pk, reference))
        GivenUpSale.objects.bulk_create(
            [GivenUpSale(merchant=merchant, reference=reference)], ignore_conflicts=True
        )
        sales = Payment.objects.filter(merchant=merchant, kind=PaymentKind.TILL)
        payment = locking.lock_row(sales, till_reference=reference)
        if payment is not None and payment.state == PaymentState.SUCCEEDED:
            reverse_sale(payment, reason)
        return payment
