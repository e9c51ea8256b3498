"""What a payment code means for the coupon that its buyer has armed; each joins the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common import clock, locking
from common.rows import save_states
from coupons.models import Coupon, CouponState
from merchants.models import Person

_SAVED = ["state", "armed_until"]


def arming_turn(owner_id: UUID) -> str:
    """What a buyer's arming takes its turn under: two coupons have no row in common to wait at."""
    return f"arm:{owner_id.hex}"


def arming_turn_sql(owner: str) -> str:
    """The number of that turn (`locking.turn_of`) for a hand-written statement, of a column's owner."""
    name = f"convert_to('arm:' || replace({owner}::text, '-', ''), 'UTF8')"
    return f"('x' || encode(substr(sha256({name}), 1, 8), 'hex'))::bit(64)::bigint"


def keep_armed(owner: Person, until: datetime) -> None:
    """A coupon that is set stays so at least until a payment code ends; one whose time is over goes back.

    It stays so beyond its own end, too: collected then, it is refused, where a coupon that went back by
    itself would let the till charge the full price of what the buyer saw with it.
    """
    moment = clock.now()
    armed = locking.lock_rows(Coupon.objects.filter(owner=owner, state=CouponState.ARMED))
    for coupon in armed:
        assert coupon.armed_until is not None
        if coupon.armed_until <= moment or coupon.expires_at <= moment:
            coupon.put_back()
        else:
            coupon.armed_until = max(coupon.armed_until, until)
    save_states(armed, _SAVED)


def put_back_armed(owner_id: UUID) -> None:
    """What was armed goes back: the payment that it was for was refused. Joins the caller's transaction."""
    armed = locking.lock_rows(Coupon.objects.filter(owner_id=owner_id, state=CouponState.ARMED))
    for coupon in armed:
        coupon.put_back()
    save_states(armed, _SAVED)
