"""What webhooks tell: the events by name, and of each the facts that are made public.

Events carry more inside (who paid, for the conversion block); only what is named here leaves the
house. `docs/webhooks.md`, the API's checks and the tests read the same table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from common.fields import moment_out
from common.models import OutboxEvent

ANY = "*"


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells: when it happens, which fact is the `id` in `data`, and the facts beside it."""

    when: str
    subject: str
    facts: tuple[str, ...]


_ORDER = ("order", "state", "amount", "currency", "channel", "printed_code")
_ITEM = ("item", "order", "amount", "currency")
_SALE = ("payment", "reference", "state", "amount", "deduction", "paid", "coupon", "currency", "source")
_REFUND = ("refund", "order", "item", "state", "amount", "currency", "rule")
_PAYMENT = ("payment", "order", "state", "amount", "currency", "source", "failure_code")

EVENTS: dict[str, Told] = {
    "order.placed": Told("An order was placed.", "order", _ORDER),
    "order.paid": Told(
        "An order was paid; its money is in escrow.",
        "order",
        (*_ORDER, "payment", "paid", "source", "consent"),
    ),
    "order.cancelled": Told("An unpaid order was taken back.", "order", _ORDER),
    "order.expired": Told(
        "The time to pay an order ended, or the time to redeem it: what was `kept` is the merchant's.",
        "order",
        (*_ORDER, "kept"),
    ),
    "order.redeemed": Told("The last unit of an order was redeemed.", "order", _ORDER),
    "item.redeemed": Told("A unit was redeemed; its money was released.", "item", (*_ITEM, "product", "by")),
    "item.unredeemed": Told(
        "A redemption was taken back; its money is in escrow again.",
        "item",
        (*_ITEM, "product", "reason", "objection"),
    ),
    "item.refunded": Told(
        "A unit's money went back to who paid, or is on its way.", "item", (*_ITEM, "cause")
    ),
    "order.refunded": Told("The last unit of an order was refunded.", "order", _ORDER),
    "redemption.objected": Told(
        "A buyer says that a redemption was not theirs; the money is held where `is_held`.",
        "objection",
        ("objection", *_ORDER, "items", "is_held"),
    ),
    "redemption.objection_decided": Told(
        "An objection was decided: `upheld` or `dismissed`.",
        "objection",
        ("objection", *_ORDER, "decision", "note"),
    ),
    "item.released": Told(
        "A unit that needs no redemption was held long enough; its money was released.", "item", _ITEM
    ),
    "payment.collected": Told(
        "A sale at the till was paid; of a coupon only its campaign's name is told.", "payment", _SALE
    ),
    "payment.reversed": Told("A sale at the till was taken back.", "payment", _SALE),
    "payment.failed": Told("A payment came to nothing.", "payment", _PAYMENT),
    "payment.returning": Told(
        "Money that could not count, or was not redeemed in time, is on its way back.",
        "payment",
        (*_PAYMENT, "cause", "returned"),
    ),
    "payment.returned": Told(
        "Money that could not count, or was not redeemed in time, has gone back.",
        "payment",
        (*_PAYMENT, "cause", "returned", "to"),
    ),
    "refund.asked": Told("A buyer asks for a unit's money back.", "refund", _REFUND),
    "refund.approved": Told("A refund was approved; its money goes back.", "refund", _REFUND),
    "refund.rejected": Told("A refund was rejected.", "refund", _REFUND),
    "refund.escalated": Told("A buyer put a rejected refund before the staff.", "refund", _REFUND),
    "refund.refunded": Told("A refund's money has arrived.", "refund", _REFUND),
    "refund.failed": Told("A refund could not be carried out.", "refund", _REFUND),
    "customer.created": Told(
        "A payer agreed to become a customer.",
        "customer",
        ("customer", "order", "payment", "source", "channel", "printed_code"),
    ),
}


def body_of(event: OutboxEvent) -> str:
    """The body of an event's webhook, as it is signed and sent: `{type, timestamp, data}`."""
    told = EVENTS[event.name]
    data: dict[str, Any] = {"id": event.payload.get(told.subject, event.subject)}
    data |= {fact: event.payload.get(fact) for fact in told.facts}
    body = {"type": event.name, "timestamp": moment_out(event.at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
