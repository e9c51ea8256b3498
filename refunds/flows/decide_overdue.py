"""Silence past the deadline is decided by the merchant's policy (FLOWS 4)."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from common import actors, clock, drains, locking
from refunds.deciding import APPROVE, at_deadline
from refunds.models import Refund, RefundState
from refunds.policy import policy_of
from refunds.verdicts import approve, hold_refund, reject

DRAIN = "decide_overdue_refunds"
CHUNK = 50


@drains.register(DRAIN, every_seconds=30)
def decide_overdue() -> int:
    """Decide one chunk of refunds that nobody has decided in time; how many."""
    due = Refund.objects.filter(state=RefundState.WAITING, decide_by__lte=clock.now()).order_by("decide_by")
    chosen = list(due.values_list("pk", flat=True)[:CHUNK])
    decided = [0]
    drains.each(lambda refund_id: decided.append(_decide(refund_id)), chosen)
    return sum(decided)


def _decide(refund_id: UUID) -> int:
    with actors.acting_as("deadline"), locking.transaction():
        refund = hold_refund(Refund.objects.all(), refund_id)
        if refund.state != RefundState.WAITING or refund.decide_by is None or refund.decide_by > clock.now():
            return 0
        if at_deadline(policy_of(refund.merchant_id), refund.decision["rules"]) == APPROVE:
            approve(refund)
        else:
            why = _("The shop did not answer in time; its rules say no then.")
            reject(refund, why, kind="refund_unanswered")
        return 1
