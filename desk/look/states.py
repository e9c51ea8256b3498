"""How each state looks: a tone, an icon and a word, so that colour never speaks alone."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise as StrPromise
from django.utils.translation import gettext_lazy as _


class StateLook(NamedTuple):
    """Tone is one of `ok`, `wait`, `warn`, `bad`, `info`, `mute`; the icon is one of the sprite's."""

    tone: str
    icon: str
    label: StrPromise | str


LOOKS: dict[str, dict[str, StateLook]] = {
    "order": {
        "placed": StateLook("wait", "clock", _("To pay")),
        "paid": StateLook("ok", "circle-check", _("Paid")),
        "redeemed": StateLook("ok", "checks", _("Redeemed")),
        "cancelled": StateLook("mute", "ban", _("Cancelled")),
        "expired": StateLook("mute", "hourglass-empty", _("Expired")),
        "refunded": StateLook("info", "receipt-refund", _("Refunded")),
    },
    "item": {
        "issued": StateLook("ok", "ticket", _("Ready to use")),
        "redeemed": StateLook("mute", "checks", _("Redeemed")),
        "refunded": StateLook("info", "receipt-refund", _("Refunded")),
    },
    "payment": {
        "pending": StateLook("wait", "hourglass-high", _("In progress")),
        "succeeded": StateLook("ok", "circle-check", _("Succeeded")),
        "failed": StateLook("bad", "circle-x", _("Failed")),
        "unknown": StateLook("warn", "question-mark", _("Being checked")),
        "reversed": StateLook("info", "arrow-back-up", _("Reversed")),
        "refunded": StateLook("info", "receipt-refund", _("Refunded")),
    },
    "return": {
        "waiting": StateLook("wait", "clock", _("Waiting")),
        "sending": StateLook("wait", "hourglass-high", _("On its way")),
        "succeeded": StateLook("ok", "circle-check", _("Returned")),
        "failed": StateLook("bad", "circle-x", _("Failed")),
        "unknown": StateLook("warn", "question-mark", _("Being checked")),
    },
    "refund": {
        "waiting_for_merchant": StateLook("wait", "clock", _("With the shop")),
        "approved": StateLook("ok", "circle-check", _("Approved")),
        "rejected": StateLook("bad", "circle-x", _("Rejected")),
        "escalated": StateLook("wait", "scale", _("With the staff")),
        "refunded": StateLook("info", "receipt-refund", _("Refunded")),
        "failed": StateLook("warn", "alert-triangle", _("Held up")),
    },
    "coupon": {
        "issued": StateLook("ok", "ticket", _("Ready to use")),
        "armed": StateLook("info", "checks", _("Set for the next payment")),
        "locked": StateLook("wait", "hourglass-high", _("Being used")),
        "used": StateLook("mute", "check", _("Used")),
        "expired": StateLook("mute", "hourglass-empty", _("Expired")),
        "revoked": StateLook("mute", "ban", _("Taken back")),
    },
    "segment": {
        "gathering": StateLook("wait", "hourglass-high", _("Looking for customers")),
        "giving": StateLook("wait", "hourglass-high", _("Giving")),
        "done": StateLook("ok", "circle-check", _("Done")),
        "stopped": StateLook("mute", "ban", _("Stopped")),
    },
    "campaign": {
        "active": StateLook("ok", "circle-check", _("Running")),
        "soon": StateLook("wait", "clock", _("Not begun")),
        "paused": StateLook("wait", "clock-pause", _("Paused")),
        "gone": StateLook("info", "ticket-off", _("All given out")),
        "ended": StateLook("mute", "hourglass-empty", _("Ended")),
        "closed": StateLook("mute", "ban", _("Closed")),
    },
    "number": {
        "free": StateLook("ok", "circle-check", _("Free")),
        "bound": StateLook("info", "phone-call", _("In use")),
        "cooling": StateLook("wait", "hourglass-high", _("Resting")),
        "retired": StateLook("mute", "archive", _("Retired")),
    },
    "call": {
        "waiting": StateLook("wait", "hourglass-high", _("To be looked at")),
        "redeemed": StateLook("ok", "phone-check", _("Redeemed")),
        "unmatched": StateLook("warn", "question-mark", _("Unmatched")),
        "ignored": StateLook("mute", "circle-minus", _("Ignored")),
    },
    "feed": {
        "ok": StateLook("ok", "circle-check", _("Working")),
        "new": StateLook("wait", "clock", _("Not heard from yet")),
        "failing": StateLook("bad", "alert-triangle", _("Failing")),
        "ended": StateLook("mute", "plug", _("Ended")),
    },
    "objection": {
        "waiting": StateLook("warn", "clock", _("Waits for you")),
        "upheld": StateLook("info", "arrow-back-up", _("The buyer was right")),
        "dismissed": StateLook("ok", "check", _("The redemption stands")),
    },
    "step": {
        "waiting": StateLook("wait", "clock", _("Waiting")),
        "done": StateLook("ok", "check", _("Done")),
        "skipped": StateLook("mute", "circle-minus", _("Skipped")),
        "failed": StateLook("bad", "circle-x", _("Failed")),
    },
    "delivery": {
        "waiting": StateLook("wait", "clock", _("Waiting")),
        "delivered": StateLook("ok", "check", _("Delivered")),
        "given_up": StateLook("bad", "circle-x", _("Given up")),
    },
}


def look_of(kind: str, state: str) -> StateLook:
    """The look of a state; a state nobody has drawn yet is shown quietly in its own word."""
    known = LOOKS.get(kind, {}).get(state)
    return known or StateLook("mute", "circle-dashed", state.replace("_", " ").capitalize())
