"""A buyer keeps a coupon that was offered and that nobody has taken yet (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from common import clock, locking
from common.refusals import NotFound
from coupons.models import Coupon
from coupons.sharing import withdraw_open
from merchants.models import Person


def withdraw_offer(owner: Person, coupon_id: UUID) -> Coupon:
    """End the offer of a coupon; there is none: nothing. Raises `NotFound`, also when it has been taken."""
    with locking.transaction():
        coupon = locking.lock_row(Coupon.objects.select_related("campaign"), pk=coupon_id, owner=owner)
        if coupon is None:
            raise NotFound
        withdraw_open(coupon.pk, clock.now())
        return coupon
