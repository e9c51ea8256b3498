"""Taking redemptions back, of some units of one order: verbs, money, the number, events.

The caller holds the order and its items, and has asked whether it may be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common import ids, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from ledger.accounts import escrow, fees, merchant, merchant_debt
from ledger.posting import Journal, post
from ledger.queries import lock_available, posted_amounts
from orders import bindings
from orders.models import Item, ItemState, Objection, Order, OrderState, RedeemBy, Undoing
from orders.refusals import Expired, MerchantShort, NotPaid, Refunded

REASON_LENGTH = 300
OBJECT_WITHIN = timedelta(days=7)
"""How long after a redemption its buyer may object."""
DECIDE_WITHIN = timedelta(days=7)
"""How long a merchant may think about it while the money is held."""
GIVE_UP_AFTER = timedelta(days=30)
"""How long an objection waits for money that an account does not have."""

Amounts = dict[UUID, dict[str, int]]
"""Journal of a release → the amounts that it was really posted with."""


@dataclass(frozen=True, slots=True)
class Undo:
    """An order with all its items, those whose redemption is taken back, and why.

    `holds`: the units wait for a decision about the objection.
    """

    order: Order
    items: Sequence[Item]
    chosen: Sequence[Item]
    reason: str = ""
    objection: Objection | None = None
    holds: bool = False


def refuse_unless_open(order: Order) -> None:
    """Nothing of an order that is not paid, or has ended, can be redeemed or not redeemed."""
    if order.state in (OrderState.PAID, OrderState.REDEEMED):
        return
    if order.state == OrderState.REFUNDED:
        raise Refunded
    raise NotPaid if order.paid_at is None else Expired


def undo_units(undo: Undo, moment: datetime) -> list[Undoing]:
    """Take the redemption of the chosen units back: they are issued again, their money is in escrow.

    Raises `MerchantShort` before anything is changed.
    """
    posted = posted_amounts(*(item.release_journal for item in undo.chosen))
    _refuse_if_short(undo.order, posted)
    undoings = [_undoing(undo, item, posted, moment) for item in undo.chosen]
    journals = [_backwards(undo.order, undoing, posted) for undoing in undoings if undoing.gross_minor]
    for item in undo.chosen:
        item.undo()
        item.held_at = moment if undo.holds else None
    save_states(undo.chosen, ["state", "redeemed_at", "released_at", "release_journal", "held_at"])
    undo.order.fold(undo.items, moment)
    undo.order.awaits_redemption = True
    bind_again(undo.order, undo.items, moment)
    save_states([undo.order], ["state", "awaits_redemption", "service_number"])
    insert_together(undoings, [_event(undo, item) for item in undo.chosen])
    post(*journals)
    outbox.announce()
    return undoings


def objected_units(objection: Objection, items: Sequence[Item]) -> list[Item]:
    """What was redeemed when the buyer objected, and still is: units whose money could not be held."""
    return [
        item
        for item in items
        if item.state == ItemState.REDEEMED
        and item.redeemed_at is not None
        and item.redeemed_at <= objection.created_at
    ]


def bind_again(order: Order, items: Sequence[Item], moment: datetime) -> None:
    """Let a number mean the order again where a unit waits for a call; the caller saves `service_number`."""
    waits = any(item.redeem_by == RedeemBy.CALL and item.state == ItemState.ISSUED for item in items)
    if waits and order.redeem_until is not None and moment < order.redeem_until:
        bindings.reopen(order, moment)


def _refuse_if_short(order: Order, posted: Amounts) -> None:
    """Ask under lock: the account then holds until the journals are posted."""
    needed = sum(parts["gross"] - parts["fee"] - parts["debt"] for parts in posted.values())
    owes, account = merchant_debt(order.merchant_id), merchant(order.merchant_id)
    if posted and lock_available(order.currency, owes, account)[1] < needed:
        raise MerchantShort


def _undoing(undo: Undo, item: Item, posted: Amounts, moment: datetime) -> Undoing:
    assert item.redeemed_at is not None
    return Undoing(
        id=ids.new_id(),
        item=item,
        release_journal=item.release_journal,
        redeemed_at=item.redeemed_at,
        gross_minor=posted[item.release_journal]["gross"] if item.escrow_minor else 0,
        objection=undo.objection,
        reason=undo.reason[:REASON_LENGTH],
        at=moment,
    )


def _backwards(order: Order, undoing: Undoing, posted: Amounts) -> Journal:
    return Journal.of(
        undoing.pk,
        "redemption_undone",
        order.currency,
        escrow(order.pk, order.merchant_id),
        merchant(order.merchant_id),
        merchant_debt(order.merchant_id),
        fees(),
        **posted[undoing.release_journal],
    )


def _event(undo: Undo, item: Item) -> OutboxEvent:
    order = undo.order
    return outbox.event(
        "item.unredeemed",
        order.public_id,
        merchant_id=order.merchant_id,
        order=order.public_id,
        state=order.state,
        item=item.public_id,
        product=ids.public_id("prd", item.product_id),
        amount=item.escrow_minor,
        currency=order.currency,
        reason=undo.reason,
        objection=undo.objection.public_id if undo.objection else None,
    )
