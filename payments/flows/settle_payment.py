"""The one door by which a payment succeeds or fails, whoever brings the news: the gateway's
answer, its callback, or the task that asks again (HOUSE, "Two ways through the house").

Money that arrives and does not count (a second payer, a late callback, another amount) is booked
as received and sent back in the same transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from common import clock, drains, locking, outbox
from common.refusals import NotFound
from common.rows import save_states
from coupons.spending import Spending, coupon_of
from ledger.accounts import buyer_debt, gateway as gateway_account, wallet
from ledger.posting import Journal, post
from ledger.queries import lock_debt
from orders.models import Order, OrderState
from payments.checkout_coupon import let_go
from payments.flows.count_payment import count_payment
from payments.flows.return_stray import return_stray
from payments.gateways.base import Outcome, Verdict
from payments.models import Payment, PaymentKind

ASK_DRAIN = "ask_payments"
ASK_PENDING_AFTER = timedelta(seconds=30)

_FIELDS = [
    "state",
    "received_minor",
    "returned_minor",
    "settled_at",
    "ask_at",
    "asked_times",
    "failure_code",
    "provider_reference",
    "redirect_url",
]


def settle_payment(payment_id: UUID, verdict: Verdict) -> Payment:
    """Bring a payment to what the verdict says; saying it again changes nothing.

    Raises `NotFound` for a payment that is not there.
    """
    with locking.transaction():
        payment = locking.lock_row(Payment.objects.select_related("payer"), pk=payment_id)
        if payment is None:
            raise NotFound
        _apply(payment, verdict, clock.now())
        return payment


def _apply(payment: Payment, verdict: Verdict, moment: datetime) -> None:
    payment.provider_reference = verdict.reference or payment.provider_reference
    if verdict.outcome == Outcome.SUCCEEDED:
        _succeed(payment, verdict, moment)
    elif not payment.is_open:
        return
    elif verdict.outcome == Outcome.FAILED:
        _fail(payment, verdict.failure_code or "declined", moment)
    elif verdict.outcome == Outcome.UNKNOWN:
        payment.lose_sight(moment)
        drains.poke(ASK_DRAIN)
    else:
        payment.redirect_url = verdict.redirect_url or payment.redirect_url
        payment.ask_at = moment + ASK_PENDING_AFTER
    save_states([payment], _FIELDS)


def _succeed(payment: Payment, verdict: Verdict, moment: datetime) -> None:
    if not payment.is_open:
        if verdict.received_minor and not payment.received_minor:
            return_stray(payment, verdict.received_minor, "late", moment)
    elif verdict.received_minor != payment.paid_minor:
        _fail(payment, "wrong_amount", moment)
        if verdict.received_minor:
            return_stray(payment, verdict.received_minor, "wrong_amount", moment)
    elif payment.kind == PaymentKind.TOP_UP:
        _top_up(payment, moment)
    else:
        _pay_order(payment, moment)


def _fail(payment: Payment, code: str, moment: datetime, spending: Spending | None = None) -> None:
    payment.fail(moment, code)
    spending = spending or _coupon_of(payment)
    if spending is not None:
        let_go(payment, spending).save(force_insert=True)
    outbox.emit(
        "payment.failed",
        payment.public_id,
        merchant_id=payment.merchant_id,
        **payment.facts(),
    )


def _top_up(payment: Payment, moment: datetime) -> None:
    payment.succeed(moment)
    accounts = (gateway_account(payment.source), wallet(payment.payer_id), buyer_debt(payment.payer_id))
    owed = min(payment.paid_minor, lock_debt(buyer_debt(payment.payer_id), payment.currency))
    post(
        Journal.of(
            payment.pk,
            "top_up_confirmed",
            payment.currency,
            *accounts,
            amount=payment.paid_minor,
            owed=owed,
        )
    )
    outbox.emit("wallet.topped_up", payment.public_id, **payment.facts())


def _pay_order(payment: Payment, moment: datetime) -> None:
    spending = _coupon_of(payment)
    order = locking.lock_row(Order.objects.select_related("merchant"), pk=payment.order_id)
    assert order is not None
    if order.can_be_paid(moment):
        count_payment(payment, order, moment, spending=spending)
        return
    code = _why_not(order)
    _fail(payment, code, moment, spending)
    return_stray(payment, payment.paid_minor, code, moment)


def _coupon_of(payment: Payment) -> Spending | None:
    return coupon_of(payment.pk) if payment.deduction_minor else None


def _why_not(order: Order) -> str:
    if order.state == OrderState.CANCELLED:
        return "cancelled"
    if order.state in (OrderState.EXPIRED, OrderState.PLACED):
        return "expired"
    return "already_paid"
