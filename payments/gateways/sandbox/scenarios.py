"""What the sandbox provider can be asked to do. The words are part of the API's documentation."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a charge runs at the provider, seen from its books."""

    label: str | Promise
    outcome: str = "succeeded"
    answers_at_once: bool = True
    asks_payer: bool = False
    answer_lost: bool = False
    callbacks: int = 0
    callback_after_seconds: float = 0.5
    amount_off_by_minor: int = 0
    refund_answer_lost: bool = False
    refund_outcome: str = "succeeded"


SCENARIOS: dict[str, Scenario] = {
    "": Scenario(_("Settles before the answer")),
    "declined": Scenario(_("Declined at once"), outcome="failed"),
    "redirect": Scenario(
        _("Sends the payer to its own page, then calls back"),
        answers_at_once=False,
        asks_payer=True,
        callbacks=1,
    ),
    "callback": Scenario(
        _("Takes it, says so by callback a moment later"), answers_at_once=False, callbacks=1
    ),
    "callback_declined": Scenario(
        _("Declines, says so by callback"), outcome="failed", answers_at_once=False, callbacks=1
    ),
    "duplicate_callback": Scenario(
        _("Says the same three times by callback"), answers_at_once=False, callbacks=3
    ),
    "late_callback": Scenario(
        _("Says so by callback a minute later"),
        answers_at_once=False,
        callbacks=1,
        callback_after_seconds=60,
    ),
    "wrong_amount": Scenario(
        _("Takes one minor unit less than it was asked for"),
        answers_at_once=False,
        callbacks=1,
        amount_off_by_minor=-1,
    ),
    "timeout": Scenario(_("Takes it, but its answer is lost: asking tells"), answer_lost=True),
    "timeout_declined": Scenario(
        _("Declines, but its answer is lost: asking tells"), outcome="failed", answer_lost=True
    ),
    "refund_timeout": Scenario(_("Settles at once; the answer to a refund is lost"), refund_answer_lost=True),
    "refund_declined": Scenario(_("Settles at once; refuses refunds"), refund_outcome="failed"),
}
