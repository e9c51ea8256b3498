"""The buyer's PIN: when it is asked for, and whether what was said is it (FLOWS 2)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password
from django.utils import timezone
from django.utils.translation import gettext as _

from common import clock, locking
from common.ids import first_id_at
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Person
from payments.models import BuyerPin, Payment, PaymentCode, PaymentKind
from payments.refusals import PinLocked, PinWrong

TRIES = 5
RESTS_FOR = timedelta(minutes=15)
_PIN = re.compile(r"[0-9]{6}", re.ASCII)


def refuse_plain(pin: str) -> None:
    """Raises `InvalidInput` for what is not six digits, or is too plain to be a PIN."""
    if not _PIN.fullmatch(pin):
        raise InvalidInput(FieldProblem("pin", "invalid", _("A PIN is six digits.")))
    if len(set(pin)) == 1:
        raise InvalidInput(FieldProblem("pin", "too_plain", _("Six times the same digit is no PIN.")))


def pin_of(person: Person) -> BuyerPin | None:
    """The buyer's PIN, None before one is set."""
    return BuyerPin.objects.filter(person=person).first()


def check_pin(person: Person, said: str) -> BuyerPin | None:
    """The PIN where it was said, None where there is none. Each try counts, also of many at once.

    Raises `PinWrong`, and `PinLocked` for a while after five wrong ones in a row.
    """
    moment = clock.now()
    with locking.transaction():
        pin = locking.lock_row(BuyerPin.objects.all(), pk=person.pk)
        if pin is None:
            return None
        refusal = _judge(pin, said, moment)
        pin.save(update_fields=["wrong_count", "locked_until"])
    if refusal:
        raise refusal
    return pin


def _judge(pin: BuyerPin, said: str, moment: datetime) -> PinWrong | PinLocked | None:
    if pin.locked_until is not None and moment < pin.locked_until:
        seconds = int((pin.locked_until - moment).total_seconds()) + 1
        return PinLocked(headers={"Retry-After": str(seconds)})
    pin.locked_until = None
    if check_password(said, pin.pin_hash):
        pin.wrong_count = 0
        return None
    pin.wrong_count += 1
    if pin.wrong_count >= TRIES:
        pin.wrong_count, pin.locked_until = 0, moment + RESTS_FOR
    return PinWrong()


def needs_pin(code: PaymentCode, amount_minor: int, moment: datetime) -> bool:
    """Whether a code that was made without the PIN may not pay this."""
    if code.pin_above_minor is None or code.pin_after_uses is None:
        return False
    if amount_minor > code.pin_above_minor:
        return True
    midnight = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    till = Payment.objects.filter(payer_id=code.buyer_id, kind=PaymentKind.TILL)
    today = till.filter(pk__gte=first_id_at(midnight))
    return today[: code.pin_after_uses].count() >= code.pin_after_uses
