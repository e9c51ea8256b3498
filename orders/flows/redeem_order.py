"""Redeeming an order, whole or one item by its code: the units' money leaves escrow (FLOWS 1, 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock, locking
from common.refusals import InvalidState, NotFound
from merchants.models import Merchant
from orders.models import Item, ItemState, Order, OrderState
from orders.redemption import Redeeming, redeem_together
from orders.refusals import AlreadyRedeemed, Expired, Held, NotPaid, Refunded, UnknownCode


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The order as it stands now, and the items that this call redeemed."""

    order: Order
    items: list[Item]


def redeem_order(merchant: Merchant, order_id: UUID, item_code: str | None = None) -> Redeemed:
    """Redeem one item, or all that wait for it when no code is given.

    Raises `NotFound`, `UnknownCode`, `NotPaid`, `Expired`, `Refunded`, `AlreadyRedeemed`,
    `Held`, and `InvalidState` where nothing needs redemption.
    """
    moment = clock.now()
    with locking.transaction():
        order = locking.lock_row(
            Order.objects.filter(merchant=merchant).select_related("merchant"), pk=order_id
        )
        if order is None:
            raise NotFound
        items = locking.lock_rows(Item.objects.filter(order=order))
        chosen = choose_units(order, items, item_code, moment)
        redeem_together([Redeeming(order, items, chosen, by="code")], moment)
        return Redeemed(order, chosen)


def preview_redemption(order: Order, item_code: str | None = None) -> list[Item]:
    """What `redeem_order` would redeem, or its refusal; changes nothing."""
    return choose_units(order, list(order.items.all()), item_code, clock.now())


def choose_units(order: Order, items: Sequence[Item], code: str | None, moment: datetime) -> list[Item]:
    """The units that a redemption concerns; raises what `redeem_order` does."""
    if code is not None:
        items = [item for item in items if item.code == code]
        if not items:
            raise UnknownCode
    _refuse_order(order, moment)
    waiting = [item for item in items if item.state == ItemState.ISSUED and item.needs_redemption]
    free = [item for item in waiting if item.held_at is None]
    if free:
        return free
    if waiting:
        raise Held
    states = {item.state for item in items}
    if ItemState.REDEEMED in states:
        raise AlreadyRedeemed
    if states == {ItemState.REFUNDED}:
        raise Refunded
    raise InvalidState


def _refuse_order(order: Order, moment: datetime) -> None:
    if order.state in (OrderState.PLACED, OrderState.CANCELLED):
        raise NotPaid
    if order.state == OrderState.REFUNDED:
        raise Refunded
    if order.state == OrderState.EXPIRED:
        raise NotPaid if order.paid_at is None else Expired
    if order.state == OrderState.PAID and order.redeem_until and moment >= order.redeem_until:
        raise Expired
