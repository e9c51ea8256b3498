"""Coupons that were set for a payment which never came go back; those whose time has ended, end (FLOWS 2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from common import clock, drains, locking, outbox
from common.rows import insert_together, save_states
from coupons.models import Coupon, CouponState
from coupons.spending import told

DRAIN = "end_coupons"
CHUNK = 500
SLACK = timedelta(seconds=30)
"""A sale that began while the coupon was set may still be looking for it: it must not find it gone."""


@drains.register(DRAIN, every_seconds=20)
def end_coupons() -> int:
    """Put back and end one chunk of coupons whose time has passed; how many."""
    moment = clock.now()
    chosen = [*_due(_set_too_long(moment), "armed_until"), *_due(_over(moment), "expires_at")]
    return drains.chunk(_end, chosen) if chosen else 0


def _set_too_long(moment: datetime) -> Q:
    return Q(state=CouponState.ARMED, armed_until__lte=moment - SLACK)


def _over(moment: datetime) -> Q:
    return Q(state=CouponState.ISSUED, expires_at__lte=moment)


def _due(wanted: Q, field: str) -> list[UUID]:
    return list(Coupon.objects.filter(wanted).order_by(field).values_list("pk", flat=True)[:CHUNK])


def _end(chosen: Collection[UUID]) -> int:
    moment = clock.now()
    due = Coupon.objects.filter(_set_too_long(moment) | _over(moment), pk__in=chosen)
    with locking.transaction():
        coupons = locking.lock_rows(due, skip_locked=True)
        over = [coupon for coupon in coupons if coupon.state == CouponState.ISSUED]
        for coupon in coupons:
            # One step at a time: what is put back after its end comes again with the next chunk.
            coupon.put_back() if coupon.state == CouponState.ARMED else coupon.expire()
        save_states(coupons, ["state", "armed_until"])
        insert_together([told("coupon.expired", coupon) for coupon in over])
        if over:
            outbox.announce()
        return len(coupons)
