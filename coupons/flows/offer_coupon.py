"""A buyer offers a coupon to whoever is given the address (FLOWS 2: shared by one customer with another)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from common import clock, ids, locking, outbox
from common.refusals import InvalidState, NotFound
from common.rows import insert_together
from coupons.models import Coupon, CouponState, ShareOffer
from coupons.refusals import CouponArmed, CouponGone
from coupons.sharing import OFFERED_FOR, open_offer, withdraw_open
from coupons.spending import told
from merchants.models import Person


def offer_coupon(owner: Person, coupon_id: UUID) -> ShareOffer:
    """Offer it; the coupon stays the owner's until somebody takes it. Offered already: the same offer.

    Raises `NotFound`, `CouponArmed`, `InvalidState` (a payment counts on it), `CouponGone`.
    """
    moment = clock.now()
    with locking.transaction():
        coupon = locking.lock_row(Coupon.objects.select_related("campaign"), pk=coupon_id, owner=owner)
        if coupon is None:
            raise NotFound
        _refuse_unless_free(coupon, moment)
        present = open_offer(coupon.pk)
        if present is not None and present.is_open(moment):
            return present
        withdraw_open(coupon.pk, moment)
        offer = ShareOffer(
            id=ids.new_id(),
            coupon=coupon,
            giver=owner,
            created_at=moment,
            expires_at=min(moment + OFFERED_FOR, coupon.expires_at),
        )
        insert_together([offer], [told("coupon.offered", coupon)])
        outbox.announce()
        return offer


def _refuse_unless_free(coupon: Coupon, moment: datetime) -> None:
    if coupon.state == CouponState.ARMED:
        raise CouponArmed
    if coupon.state == CouponState.LOCKED:
        raise InvalidState
    if coupon.state != CouponState.ISSUED or not coupon.is_valid(moment):
        raise CouponGone
    if coupon.campaign.has_ended(moment):
        raise CouponGone
