"""A buyer says from which amount, and after how many payments a day, the PIN is asked for (FLOWS 2)."""

from __future__ import annotations

from common import audit, locking
from common.refusals import InvalidState
from merchants.models import Person
from payments.live_codes import end_live_codes
from payments.models import BuyerPin
from payments.pins import check_pin
from payments.refusals import PinWrong


def change_pin_limits(person: Person, pin: str, above_minor: int, after_uses: int) -> None:
    """Change both; a code that is being shown ends, since it was made under the old ones.

    Raises `InvalidState` where there is no PIN, `PinWrong`, `PinLocked`.
    """
    said = check_pin(person, pin)
    if said is None:
        raise InvalidState
    with locking.transaction():
        end_live_codes(person)
        still_mine = BuyerPin.objects.filter(person=person, pin_hash=said.pin_hash)
        if not still_mine.update(ask_above_minor=above_minor, ask_after_uses=after_uses):
            raise PinWrong
        audit.record("pin.limits_changed", f"person:{person.pk.hex}")
