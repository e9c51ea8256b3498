"""What approving and rejecting do, whoever decides: the shop, the staff, the deadline.

Approving changes the state and has the money sent by `send_refunds`. A rejected unit is free again: to be
redeemed, or released in time.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from common import actors, audit, clock, drains, locking, outbox
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.rows import save_states
from orders.models import Item, Objection, ObjectionState, Order
from refunds.flows.send_refunds import DRAIN
from refunds.models import Refund
from refunds.standing import lock_standing, remember

MAX_REASON = 300
DECIDED = ["state", "decided_at", "decided_by", "decide_by", "run_at", "answer"]


def reason_of(text: str) -> str:
    """A reason that says something. Raises `InvalidInput`."""
    why = text.strip()
    if not why:
        raise InvalidInput(FieldProblem("reason", "required", _("Say why: the buyer reads it.")))
    if len(why) > MAX_REASON:
        text = _("At most %(most)d characters.") % {"most": MAX_REASON}
        raise InvalidInput(FieldProblem("reason", "too_long", text))
    return why


def is_held(unit: Item) -> bool:
    """Whether something else waits to be decided about it: what it holds, or will, no refund may let go."""
    waiting = Objection.objects.filter(order_id=unit.order_id, state=ObjectionState.WAITING)
    return unit.held_at is not None or waiting.exists()


def hold_refund(rows: QuerySet[Refund], refund_id: UUID | None) -> Refund:
    """The refund under lock, its order and unit before it. Raises `NotFound`."""
    found = rows.filter(pk=refund_id).values_list("order_id", "item_id").first() if refund_id else None
    if found is None:
        raise NotFound
    locking.lock_row(Order.objects.all(), pk=found[0])
    locking.lock_row(Item.objects.all(), pk=found[1])
    refund = locking.lock_row(rows.select_related("item", "order"), pk=refund_id)
    assert refund is not None
    return refund


def approve(refund: Refund) -> None:
    """Of a refund under lock."""
    refund.approve(clock.now(), actors.current())
    save_states([refund], DECIDED)
    _told(refund, "refund.approved")
    drains.poke(DRAIN)


def reject(refund: Refund, why: str, kind: str = "refund_rejected") -> None:
    """Of a refund under lock with its unit, which is let go; `kind` is what it is to the buyer's standing."""
    refund.reject(clock.now(), actors.current(), why)
    save_states([refund], DECIDED)
    refund.item.held_at = None
    save_states([refund.item], ["held_at"])
    lock_standing(refund.buyer_id)
    remember(refund.buyer_id, "escalation_lost" if refund.was_escalated else kind, refund.public_id)
    _told(refund, "refund.rejected")


def _told(refund: Refund, name: str) -> None:
    audit.record(name, refund.public_id, merchant_id=refund.merchant_id, reason=refund.answer)
    outbox.emit(name, refund.public_id, merchant_id=refund.merchant_id, **refund.facts())
