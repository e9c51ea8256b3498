"""A buyer takes a coupon back from the next payment (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import locking
from common.refusals import NotFound
from common.rows import save_states
from coupons.models import Coupon, CouponState
from merchants.models import Person

_SAVED = ["state", "armed_until"]


def put_back_coupon(owner: Person, coupon_id: UUID) -> Coupon:
    """Take it back from the next payment; one that is not set stays as it is. Raises `NotFound`."""
    with locking.transaction():
        coupon = locking.lock_row(Coupon.objects.select_related("campaign"), pk=coupon_id, owner=owner)
        if coupon is None:
            raise NotFound
        if coupon.state == CouponState.ARMED:
            coupon.put_back()
            save_states([coupon], _SAVED)
        return coupon
