"""Taking a coupon that its owner offered: of all who have the address, the first gets it (FLOWS 2)."""

from __future__ import annotations

from datetime import datetime

from common import clock, locking, outbox
from common.refusals import NotFound
from common.rows import save_states
from coupons.issuing import holding
from coupons.models import Campaign, Coupon, CouponState, Holding, How, ShareOffer
from coupons.refusals import CampaignEnded, CouponGone, LinkEnded, OwnOffer
from coupons.spending import told
from merchants.models import Person


def take_coupon(token: str, taker: Person) -> Coupon:
    """It becomes the taker's, under the campaign's limit for one buyer. Taken by them already: the same.

    Raises `NotFound`, `OwnOffer`, `LinkEnded`, `CouponGone`, `CampaignEnded`, `BuyerLimitReached`.
    """
    found = ShareOffer.objects.filter(token=token).first()
    if found is None:
        raise NotFound
    moment = clock.now()
    with locking.transaction():
        coupon = locking.lock_row(Coupon.objects.all(), pk=found.coupon_id)
        offer = ShareOffer.objects.get(pk=found.pk)  # the coupon's lock guards it
        assert coupon is not None
        if offer.taken_at is not None and coupon.owner_id == taker.pk:
            return coupon
        _refuse_unless_open(offer, coupon, taker, moment)
        campaign = locking.lock_row(Campaign.objects.all(), pk=coupon.campaign_id)
        assert campaign is not None
        if campaign.has_ended(moment):
            raise CampaignEnded
        _hand_over(coupon, campaign, offer, taker, moment)
        told("coupon.shared", coupon).save(force_insert=True)
        outbox.announce()
        return coupon


def _refuse_unless_open(offer: ShareOffer, coupon: Coupon, taker: Person, moment: datetime) -> None:
    if offer.giver_id == taker.pk and coupon.owner_id == taker.pk:
        raise OwnOffer
    if not offer.is_open(moment) or coupon.owner_id != offer.giver_id:
        raise LinkEnded
    if coupon.state != CouponState.ISSUED or not coupon.is_valid(moment):
        raise CouponGone


def _hand_over(
    coupon: Coupon, campaign: Campaign, offer: ShareOffer, taker: Person, moment: datetime
) -> None:
    # A coupon that comes back to somebody who had it is not counted against them again.
    if not Holding.objects.filter(coupon=coupon, person=taker).exists():
        holding(campaign, taker.pk, coupon, How.SHARED, moment).save(force_insert=True)
    coupon.owner = taker
    save_states([coupon], ["owner"])
    offer.taken_at = moment
    offer.save(update_fields=["taken_at"])
