"""A buyer's code of one use to pay at the till; a new one ends the old (FLOWS 2)."""

from __future__ import annotations

from typing import NamedTuple

from common import clock, ids, locking
from common.collisions import once_more_if_taken
from coupons.arming import keep_armed
from merchants.models import Person
from payments.live_codes import end_live_codes
from payments.models import BuyerPin, PaymentCode
from payments.payment_codes import GRACE, LIVES_FOR, digest_of, new_code
from payments.pins import check_pin, pin_of


class Shown(NamedTuple):
    """A code as its buyer gets to see it; the digits are not kept."""

    row: PaymentCode
    digits: str


def make_payment_code(buyer: Person, pin: str | None = None) -> Shown:
    """Make a code. With the PIN said it pays any amount. Raises `PinWrong`, `PinLocked`."""
    said = None if pin is None else check_pin(buyer, pin)
    return once_more_if_taken(PaymentCode, lambda: _make(buyer, said))


def _make(buyer: Person, said: BuyerPin | None) -> Shown:
    moment, digits = clock.now(), new_code()
    with locking.transaction():
        end_live_codes(buyer)
        asked = pin_of(buyer)
        if asked is not None and said is not None and said.pin_hash == asked.pin_hash:
            asked = None
        row = PaymentCode(
            id=ids.new_id(),
            buyer=buyer,
            digest=digest_of(digits),
            pin_above_minor=asked.ask_above_minor if asked else None,
            pin_after_uses=asked.ask_after_uses if asked else None,
            created_at=moment,
            expires_at=moment + LIVES_FOR,
        )
        row.save(force_insert=True)
        keep_armed(buyer, row.expires_at + GRACE)
        return Shown(row, digits)
