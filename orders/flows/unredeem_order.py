"""Undoing a redemption at the counter, soon after it: the units wait again (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from common import clock, locking
from common.refusals import NotFound
from merchants.models import Merchant
from orders.flows.redeem_order import Redeemed
from orders.models import Item, ItemState, Order
from orders.refusals import Held, NotRedeemed, UndoTooLate, UnknownCode
from orders.undoing import Undo, refuse_unless_open, undo_units


def unredeem_order(
    merchant: Merchant, order_id: UUID, item_code: str | None = None, reason: str = ""
) -> Redeemed:
    """Undo the redemption of one item, or of all that were redeemed together last when no code is given.

    Raises `NotFound`, `UnknownCode`, `NotPaid`, `Expired`, `Refunded`, `NotRedeemed`, `UndoTooLate`
    after the merchant's `undo_within_seconds`, `Held` while a refund waits, and `MerchantShort`.
    """
    moment = clock.now()
    with locking.transaction():
        order = locking.lock_row(
            Order.objects.filter(merchant=merchant).select_related("merchant"), pk=order_id
        )
        if order is None:
            raise NotFound
        items = locking.lock_rows(Item.objects.filter(order=order))
        chosen = _choose(order, items, item_code, moment)
        undo_units(Undo(order, items, chosen, reason), moment)
        return Redeemed(order, chosen)


def preview_unredemption(order: Order, item_code: str | None = None) -> list[Item]:
    """What `unredeem_order` would undo, or its refusal, a short account left out; changes nothing."""
    return _choose(order, list(order.items.all()), item_code, clock.now())


def _choose(order: Order, items: Sequence[Item], code: str | None, moment: datetime) -> list[Item]:
    if code is not None:
        items = [item for item in items if item.code == code]
        if not items:
            raise UnknownCode
    refuse_unless_open(order)
    redeemed = [(item.redeemed_at, item) for item in items if item.state == ItemState.REDEEMED]
    last = max((at for at, _item in redeemed if at is not None), default=None)
    if last is None:
        raise NotRedeemed
    if moment >= last + timedelta(seconds=order.merchant.undo_within_seconds):
        raise UndoTooLate
    chosen = [item for at, item in redeemed if at == last]
    if any(item.held_at is not None for item in chosen):
        raise Held
    return chosen
