"""The merchant decides about a buyer's "that wasn't me", once (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common import clock, locking, outbox
from common.refusals import NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders.models import Item, Objection, ObjectionState, Order
from orders.redemption import Redeeming, redeem_together
from orders.refusals import AlreadyDecided
from orders.undoing import (
    REASON_LENGTH,
    Undo,
    bind_again,
    objected_units,
    refuse_unless_open,
    undo_units,
)


def decide_objection(merchant: Merchant, objection_id: UUID, uphold: bool, note: str) -> Objection:
    """Uphold: the units wait to be redeemed, with the time that was left. Dismiss: they were redeemed.

    Where no money could be held, upholding tries it now. Raises `NotFound`, `AlreadyDecided`, and for
    such an upholding `MerchantShort` and `Expired`.
    """
    moment = clock.now()
    with locking.transaction():
        objection, order, items = lock_objection(merchant, objection_id)
        if objection.state != ObjectionState.WAITING:
            raise AlreadyDecided
        units = _let_go(objection, items)
        if uphold:
            _uphold(objection, order, items, moment)
            objection.uphold(moment, note[:REASON_LENGTH])
        else:
            redeem_together([Redeeming(order, items, units, by="decision")] if units else [], moment)
            objection.dismiss(moment, note[:REASON_LENGTH])
        save_states([objection], ["state", "decided_at", "note"])
        _tell(order, objection)
        return objection


def lock_objection(merchant: Merchant, objection_id: UUID) -> tuple[Objection, Order, list[Item]]:
    """An objection of the merchant's with its order and all the units, locked; raises `NotFound`."""
    mine = Objection.objects.filter(merchant=merchant)
    order_id = mine.filter(pk=objection_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound
    order = locking.lock_row(Order.objects.select_related("merchant"), pk=order_id)
    items = locking.lock_rows(Item.objects.filter(order_id=order_id))
    objection = locking.lock_row(mine, pk=objection_id)
    if objection is None or order is None:
        raise NotFound
    return objection, order, items


def _let_go(objection: Objection, items: Sequence[Item]) -> list[Item]:
    """The units that were held until now."""
    undone = set(objection.undoings.values_list("item_id", flat=True))
    units = [item for item in items if item.pk in undone and item.held_at is not None]
    for item in units:
        item.held_at = None
    save_states(units, ["held_at"])
    return units


def _uphold(objection: Objection, order: Order, items: Sequence[Item], moment: datetime) -> None:
    units = [] if objection.is_held else objected_units(objection, items)
    if units:  # none: the counter has undone it meanwhile, whatever became of the order since
        refuse_unless_open(order)
        undo_units(Undo(order, items, units, objection=objection), moment)
    _give_time_back(objection, order, moment)
    bind_again(order, items, moment)
    save_states([order], ["redeem_until", "service_number"])


def _give_time_back(objection: Objection, order: Order, moment: datetime) -> None:
    """The buyer could not redeem meanwhile: they get the time that was left at the wrong redemption."""
    first = min((undoing.redeemed_at for undoing in objection.undoings.all()), default=None)
    if order.redeem_until is not None and first is not None:
        order.redeem_until += moment - first


def _tell(order: Order, objection: Objection) -> None:
    outbox.emit(
        "redemption.objection_decided",
        order.public_id,
        merchant_id=order.merchant_id,
        **order.facts(),
        objection=objection.public_id,
        decision=objection.state,
        note=objection.note,
    )
