"""Cancelling an order before it is paid; what was taken from stock goes back."""

from __future__ import annotations

from uuid import UUID

from common import clock, locking, outbox
from common.refusals import InvalidState, NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders import stock
from orders.models import Order, OrderState
from orders.refusals import AlreadyPaid


def cancel_order(merchant: Merchant, order_id: UUID) -> Order:
    """Take an unpaid order back. Raises `NotFound`, `AlreadyPaid`, `InvalidState`."""
    taken = stock.held_by([order_id])[order_id]
    with locking.transaction():
        stock.hold(taken.keys())
        order = locking.lock_row(Order.objects.filter(merchant=merchant), pk=order_id)
        if order is None:
            raise NotFound
        if order.state in (OrderState.PAID, OrderState.REDEEMED):
            raise AlreadyPaid
        if order.state != OrderState.PLACED:
            raise InvalidState
        order.cancel(clock.now())
        save_states([order], ["state", "closed_at"])
        stock.give_back(taken)
        outbox.emit("order.cancelled", order.public_id, merchant_id=merchant.pk, **order.facts())
        return order
