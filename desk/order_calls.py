"""What an order's page says of calls: the number to call, how it was redeemed, "that wasn't me" (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common import clock
from common.models import OutboxEvent
from common.refusals import Refusal
from merchants.models import Person
from orders import bindings
from orders.flows.object_redemption import preview_objection
from orders.models import (
    Binding,
    CallRules,
    Item,
    ItemState,
    Objection,
    ObjectionState,
    Order,
    OrderState,
    RedeemBy,
)
from orders.undoing import GIVE_UP_AFTER, OBJECT_WITHIN
from orders.words import LineSum, lines_of


@dataclass(frozen=True, slots=True)
class CallPart:
    """What is redeemed by a call, by which number, and what the merchant asks of the call.

    No `number`: none was free when the order was paid, or its buyer has no phone.
    """

    number: str
    buyer_phone: str
    lines: list[LineSum]
    rules: CallRules
    has_other_units: bool

    @property
    def phone_end(self) -> str:
        """The last digits of the phone to call from: the page's address may be in other hands."""
        return self.buyer_phone[-4:]


def call_part(order: Order, items: Sequence[Item], moment: datetime) -> CallPart | None:
    """What to say of calling; None where nothing of the order waits for a call."""
    if order.state != OrderState.PAID or not order.awaits_call:
        return None
    waiting = [item for item in items if item.state == ItemState.ISSUED and item.held_at is None]
    by_call = [item for item in waiting if item.redeem_by == RedeemBy.CALL]
    if not by_call:
        return None
    binding = Binding.objects.filter(order=order, end_reason="").first()
    others = any(item.needs_redemption and item.redeem_by != RedeemBy.CALL for item in waiting)
    return CallPart(
        number=order.service_number if binding and binding.is_live(moment) else "",
        buyer_phone=(order.buyer.phone or "") if order.buyer else "",
        lines=lines_of(by_call),
        rules=bindings.rules_of(order.merchant_id)[order.merchant_id],
        has_other_units=others,
    )


@dataclass(frozen=True, slots=True)
class Past:
    """When and how an order was redeemed last, and what its buyer said to it."""

    at: datetime | None = None
    by: str = ""
    objection: Objection | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the merchant has to decide first."""
        return self.objection is not None and self.objection.state == ObjectionState.WAITING

    @property
    def is_held(self) -> bool:
        """Whether the money is held meanwhile."""
        return self.objection is not None and self.is_waiting and self.objection.is_held

    @property
    def is_given_up(self) -> bool:
        """Whether the objection ended because there was no money to hold, and no answer."""
        one = self.objection
        if one is None or one.state != ObjectionState.DISMISSED or one.is_held or one.decided_at is None:
            return False
        return one.decided_at >= one.created_at + GIVE_UP_AFTER

    @property
    def stamp(self) -> str:
        """Changes with the objection, and when its money is held."""
        one = self.objection
        return f"-{one.public_id[-6:]}{one.state}{'' if one.is_held else '-short'}" if one else ""

    def is_undoable(self, order: Order, moment: datetime) -> bool:
        """Whether the counter may still undo the last redemption."""
        if self.at is None or order.state not in (OrderState.PAID, OrderState.REDEEMED):
            return False
        return moment < self.at + timedelta(seconds=order.merchant.undo_within_seconds)


def past_of(order: Order, items: Sequence[Item]) -> Past:
    """What became of the order; nothing is asked of the database before it was paid."""
    if order.paid_at is None:
        return Past()
    objection = Objection.objects.filter(order=order).order_by("-id").first()
    last = max((item.redeemed_at for item in items if item.redeemed_at), default=None)
    return Past(last, _by(order) if last else "", objection)


def _by(order: Order) -> str:
    """`call`, `staff` (a call that was assigned), `code`, `decision`; empty where nobody remembers."""
    told = OutboxEvent.objects.filter(subject=order.public_id, name="item.redeemed")
    payload = told.order_by("-id").values_list("payload", flat=True).first()
    return str((payload or {}).get("by", ""))


def may_object(order: Order, viewer: object) -> bool:
    """Whether whoever looks at the page is the buyer and may say "that wasn't me" now."""
    if not isinstance(viewer, Person) or viewer.pk != order.buyer_id:
        return False
    try:
        preview_objection(order)
    except Refusal:
        return False
    return True


def might_object(order: Order, past: Past, viewer: object) -> bool:
    """Whether the buyer, once signed in, might: said to whoever is not."""
    if isinstance(viewer, Person) or order.buyer_id is None or past.objection or past.at is None:
        return False
    return clock.now() < past.at + OBJECT_WITHIN
