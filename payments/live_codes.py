"""The payment code that a buyer shows: one at a time."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists

from common import clock, locking
from coupons.arming import arming_turn, put_back_armed
from coupons.models import Coupon, CouponState
from merchants.models import Merchant, Person
from payments.models import CodeOutcome, PaymentCode
from payments.refusals import PinRequired


def end_live_codes(buyer: Person) -> None:
    """End the code that the buyer shows, if any; whoever makes another one meanwhile waits."""
    locking.wait_in_transaction(_showing(buyer))
    live = PaymentCode.objects.filter(buyer=buyer, ended_at=None)
    live.update(ended_at=clock.now(), outcome=CodeOutcome.REPLACED)


def end_codes_shown_with(coupon_id: UUID, buyer: Person) -> None:
    """A coupon is about to be used elsewhere: a code that was shown with it ends, so that no till charges
    the full price of what its buyer saw with the coupon. Called before any row is locked; nobody arms it
    until the transaction ends."""
    locking.wait_in_transaction(_showing(buyer))
    locking.wait_in_transaction(arming_turn(buyer.pk))
    armed = Coupon.objects.filter(pk=coupon_id, owner=buyer, state=CouponState.ARMED)
    live = PaymentCode.objects.filter(Exists(armed), buyer=buyer, ended_at=None)
    live.update(ended_at=clock.now(), outcome=CodeOutcome.REPLACED)


def _showing(buyer: Person) -> str:
    return f"payment_code:{buyer.pk.hex}"


def refuse_code(code_id: UUID, merchant: Merchant, amount_minor: int, reason: str) -> None:
    """Note why the sale was refused, for the buyer's page; unless something else came of the code since."""
    moment = clock.now()
    with locking.transaction():
        code = locking.lock_row(PaymentCode.objects.filter(ended_at=None), pk=code_id)
        if code is None:
            return
        code.end(CodeOutcome.REFUSED, moment, reason)
        code.merchant, code.amount_minor = merchant, amount_minor
        code.save(update_fields=["ended_at", "outcome", "reason", "merchant", "amount_minor"])
        if reason != PinRequired.code:  # what the buyer has set stays so for the code with the PIN
            put_back_armed(code.buyer_id)
