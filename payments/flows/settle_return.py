"""The one flow that ends a return: it arrived, it failed for good, or it is not known yet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common import clock, locking, outbox
from common.refusals import NotFound
from common.rows import save_states
from ledger.accounts import buyer_debt, gateway as gateway_account, in_flight, wallet
from ledger.posting import Journal, post
from ledger.queries import lock_debt
from payments.gateways.base import Outcome, Verdict
from payments.models import Payment, Return, ReturnState

_FIELDS = ["state", "settled_at", "ask_at", "asked_times", "failure_code", "provider_reference"]


def settle_return(return_id: UUID, verdict: Verdict) -> Return:
    """Bring a return to what the verdict says; saying it again changes nothing.

    Failed for good, the money goes to the payer's wallet (POSTINGS: X→W). Raises `NotFound`.
    """
    with locking.transaction():
        sent = locking.lock_row(Return.objects.select_related("payment"), pk=return_id)
        if sent is None:
            raise NotFound
        if sent.state in (ReturnState.SENDING, ReturnState.UNKNOWN):
            _apply(sent, verdict, clock.now())
        return sent


def _apply(sent: Return, verdict: Verdict, moment: datetime) -> None:
    sent.provider_reference = verdict.reference or sent.provider_reference
    if verdict.outcome == Outcome.SUCCEEDED:
        sent.succeed(moment)
    elif verdict.outcome == Outcome.FAILED:
        sent.fail(moment, verdict.failure_code or "refused")
    else:
        sent.lose_sight(moment)
    save_states([sent], _FIELDS)
    if sent.state != ReturnState.UNKNOWN:
        _book(sent)


def _book(sent: Return) -> None:
    payment = sent.payment
    post(_journal(sent, payment))
    outbox.emit(
        "payment.returned",
        payment.public_id,
        merchant_id=payment.merchant_id,
        **payment.facts(),
        cause=sent.cause,
        returned=sent.amount_minor,
        to="gateway" if sent.state == ReturnState.SUCCEEDED else "wallet",
    )


def _journal(sent: Return, payment: Payment) -> Journal:
    away, amount = in_flight(payment.source), sent.amount_minor
    if sent.state == ReturnState.SUCCEEDED:
        outside = gateway_account(payment.source)
        posting = "gateway_refund_confirmed"
        return Journal.of(sent.settled_journal, posting, sent.currency, away, outside, amount=amount)
    owes = buyer_debt(payment.payer_id)
    owed = min(amount, lock_debt(owes, sent.currency))
    accounts = (away, wallet(payment.payer_id), owes)
    posting = "gateway_refund_failed"
    return Journal.of(sent.settled_journal, posting, sent.currency, *accounts, amount=amount, owed=owed)
