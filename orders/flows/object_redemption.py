"""A buyer says "that wasn't me": the money is held, and it is put before the merchant (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common import clock, ids, locking, outbox
from common.refusals import NotFound
from merchants.models import Person
from orders.models import Item, ItemState, Objection, ObjectionState, Order
from orders.refusals import (
    AlreadyDecided,
    AlreadyObjected,
    Held,
    MerchantShort,
    NotRedeemed,
    ObjectionTooLate,
)
from orders.undoing import OBJECT_WITHIN, Undo, refuse_unless_open, undo_units


def object_redemption(buyer: Person, order_id: UUID) -> Objection:
    """Object to what was redeemed of an order in the last days: its money goes back into escrow.

    Where the merchant's account is short nothing moves, and the objection says so (`is_held`).
    Raises `NotFound`, `NotPaid`, `Expired`, `Refunded`, `AlreadyObjected`, `NotRedeemed`,
    `ObjectionTooLate`, `Held` while a refund waits, and `AlreadyDecided` about a redemption that the
    merchant has confirmed.
    """
    moment = clock.now()
    with locking.transaction():
        order = locking.lock_row(Order.objects.filter(buyer=buyer).select_related("merchant"), pk=order_id)
        if order is None:
            raise NotFound
        items = locking.lock_rows(Item.objects.filter(order=order))
        chosen = _choose(order, items, moment)
        objection = Objection(id=ids.new_id(), merchant_id=order.merchant_id, order=order, created_at=moment)
        objection.save(force_insert=True)
        _hold(Undo(order, items, chosen, objection=objection, holds=True), objection, moment)
        _tell(order, objection, chosen)
        return objection


def preview_objection(order: Order) -> list[Item]:
    """What `object_redemption` would be about, or its refusal; changes nothing."""
    return _choose(order, list(order.items.all()), clock.now())


def _choose(order: Order, items: Sequence[Item], moment: datetime) -> list[Item]:
    earlier = list(Objection.objects.filter(order=order))
    if any(objection.state == ObjectionState.WAITING for objection in earlier):
        raise AlreadyObjected
    refuse_unless_open(order)
    redeemed = [(item.redeemed_at, item) for item in items if item.state == ItemState.REDEEMED]
    if not redeemed:
        raise NotRedeemed
    redeemed = [(at, item) for at, item in redeemed if item.held_at is None]
    if not redeemed:
        raise Held
    recent = [(at, item) for at, item in redeemed if at is not None and moment < at + OBJECT_WITHIN]
    if not recent:
        raise ObjectionTooLate
    dismissed = [one for one in earlier if one.state == ObjectionState.DISMISSED]
    chosen = [item for at, item in recent if not any(_was_about(one, at) for one in dismissed)]
    if not chosen:
        raise AlreadyDecided
    return chosen


def _was_about(dismissed: Objection, redeemed_at: datetime) -> bool:
    """A dismissal redeems held units at its own moment; without money held they stayed as they were."""
    return redeemed_at == dismissed.decided_at or redeemed_at <= dismissed.created_at


def _hold(undo: Undo, objection: Objection, moment: datetime) -> None:
    try:
        undo_units(undo, moment)
    except MerchantShort:
        objection.is_held = False
        objection.save(update_fields=["is_held"])


def _tell(order: Order, objection: Objection, chosen: Sequence[Item]) -> None:
    outbox.emit(
        "redemption.objected",
        order.public_id,
        merchant_id=order.merchant_id,
        **order.facts(),
        objection=objection.public_id,
        items=[item.public_id for item in chosen],
        is_held=objection.is_held,
    )
