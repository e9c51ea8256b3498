"""Reads of campaigns and coupons, always scoped to a merchant or to their owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from coupons.models import Campaign, Coupon, CouponState, ShareOffer
from merchants.models import Merchant, Person


def campaigns_of(merchant: Merchant) -> QuerySet[Campaign]:
    """The merchant's campaigns."""
    return Campaign.objects.filter(merchant=merchant)


def campaign_of(merchant: Merchant, campaign_id: UUID | None) -> Campaign | None:
    """One of them; None for anybody else's."""
    return campaigns_of(merchant).filter(pk=campaign_id).first() if campaign_id else None


def coupons_of(merchant: Merchant, campaign: Campaign | None = None) -> QuerySet[Coupon]:
    """What the merchant has issued, perhaps of one campaign."""
    rows = Coupon.objects.select_related("campaign", "owner")
    return rows.filter(campaign=campaign) if campaign else rows.filter(merchant=merchant)


def coupons_owned_by(person: Person) -> QuerySet[Coupon]:
    """What a buyer has."""
    return Coupon.objects.filter(owner=person).select_related("campaign__merchant")


def armed_coupon_of(person: Person, moment: datetime) -> Coupon | None:
    """What is set for the buyer's next payment code, also when it would be refused by now."""
    return coupons_owned_by(person).filter(state=CouponState.ARMED, armed_until__gt=moment).first()


def usable_coupons_of(person: Person, moment: datetime) -> QuerySet[Coupon]:
    """What a buyer can still set for a payment, or has set; also before a campaign's start."""
    mine = coupons_owned_by(person).filter(state__in=(CouponState.ISSUED, CouponState.ARMED))
    return mine.filter(expires_at__gt=moment, campaign__ends_at__gt=moment).exclude(campaign__state="closed")


def used_coupons_of(person: Person) -> QuerySet[Coupon]:
    """What was taken off a payment of the buyer's, or is about to be."""
    return coupons_owned_by(person).filter(state__in=(CouponState.LOCKED, CouponState.USED))


def ended_coupons_of(person: Person, moment: datetime) -> QuerySet[Coupon]:
    """What a buyer can't use any more: time ended, taken back, campaign closed."""
    gone = Q(expires_at__lte=moment) | Q(campaign__ends_at__lte=moment) | Q(campaign__state="closed")
    unused = Q(state__in=(CouponState.ISSUED, CouponState.ARMED)) & gone
    return coupons_owned_by(person).filter(unused | Q(state__in=(CouponState.EXPIRED, CouponState.REVOKED)))


def offered_among(coupons: Iterable[Coupon], moment: datetime) -> set[UUID]:
    """Which of these coupons their owner has offered to somebody who can still take them."""
    offers = ShareOffer.objects.filter(coupon__in=list(coupons), taken_at=None, withdrawn_at=None)
    return set(offers.filter(expires_at__gt=moment).values_list("coupon_id", flat=True))
