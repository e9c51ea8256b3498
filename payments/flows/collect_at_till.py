"""The cashier scans a payment code and types the price; an armed coupon comes off by itself (FLOWS 2).

One code pays once, one reference is one sale: the code's row decides about the former, a turn taken
under the reference about the latter, and both are unique in the database. What refuses a sale ends
the code, so that scanning it again can't charge without the coupon what the buyer saw with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Model

from common import clock, locking, outbox
from common.money import share_basis_points
from common.rows import Writes
from coupons.refusals import CouponRefused
from coupons.spending import HELD, NotArmed, Spending, Wanted, lock_coupon, mark_used
from ledger.posting import post
from ledger.refusals import InsufficientFunds
from orders.refusals import MerchantClosed
from payments.checkout_coupon import out_of_fund
from payments.guessing import guesses_allowed, note_guess
from payments.live_codes import refuse_code
from payments.models import CodeOutcome, Payment, PaymentCode, PaymentKind
from payments.payment_codes import GRACE
from payments.pins import needs_pin
from payments.refusals import PaymentCodeInvalid, PinRequired, ReferenceVoid
from payments.till import CollectAsk, collected, sale_journal, till_payment
from payments.till_lookup import lock_code, look_around

TRIES = 3
CODE_SAVED = ("ended_at", "outcome", "reason", "merchant", "amount_minor", "payment_id")


class _Refused(Exception):
    """The sale is refused, and the code ends with it."""

    def __init__(self, code_id: UUID, reason: str, refusal: Exception) -> None:
        super().__init__(reason)
        self.code_id, self.reason, self.refusal = code_id, reason, refusal


def collect_at_till(ask: CollectAsk) -> Payment:
    """Collect from the buyer's wallet, less the coupon. The same reference again is the same payment.

    Raises `PaymentCodeInvalid`, `TooManyGuesses`, `PinRequired`, `CouponRefused`, `InsufficientFunds`,
    `MerchantClosed`, and `ReferenceVoid` for a sale that the till has given up.
    """
    try:
        payment = _collect_armed(ask) if ask.merchant.is_open else None
    except _Refused as no:
        refuse_code(no.code_id, ask.merchant, ask.amount_minor, no.reason)
        raise no.refusal from no
    return payment or _without_code(ask)


def _collect_armed(ask: CollectAsk) -> Payment | None:
    for _try in range(TRIES):
        try:
            return _collect(ask, clock.now())
        except NotArmed:
            continue
    raise PaymentCodeInvalid  # somebody arms and puts back as fast as we look: nothing is charged


def _collect(ask: CollectAsk, moment: datetime) -> Payment | None:
    """None where no such code was issued, or the till may not ask any more."""
    limit = guesses_allowed()
    with locking.transaction():
        code = lock_code(ask, moment, limit)
        if code is None:
            return None
        around = look_around(ask, code.buyer_id)
        if around.sale is not None:
            return around.sale
        if around.is_given_up:
            raise ReferenceVoid
        if not code.can_pay(moment, GRACE):
            raise PaymentCodeInvalid
        if needs_pin(code, ask.amount_minor, moment):
            raise _Refused(code.pk, PinRequired.code, PinRequired())
        return _sell(ask, code, around.armed_coupon, moment)


def _sell(ask: CollectAsk, code: PaymentCode, armed: UUID | None, moment: datetime) -> Payment:
    payment = till_payment(ask, code, moment)
    try:
        spending = _take_coupon(ask, code, armed, payment, moment)
        events = [collected(payment)]
        code.end(CodeOutcome.USED, moment)
        code.merchant, code.amount_minor, code.payment_id = ask.merchant, ask.amount_minor, payment.pk
        saved: list[tuple[Model, Sequence[str]]] = [(code, CODE_SAVED)]
        if spending is not None:
            events.append(mark_used(spending, moment, payment.amount_minor))
            saved.append((spending.coupon, HELD))
        with out_of_fund():
            post(sale_journal(payment, spending), beside=Writes([[payment], events], saved))
    except CouponRefused as no:
        raise _Refused(code.pk, no.reason, no) from no
    except InsufficientFunds as short:
        raise _Refused(code.pk, InsufficientFunds.code, short) from short
    outbox.announce()
    return payment


def _take_coupon(
    ask: CollectAsk, code: PaymentCode, armed: UUID | None, payment: Payment, moment: datetime
) -> Spending | None:
    """Lock the armed coupon, if there is one, and write what it takes off into the payment."""
    spending = None
    if armed is not None:
        wanted = Wanted(armed, code.buyer_id, is_armed=True)
        spending = lock_coupon(wanted, ask.merchant.pk, ask.bill, payment.pk, moment)
        payment.deduction_minor = spending.deduction_minor
        payment.platform_minor = spending.platform_minor
        payment.campaign_name = spending.campaign.name
    gross = payment.paid_minor + payment.platform_minor
    payment.fee_minor = share_basis_points(gross, ask.merchant.fee_basis_points)
    payment.succeed(moment)
    return spending


def _without_code(ask: CollectAsk) -> Payment:
    """No code was found or looked for: the sale of this reference, or why not."""
    sales = Payment.objects.filter(merchant=ask.merchant, kind=PaymentKind.TILL)
    earlier = sales.filter(till_reference=ask.reference).first()
    if earlier is not None:
        return earlier
    if not ask.merchant.is_open:
        raise MerchantClosed
    note_guess(ask.merchant, ask.payment_code)
    raise PaymentCodeInvalid
