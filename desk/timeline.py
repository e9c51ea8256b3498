"""The history of an order in words: what happened, when, by whom (from its outbox events)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from common.models import OutboxEvent
from common.money import format_minor
from desk.look.plots import babel_locale
from merchants.who import names_of
from orders.models import ObjectionState, Order
from payments.models import Payment
from payments.words import reason_text

MAX_EVENTS = 300


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a history; tone and icon are the look's."""

    at: datetime
    who: str
    icon: str
    tone: str
    text: str
    detail: str = ""


def history_of(order: Order, payments: Sequence[Payment]) -> list[Happening]:
    """What happened to an order and its payments, newest first; at most four queries."""
    subjects = [order.public_id, *(payment.public_id for payment in payments)]
    events = list(OutboxEvent.objects.filter(subject__in=subjects).order_by("-id")[:MAX_EVENTS])
    names = names_of(order.merchant, {event.actor for event in events})
    return _told(events, names)


def _told(events: Iterable[OutboxEvent], names: dict[str, str]) -> list[Happening]:
    return [
        Happening(event.at, names[event.actor], *_look(event.name), _text(event), _detail(event))
        for event in events
    ]


def _look(name: str) -> tuple[str, str]:
    looks = {
        "order.placed": ("shopping-cart", "info"),
        "order.scanned": ("scan", "mute"),
        "order.confirmed": ("user-check", "mute"),
        "order.paid": ("circle-check", "ok"),
        "order.cancelled": ("ban", "mute"),
        "order.expired": ("hourglass-empty", "mute"),
        "order.redeemed": ("checks", "ok"),
        "item.redeemed": ("check", "ok"),
        "item.unredeemed": ("arrow-back-up", "warn"),
        "item.refunded": ("receipt-refund", "info"),
        "item.released": ("lock-open", "ok"),
        "redemption.objected": ("hand-stop", "warn"),
        "redemption.objection_decided": ("scale", "info"),
        "order.refunded": ("receipt-refund", "info"),
        "payment.failed": ("circle-x", "bad"),
        "payment.returning": ("arrow-back-up", "warn"),
        "payment.returned": ("receipt-refund", "info"),
    }
    return looks.get(name, ("point", "mute"))


def _text(event: OutboxEvent) -> str:
    if event.name == "order.expired" and "kept" in event.payload:
        return _("The time to redeem ended: the shop keeps the money")
    texts = {
        "order.placed": _("Placed"),
        "order.scanned": _("The live code was opened"),
        "order.confirmed": _("Somebody set out to pay"),
        "order.paid": _("Paid"),
        "order.cancelled": _("Cancelled"),
        "order.expired": _("The time to pay ended"),
        "order.redeemed": _("All of it is redeemed"),
        "item.redeemed": _("A unit was redeemed"),
        "item.unredeemed": _("A unit's redemption was undone"),
        "item.refunded": _("A unit's money went back to the buyer"),
        "redemption.objected": _("The buyer said “That wasn't me”"),
        "redemption.objection_decided": _("The shop decided about the objection"),
        "order.refunded": _("All of it went back to the buyer"),
        "item.released": _("Held long enough: a unit's money was released"),
        "payment.failed": _("A payment came to nothing"),
        "payment.returning": _("Money that could not count is on its way back"),
        "payment.returned": _("Money that could not count went back"),
    }
    return texts.get(event.name, event.name)


def _detail(event: OutboxEvent) -> str:
    told = event.payload
    amount = told.get("returned") or told.get("paid") or told.get("amount")
    parts = []
    if isinstance(amount, int) and told.get("currency"):
        parts.append(format_minor(amount, str(told["currency"]), babel_locale()))
    reason = told.get("cause") or told.get("failure_code")
    if reason:
        parts.append(reason_text(str(reason)))
    if event.name in _REDEEMED:
        parts.append(_how(str(told.get("by", ""))))
    if event.name == "redemption.objection_decided":
        parts.append(str(ObjectionState(told["decision"]).label))
    if event.name in ("item.unredeemed", "redemption.objection_decided"):
        parts.append(str(told.get("reason") or told.get("note") or ""))
    return " · ".join(filter(None, parts))


_REDEEMED = frozenset({"item.redeemed", "order.redeemed"})


def _how(by: str) -> str:
    ways = {
        "call": _("by a call"),
        "staff": _("by a call that was assigned"),
        "code": _("by code"),
        "decision": _("by decision"),
    }
    return ways.get(by, "")
