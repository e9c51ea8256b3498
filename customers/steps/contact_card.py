"""Step: show the merchant's contact card on the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.steps.base import Job, StepKind, register


@register
class ContactCardStep(StepKind):
    """No settings: the card is the merchant's own, as it is when the receipt is looked at.

    The receipt asks `queries.contact_card_for`; nothing has to be written for it.
    """

    name = "contact_card"
    label = _("Contact card")
    help = _("Shows whom to turn to on the buyer's receipt.")
    also_returning = True

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def apply(self, job: Job) -> dict[str, Any]:
        return {"shown": bool(job.merchant.contact_name or job.merchant.contact_phone)}
