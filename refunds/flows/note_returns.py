"""What became of a refund's money outside: a consumer of `payment.returned`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from common import locking
from common.models import OutboxEvent
from common.rows import save_states
from refunds.flows.send_refunds import CAUSE, arrived
from refunds.models import Refund, RefundState
from refunds.standing import lock_standing


def note_returns(events: Sequence[OutboxEvent]) -> None:
    """The money arrived where it came from or, refused there for good, in the buyer's wallet."""
    for event in events:
        kind, _colon, item_id = str(event.payload.get("cause", "")).partition(":")
        if kind == CAUSE:
            _note(UUID(item_id))


def _note(item_id: UUID) -> None:
    waiting = Refund.objects.filter(state=RefundState.APPROVED, back__isnull=False)
    refund = locking.lock_row(waiting, item_id=item_id)
    if refund is not None:
        lock_standing(refund.buyer_id)
        arrived(refund)
        save_states([refund], ["state", "refunded_at", "run_at"])
