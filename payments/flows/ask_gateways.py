"""Asking gateways until every outcome is known: open payments, and returns to be sent or unknown.

A row is claimed by moving its next asking time ahead, in a transaction of its own; then the
provider is called with nothing locked; then the one settling flow is told. Dying in between
costs one pause, and asking twice is harmless: our id is the provider's idempotency key.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from common import clock, drains, locking
from common.failpoints import failpoint
from payments.flows.return_stray import SEND_DRAIN
from payments.flows.settle_payment import ASK_DRAIN, settle_payment
from payments.flows.settle_return import settle_return
from payments.gateways.base import Outcome, RefundAsk, gateway
from payments.models import Payment, Return, ReturnState

CHUNK = 20
CLAIMED_FOR = timedelta(seconds=60)


@drains.register(ASK_DRAIN, every_seconds=5, queue=drains.Queue.PROMPT)
def ask_payments() -> int:
    """Ask for one chunk of open payments; how many."""
    claimed = _claim(Payment.objects.filter(ask_at__lte=clock.now()))
    drains.each(_ask_payment, claimed)
    return len(claimed)


def _ask_payment(payment_id: UUID) -> None:
    payment = Payment.objects.get(pk=payment_id)
    if payment.is_open:
        verdict = gateway(payment.source).ask_charge(payment_id)
        failpoint("ask_payments:after_call")
        settle_payment(payment_id, verdict)


@drains.register(SEND_DRAIN, every_seconds=5)
def send_returns() -> int:
    """Send one chunk of returns, or ask again for those whose outcome is unknown; how many."""
    claimed = _claim(Return.objects.filter(ask_at__lte=clock.now()))
    drains.each(_send_return, claimed)
    return len(claimed)


def _send_return(return_id: UUID) -> None:
    sent = Return.objects.select_related("payment").get(pk=return_id)
    if sent.state not in (ReturnState.SENDING, ReturnState.UNKNOWN):
        return
    ask = RefundAsk(sent.pk, sent.payment_id, sent.amount_minor, sent.currency)
    failpoint("send_returns:before_call")
    verdict = gateway(sent.payment.source).refund(ask)
    failpoint("send_returns:after_call")
    if verdict.outcome != Outcome.PENDING:
        settle_return(return_id, verdict)


def _claim(due: QuerySet[Payment] | QuerySet[Return]) -> list[UUID]:
    with locking.transaction():
        rows = locking.claim_rows(due.order_by("ask_at"), CHUNK)
        claimed = [row.pk for row in rows]
        if claimed:
            due.model.objects.filter(pk__in=claimed).update(ask_at=clock.now() + CLAIMED_FOR)
        return claimed
