"""A call that somebody of the merchant recognises: it redeems the order that they name (FLOWS 1)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common import clock, locking, outbox
from common.refusals import InvalidState, NotFound
from common.rows import save_states
from merchants.models import Merchant
from orders.flows.redeem_order import choose_units
from orders.models import CallRecord, CallState, Item, Order
from orders.redemption import Redeeming, redeem_together


def assign_call(merchant: Merchant, record_id: UUID, order_id: UUID) -> Order:
    """Redeem the order's waiting units by this call; the event names who said so.

    A call that was made in time redeems also when the time has passed since, as it does by itself.
    Raises `NotFound`, `InvalidState` for a call that has redeemed an order, and what `redeem_order` does.
    """
    moment = clock.now()
    with locking.transaction():
        record = locking.lock_row(CallRecord.objects.filter(merchant=merchant), pk=record_id)
        order = locking.lock_row(
            Order.objects.filter(merchant=merchant).select_related("merchant"), pk=order_id
        )
        if record is None or order is None:
            raise NotFound
        if record.state == CallState.REDEEMED:
            raise InvalidState
        items = locking.lock_rows(Item.objects.filter(order=order))
        units = choose_units(order, items, None, _made_at(record, order, moment))
        redeem_together([Redeeming(order, items, units, by="staff", facts=record.facts())], moment)
        record.redeem(moment, order)
        save_states([record], ["state", "reason", "order", "decided_at"])
        outbox.emit(
            "call.assigned",
            record.public_id,
            merchant_id=merchant.pk,
            order=order.public_id,
            **record.facts(),
        )
        return order


def preview_assignment(record: CallRecord, order: Order) -> list[Item]:
    """What `assign_call` would redeem, or its refusal; changes nothing."""
    return choose_units(order, list(order.items.all()), None, _made_at(record, order, clock.now()))


def _made_at(record: CallRecord, order: Order, moment: datetime) -> datetime:
    """When the order was redeemed by this call: when the buyer made it, if that was after the payment."""
    if order.paid_at is not None and order.paid_at <= record.started_at < moment:
        return record.started_at
    return moment
