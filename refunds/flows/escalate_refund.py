"""A rejected buyer puts the refund before the staff, once; the unit is held again (FLOWS 4)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking, outbox
from common.refusals import InvalidState
from common.rows import save_states
from merchants.models import Person
from orders.models import ItemState
from orders.refusals import Held
from orders.undoing import refuse_unless_open
from refunds.models import Refund, RefundState
from refunds.refusals import AlreadyDecided, EscalatedOnce
from refunds.verdicts import approve, hold_refund, is_held, reason_of, reject


def escalate_refund(buyer: Person, refund_id: UUID | None) -> Refund:
    """Raises `NotFound`, `EscalatedOnce`, `InvalidState` for what was not rejected or is refunded, `Expired`
    for an order that has ended, and `Held` while an objection waits."""
    with locking.transaction():
        refund = hold_refund(Refund.objects.filter(buyer=buyer), refund_id)
        if refund.was_escalated:
            raise EscalatedOnce
        if refund.state != RefundState.REJECTED or refund.item.state == ItemState.REFUNDED:
            raise InvalidState
        refuse_unless_open(refund.order)
        if is_held(refund.item):
            raise Held
        refund.escalate()
        refund.item.held_at = clock.now()
        save_states([refund], ["state", "was_escalated"])
        save_states([refund.item], ["held_at"])
        audit.record("refund.escalated", refund.public_id, merchant_id=refund.merchant_id)
        outbox.emit("refund.escalated", refund.public_id, merchant_id=refund.merchant_id, **refund.facts())
        return refund


def settle_escalation(refund_id: UUID | None, *, gives: bool, reason: str) -> Refund:
    """Staff's word is the last one. Raises `NotFound`, `AlreadyDecided`, `InvalidInput`."""
    why = reason_of(reason)
    with locking.transaction():
        refund = hold_refund(Refund.objects.all(), refund_id)
        if refund.state != RefundState.ESCALATED:
            raise AlreadyDecided
        if gives:
            refund.answer = why
            approve(refund)
        else:
            reject(refund, why)
        return refund
