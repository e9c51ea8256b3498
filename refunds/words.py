"""A refund's way in words for its buyer: what happened, what happens now, what each side said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from refunds.models import Refund, RefundState

DEADLINE = "deadline"
"""Who decides where nobody has (`decide_overdue`)."""

SAID: dict[str, str | Promise] = {
    RefundState.WAITING: gettext_lazy("The shop was asked. It looks at your photos and decides."),
    RefundState.APPROVED: gettext_lazy("Approved. The money is on its way back, the way you paid."),
    RefundState.REJECTED: gettext_lazy("Rejected. No money goes back."),
    RefundState.ESCALATED: gettext_lazy("Our staff look into it. What they decide stands."),
    RefundState.REFUNDED: gettext_lazy("Refunded. The money went back the way you paid."),
    RefundState.FAILED: gettext_lazy("Approved, but the money could not be sent yet. We look into it."),
}
"""A state in one sentence: shown, and read out when it begins."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; tone and icon are the look's, `is_now` marks the one that is under way."""

    icon: str
    tone: str
    text: str
    at: datetime | None = None
    detail: str = ""
    until: datetime | None = None
    is_now: bool = False


def steps_of(refund: Refund) -> list[Step]:
    """All steps so far, the first one first."""
    asked = Step("send", "info", _("You asked for it"), refund.created_at)
    return [asked, *_first_word(refund), *_last_word(refund), *_money(refund)]


def _first_word(refund: Refund) -> Iterator[Step]:
    """What the rules or the shop said. The staff's later word replaces the time and reason of the shop's."""
    by_deadline = refund.decided_by == DEADLINE
    if refund.is_automatic:
        yield Step("bolt", "ok", _("Approved at once"), refund.decided_at)
    elif refund.state == RefundState.WAITING:
        yield Step("clock", "wait", _("The shop decides"), until=refund.decide_by, is_now=True)
    elif refund.was_escalated and refund.state != RefundState.ESCALATED:
        yield Step("circle-x", "bad", _("The shop said no"))
    elif refund.state in (RefundState.REJECTED, RefundState.ESCALATED):
        text = _("The shop did not answer in time") if by_deadline else _("The shop said no")
        yield Step("circle-x", "bad", text, refund.decided_at, refund.answer)
    else:
        text = _("Approved: the shop did not answer in time") if by_deadline else _("The shop said yes")
        yield Step("circle-check", "ok", text, refund.decided_at)


def _last_word(refund: Refund) -> Iterator[Step]:
    """What the staff said, where they were asked."""
    if not refund.was_escalated:
        return
    is_open = refund.state == RefundState.ESCALATED
    yield Step("scale", "wait" if is_open else "info", _("You put it before the staff"), is_now=is_open)
    if refund.state == RefundState.REJECTED:
        yield Step("circle-x", "bad", _("The staff said no"), refund.decided_at, refund.answer)
    elif not is_open:
        yield Step("circle-check", "ok", _("The staff said yes"), refund.decided_at, refund.answer)


def _money(refund: Refund) -> Iterator[Step]:
    if refund.state == RefundState.APPROVED:
        yield Step("hourglass-high", "wait", _("The money is on its way"), is_now=True)
    elif refund.state == RefundState.REFUNDED:
        yield Step("receipt-refund", "ok", _("The money went back"), refund.refunded_at)
    elif refund.state == RefundState.FAILED:
        yield Step("alert-triangle", "warn", _("The money could not be sent yet"), is_now=True)
