"""A refund that failed is sent once more, by staff who have mended what was in its way (FLOWS 4)."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, drains, locking
from common.refusals import InvalidState, NotFound
from common.rows import save_states
from refunds.flows.send_refunds import DRAIN
from refunds.models import Refund, RefundState
from refunds.verdicts import reason_of


def retry_refund(refund_id: UUID | None, reason: str) -> Refund:
    """It is approved again, to be sent at once. Raises `NotFound`, `InvalidState`, `InvalidInput`."""
    why = reason_of(reason)
    with locking.transaction():
        refund = locking.lock_row(Refund.objects.all(), pk=refund_id)
        if refund is None:
            raise NotFound
        if refund.state != RefundState.FAILED:
            raise InvalidState
        code = refund.failure_code
        refund.try_again(clock.now())
        save_states([refund], ["state", "failure_code", "run_at"])
        audit.record(
            "refund.retried", refund.public_id, merchant_id=refund.merchant_id, reason=why, failure=code
        )
        drains.poke(DRAIN)
        return refund
