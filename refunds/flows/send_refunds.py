"""Approved refunds are sent: the unit's money goes back the way it came (FLOWS 4).

One refund a transaction. By wallet it has arrived with that; through a gateway it stays approved until the
provider has said so (`note_returns`), which `settle_return` asks for as long as it is not known.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from common import clock, drains, locking, outbox
from common.failpoints import failpoint
from common.refusals import Refusal
from common.rows import save_states
from payments.models import ReturnState
from payments.refunding import hold_unit, refund_unit
from refunds.models import Refund, RefundState
from refunds.standing import lock_standing, remember, was_rejected

DRAIN = "send_refunds"
CHUNK = 50
CLAIMED_FOR = timedelta(seconds=60)
CAUSE = "refund"
"""A return's cause is this and the unit's id: `reconcile` tells by the unit what was posted."""


@drains.register(DRAIN, every_seconds=5)
def send_refunds() -> int:
    """Send one chunk of approved refunds; how many."""
    with locking.transaction():
        due = Refund.objects.filter(run_at__lte=clock.now()).order_by("run_at")
        claimed = [row.pk for row in locking.claim_rows(due, CHUNK)]
        Refund.objects.filter(pk__in=claimed).update(run_at=clock.now() + CLAIMED_FOR)
    drains.each(send_refund, claimed)
    return len(claimed)


def send_refund(refund_id: UUID) -> None:
    """Send one; it is sent once, however often this is asked for."""
    item = Refund.objects.select_related("item__order").get(pk=refund_id).item
    failpoint("send_refund:before")
    with locking.transaction():
        try:
            held = hold_unit(item)
        except Refusal as refusal:
            _fail(refund_id, refusal.code)
            return
        refund = locking.lock_row(Refund.objects.filter(state=RefundState.APPROVED, back=None), pk=refund_id)
        if refund is None:
            return
        lock_standing(refund.buyer_id)
        refund.back = refund_unit(held, f"{CAUSE}:{item.pk.hex}")
        refund.run_at = None
        if refund.back is None or refund.back.state == ReturnState.SUCCEEDED:
            arrived(refund)
        save_states([refund], ["state", "back", "run_at", "refunded_at"])


def arrived(refund: Refund) -> None:
    """Of a refund under lock, with its buyer's standing: the buyer has the money. The caller saves it."""
    refund.arrive(clock.now())
    if refund.was_escalated and was_rejected(refund.buyer_id, refund.public_id):
        remember(refund.buyer_id, "escalation_won", refund.public_id)
    elif not refund.is_automatic:
        remember(refund.buyer_id, "refund_approved", refund.public_id)
    outbox.emit("refund.refunded", refund.public_id, merchant_id=refund.merchant_id, **refund.facts())


def _fail(refund_id: UUID, code: str) -> None:
    refund = locking.lock_row(Refund.objects.filter(state=RefundState.APPROVED), pk=refund_id)
    if refund is not None:
        refund.fail(code)
        save_states([refund], ["state", "failure_code", "run_at"])
        outbox.emit("refund.failed", refund.public_id, merchant_id=refund.merchant_id, **refund.facts())
