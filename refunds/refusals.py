"""Every "no" that refunds can say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal


class AlreadyAsked(Refusal):
    """A unit's refund is asked for once, whatever came of it."""

    code = "already_requested"
    title = _("A refund of this item was asked for before.")


class NotYours(Refusal):
    """No item with that code that this buyer bought."""

    code = "unknown_code"
    status = 404
    title = _("None of your items has that code.")


class NotRefundable(Refusal):
    """The merchant's rules give no refund of it at all."""

    code = "not_refundable"
    title = _("The shop does not refund this item.")


class WindowOver(Refusal):
    """Too long after delivery."""

    code = "refund_window_over"
    title = _("The time to ask for a refund of this item is over.")


class AlreadyDecided(Refusal):
    """Somebody, or the deadline, was quicker."""

    code = "already_decided"
    title = _("This refund has been decided already.")


class EscalatedOnce(Refusal):
    """The staff have had it before them."""

    code = "already_escalated"
    title = _("The staff have decided about this refund already.")
