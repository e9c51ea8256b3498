"""Changing what a merchant may decide about itself; the platform's fee and the currency are not its own."""

from __future__ import annotations

from collections.abc import Mapping

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.rows import save_states
from merchants.models import Merchant

DAY_SECONDS = 24 * 3600
BOUNDS = {
    "pay_within_seconds": (60, 30 * DAY_SECONDS),
    "redeem_within_days": (1, 3650),
    "holding_seconds": (0, 365 * DAY_SECONDS),
    "undo_within_seconds": (0, 7 * DAY_SECONDS),
}
"""Least and most of each number."""
FIELDS = ("name", "region", *BOUNDS, "unredeemed", "contact_name", "contact_phone", "contact_note")


def update_settings(merchant: Merchant, changes: Mapping[str, object]) -> Merchant:
    """Write the given fields (of `FIELDS`); orders placed before keep their times.

    Raises `NotFound`, and `InvalidInput` naming each field that does not fit.
    """
    with locking.transaction():
        fresh = locking.lock_row(Merchant.objects.all(), pk=merchant.pk)
        if fresh is None:
            raise NotFound
        before = {name: getattr(fresh, name, None) for name in changes}
        problems = [problem for name, value in changes.items() for problem in _set(fresh, name, value)]
        if problems:
            raise InvalidInput(*problems)
        changed = [name for name in changes if getattr(fresh, name) != before[name]]
        if changed:
            save_states([fresh], changed)
            told = {name: [before[name], getattr(fresh, name)] for name in changed}
            audit.record("merchant.settings", f"merchant:{fresh.pk.hex}", merchant_id=fresh.pk, changed=told)
    return fresh


def _set(merchant: Merchant, name: str, value: object) -> list[FieldProblem]:
    """Set a field to its cleaned value, or say what is wrong with it."""
    if name not in FIELDS:
        return [FieldProblem(name, "unknown", _("No such setting."))]
    if isinstance(value, str):
        value = value.strip()
    try:
        cleaned = merchant._meta.get_field(name).clean(value, merchant)  # type: ignore[union-attr]
    except ValidationError as error:
        return [FieldProblem(name, "invalid", " ".join(error.messages))]
    wrong = _wrong(name, cleaned)
    if wrong:
        return [FieldProblem(name, "invalid", wrong)]
    setattr(merchant, name, cleaned)
    return []


def _wrong(name: str, value: object) -> str:
    if isinstance(value, str) and not value.isprintable():
        return _("No control characters.")
    if name == "region" and value not in phonenumbers.SUPPORTED_REGIONS:
        return _("Not a region with phone numbers, such as CN.")
    if name in BOUNDS and isinstance(value, int):
        least, most = BOUNDS[name]
        if not least <= value <= most:
            return _("From %(least)d to %(most)d.") % {"least": least, "most": most}
    return ""
