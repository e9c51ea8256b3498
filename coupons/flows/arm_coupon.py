"""A buyer sets a coupon for the next payment code, or puts it back (FLOWS 2: arm → lock → use)."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from common import clock, locking, outbox
from common.refusals import NotFound
from common.rows import save_states
from coupons.arming import arming_turn
from coupons.models import CampaignState, Coupon, CouponState
from coupons.refusals import CampaignPaused, CouponGone
from coupons.sharing import withdraw_open
from coupons.spending import told
from merchants.models import Person

_SAVED = ["state", "armed_until"]


def arm_coupon(owner: Person, coupon_id: UUID) -> Coupon:
    """Set it for the next payment code; another one that was set goes back. Again: the time begins anew.

    Who wants to use a coupon that they have offered to somebody keeps it: the offer is withdrawn.
    Raises `NotFound`, `CouponGone`, `CampaignPaused`.
    """
    moment = clock.now()
    with locking.transaction():
        locking.wait_in_transaction(arming_turn(owner.pk))
        rows = locking.lock_rows(
            Coupon.objects.filter(Q(pk=coupon_id) | Q(state=CouponState.ARMED), owner=owner).select_related(
                "campaign"
            )
        )
        coupon = next((row for row in rows if row.pk == coupon_id), None)
        if coupon is None:
            raise NotFound
        _refuse_unless_usable(coupon)
        withdraw_open(coupon.pk, moment)
        armed = [row for row in rows if row.state == CouponState.ARMED]
        for row in armed:
            row.put_back()
        save_states(armed, _SAVED)
        coupon.arm(moment)
        save_states([coupon], _SAVED)
        told("coupon.armed", coupon).save(force_insert=True)
        outbox.announce()
        return coupon


def _refuse_unless_usable(coupon: Coupon) -> None:
    moment = clock.now()
    if coupon.state not in (CouponState.ISSUED, CouponState.ARMED) or not coupon.is_valid(moment):
        raise CouponGone
    if coupon.campaign.has_ended(moment):
        raise CouponGone
    if coupon.campaign.state == CampaignState.PAUSED:
        raise CampaignPaused
