"""A buyer sets the PIN that payment codes ask for above an amount or after some uses a day (FLOWS 2)."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from common import audit, clock, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Person
from payments.live_codes import end_live_codes
from payments.models import BuyerPin
from payments.pins import check_pin, pin_of, refuse_plain


def set_pin(person: Person, pin: str, old_pin: str | None = None) -> BuyerPin:
    """Set or change it; a code that is being shown ends, since it knows nothing of the PIN.

    Raises `InvalidInput` where it is not six digits, too plain, or the old one is missing, `PinWrong`,
    `PinLocked`.
    """
    refuse_plain(pin)
    known = pin_of(person) if old_pin is None else check_pin(person, old_pin)
    if known is not None and old_pin is None:
        raise _old_pin_required()
    hashed = make_password(pin)
    with locking.transaction():
        end_live_codes(person)
        _refuse_unless_still(known, pin_of(person))
        row, _made = BuyerPin.objects.update_or_create(
            person=person,
            defaults={
                "pin_hash": hashed,
                "changed_at": clock.now(),
                "wrong_count": 0,
                "locked_until": None,
            },
        )
        audit.record("pin.set", f"person:{person.pk.hex}")
        return row


def _refuse_unless_still(known: BuyerPin | None, now: BuyerPin | None) -> None:
    """What was said must be the PIN that is replaced, not one that was changed meanwhile."""
    if (known.pin_hash if known else None) != (now.pin_hash if now else None):
        raise _old_pin_required()


def _old_pin_required() -> InvalidInput:
    return InvalidInput(FieldProblem("old_pin", "required", _("Say the PIN you have.")))
