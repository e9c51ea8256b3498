"""Money that could not be held when its buyer objected is held as soon as the merchant has it (FLOWS 1)."""

from __future__ import annotations

from uuid import UUID

from common import clock, locking
from merchants.models import Merchant
from orders.flows.decide_objection import lock_objection
from orders.models import ObjectionState
from orders.refusals import AlreadyDecided
from orders.undoing import Undo, objected_units, refuse_unless_open, undo_units


def hold_objected(merchant: Merchant, objection_id: UUID) -> bool:
    """Hold the units of an objection that waits without money; False where none is redeemed any more.

    Raises `NotFound`, `AlreadyDecided` (by somebody, or the money is held by now), `MerchantShort`, and
    what an order says that has ended.
    """
    moment = clock.now()
    with locking.transaction():
        objection, order, items = lock_objection(merchant, objection_id)
        if objection.state != ObjectionState.WAITING or objection.is_held:
            raise AlreadyDecided
        units = objected_units(objection, items)
        if not units:
            return False
        refuse_unless_open(order)
        undo_units(Undo(order, items, units, objection=objection, holds=True), moment)
        objection.is_held = True
        objection.save(update_fields=["is_held"])
        return True
