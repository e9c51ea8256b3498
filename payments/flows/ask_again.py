"""Staff ask a gateway at once, without waiting for the next time that it would be asked."""

from __future__ import annotations

from common.refusals import InvalidState
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import gateway
from payments.models import Payment


def ask_again(payment: Payment) -> Payment:
    """Ask how an open payment stands and settle it. Raises `InvalidState` for a settled one."""
    if not payment.is_open:
        raise InvalidState
    return settle_payment(payment.pk, gateway(payment.source).ask_charge(payment.pk))
