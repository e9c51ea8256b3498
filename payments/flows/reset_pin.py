"""A buyer who forgot the PIN sets a new one, having just proved once more who they are (FLOWS 2)."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password

from common import audit, clock, locking
from common.refusals import InvalidState
from merchants.models import Person
from merchants.proof import is_fresh
from payments.live_codes import end_live_codes
from payments.models import BuyerPin
from payments.pins import refuse_plain
from payments.refusals import ProofNeeded


def reset_pin(person: Person, pin: str, proved_at: datetime | None) -> None:
    """Set it anew without the old one; wrong tries are forgotten, a code that is being shown ends.

    `proved_at` is when the person proved in this session who they are. Raises `ProofNeeded` where that was
    never or not lately, `InvalidInput` where it is no PIN, `InvalidState` where none was set.
    """
    if not is_fresh(proved_at):
        raise ProofNeeded
    refuse_plain(pin)
    hashed = make_password(pin)
    with locking.transaction():
        end_live_codes(person)
        mine = locking.lock_row(BuyerPin.objects.all(), pk=person.pk)
        if mine is None:
            raise InvalidState
        mine.pin_hash, mine.changed_at = hashed, clock.now()
        mine.wrong_count, mine.locked_until = 0, None
        mine.save(update_fields=["pin_hash", "changed_at", "wrong_count", "locked_until"])
        audit.record("pin.reset", f"person:{person.pk.hex}")
