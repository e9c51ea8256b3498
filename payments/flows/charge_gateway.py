"""Taking money through a gateway: save, commit, call, settle (HOUSE, "Money")."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _

from common import locking
from common.failpoints import failpoint
from common.refusals import FieldProblem, InvalidInput, Refusal
from orders.refusals import AlreadyPaid, Cancelled, Expired
from payments.flows.settle_payment import ASK_PENDING_AFTER, settle_payment
from payments.gateways.base import ChargeAsk, gateway
from payments.models import Payment, PaymentState
from payments.refusals import PaymentDeclined, WrongAmount

_REFUSALS: dict[str, type[Refusal]] = {
    refusal.code: refusal for refusal in (WrongAmount, AlreadyPaid, Cancelled, Expired)
}


def charge_gateway(payment: Payment, return_url: str, admit: Callable[[], None] | None = None) -> Payment:
    """Save the payment, call its gateway with nothing locked, settle what came back.

    `admit` may refuse it; it runs in the transaction that saves the payment. A process that dies on
    the way leaves a pending payment that is asked for later.
    """
    provider = gateway(payment.source)
    if payment.scenario and payment.scenario not in provider.scenarios:
        raise InvalidInput(FieldProblem("scenario", "unknown_scenario", _("No such scenario.")))
    payment.ask_at = payment.created_at + ASK_PENDING_AFTER
    with locking.transaction():
        if admit:
            admit()
        payment.save(force_insert=True)
    failpoint("charge_gateway:before_call")
    verdict = provider.charge(
        ChargeAsk(
            id=payment.pk,
            amount_minor=payment.paid_minor,
            currency=payment.currency,
            description=payment.public_id,
            return_url=return_url,
            callback_url=f"{settings.BASE_URL}/api/v1/gateways/{payment.source}/callback",
            scenario=payment.scenario,
        )
    )
    failpoint("charge_gateway:after_call")
    return settle_payment(payment.pk, verdict)


def refuse_if_failed(payment: Payment) -> Payment:
    """The payment, unless it failed: that is a refusal, never a success that says "failed"."""
    if payment.state == PaymentState.FAILED:
        raise _REFUSALS.get(payment.failure_code, PaymentDeclined)
    return payment
