"""The merchant decides about a refund that waits; whoever comes second hears that it is decided (FLOWS 4)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from common import locking
from merchants.models import Merchant
from refunds.models import Refund, RefundState
from refunds.refusals import AlreadyDecided
from refunds.verdicts import approve, hold_refund, reason_of, reject


def approve_refund(merchant: Merchant, refund_id: UUID | None) -> Refund:
    """The merchant gives the money back. Raises `NotFound`, `AlreadyDecided`."""
    return _decide(merchant, refund_id, RefundState.WAITING, approve)


def reject_refund(merchant: Merchant, refund_id: UUID | None, reason: str) -> Refund:
    """The merchant does not, and says why. Raises `NotFound`, `AlreadyDecided`, `InvalidInput`."""
    why = reason_of(reason)
    return _decide(merchant, refund_id, RefundState.WAITING, lambda refund: reject(refund, why))


def _decide(
    merchant: Merchant, refund_id: UUID | None, state: RefundState, work: Callable[[Refund], None]
) -> Refund:
    with locking.transaction():
        refund = hold_refund(Refund.objects.filter(merchant=merchant), refund_id)
        if refund.state != state:
            raise AlreadyDecided
        work(refund)
        return refund
