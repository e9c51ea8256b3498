"""What every redemption does, of one order or of many at once: verbs, money, bindings, events.

The caller holds the orders and their items, and has asked whether they may be redeemed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from common import ids, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from ledger.posting import post
from orders import bindings
from orders.escrow import release_journals
from orders.models import CallRules, EndReason, Item, ItemState, Order, OrderState, RedeemBy


@dataclass(frozen=True, slots=True)
class Redeeming:
    """An order with all its items, those of them to be redeemed, how, and what events tell besides."""

    order: Order
    items: Sequence[Item]
    chosen: Sequence[Item]
    by: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def redeem_together(
    redeemings: Sequence[Redeeming], moment: datetime, rules: Mapping[UUID, CallRules] | None = None
) -> None:
    """Redeem the chosen units of each order: a fixed number of statements, however many there are.

    `rules` by merchant, where the caller has read them.
    """
    if not redeemings:
        return
    chosen = [item for one in redeemings for item in one.chosen]
    for item in chosen:
        item.redeem(moment)
    save_states(chosen, ["state", "redeemed_at", "released_at"])
    for one in redeemings:
        one.order.fold(one.items, moment)
    orders = [one.order for one in redeemings]
    save_states([order for order in orders if order.state == OrderState.REDEEMED], ["state"])
    _end_bindings(redeemings, moment, rules)
    post(*release_journals((one.order, one.chosen) for one in redeemings))
    insert_together([event for one in redeemings for event in _events(one)])
    outbox.announce()


def _end_bindings(
    redeemings: Sequence[Redeeming], moment: datetime, rules: Mapping[UUID, CallRules] | None
) -> None:
    """No unit waits for a call any more: the number means somebody else's order soon."""
    done = [
        one.order
        for one in redeemings
        if not any(item.redeem_by == RedeemBy.CALL and item.state == ItemState.ISSUED for item in one.items)
    ]
    if any(order.service_number for order in done):
        known = rules or bindings.rules_of(*{order.merchant_id for order in done})
        bindings.end(done, EndReason.REDEEMED, moment, known)


def _events(one: Redeeming) -> list[OutboxEvent]:
    order = one.order
    events = [
        outbox.event(
            "item.redeemed",
            order.public_id,
            merchant_id=order.merchant_id,
            order=order.public_id,
            item=item.public_id,
            product=ids.public_id("prd", item.product_id),
            amount=item.escrow_minor,
            currency=order.currency,
            by=one.by,
            **one.facts,
        )
        for item in one.chosen
    ]
    if order.state == OrderState.REDEEMED:
        told = {**order.facts(), "by": one.by, **one.facts}
        events.append(outbox.event("order.redeemed", order.public_id, merchant_id=order.merchant_id, **told))
    return events
