"""A coupon as part of a payment: verified and locked, used, released, given back (FLOWS 2).

Each of these joins the caller's transaction; the caller holds the payment, or is about to insert it.
What a campaign may spend is counted here, in the same transaction, and the CHECKs have the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from common import locking, outbox
from common.locking import Rank
from common.models import OutboxEvent
from common.rows import prepared_cursor, save_states
from coupons.models import Campaign, CampaignDay, CampaignState, Coupon, CouponState
from coupons.pricing import Bill, NoDeduction, deduction
from coupons.refusals import CouponRefused

HELD = ("state", "armed_until", "payment_id", "deduction_minor", "spent_on", "used_at")
"""What the verbs of a payment change of its coupon."""

_COUPON = (
    "SELECT {0}, {1} FROM coupons_coupon t0 JOIN coupons_campaign t1 ON t1.id = t0.campaign_id"
    " WHERE t0.id = %s AND t0.owner_id = %s"
)
_SPEND = (
    "UPDATE coupons_campaign SET spent_minor = spent_minor + %s"
    " WHERE id = %s AND spent_minor <= budget_minor - %s AND state IN ('active')"
)
_SPEND_DAY = (
    "INSERT INTO coupons_campaignday AS d (campaign_id, day, limit_minor, spent_minor)"
    " VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (campaign_id, day) DO UPDATE SET spent_minor = d.spent_minor + excluded.spent_minor"
    " WHERE d.spent_minor + excluded.spent_minor <= d.limit_minor"
)


class NotArmed(Exception):
    """The buyer has put the coupon back, or armed another one, since it was looked up: look again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which coupon of whom: named by its owner, or as armed for a payment code."""

    coupon_id: UUID
    owner_id: UUID
    is_armed: bool = False


@dataclass(frozen=True, slots=True)
class Spending:
    """A locked coupon and what it takes off, in minor units."""

    coupon: Coupon
    campaign: Campaign

    @property
    def deduction_minor(self) -> int:
        """What the buyer pays less."""
        return self.coupon.deduction_minor

    @property
    def platform_minor(self) -> int:
        """What the campaign's fund adds for the merchant: all of it or nothing."""
        return self.deduction_minor if self.campaign.is_platform_funded else 0


def lock_coupon(
    wanted: Wanted, merchant_id: UUID, bill: Bill, payment_id: UUID, moment: datetime
) -> Spending:
    """Verify a coupon for a bill and lock it for a payment.

    Raises `CouponRefused`, and `NotArmed` where it should be armed and is not any more; nothing changed.
    """
    coupon = _lock(wanted)
    campaign = coupon.campaign
    reason = why_not(coupon, campaign, merchant_id, moment)
    if reason:
        raise CouponRefused(reason)
    try:
        taken = deduction(campaign.terms, bill)
    except NoDeduction as no:
        raise CouponRefused(no.reason) from no
    day = _spend(campaign, taken, moment) if campaign.is_limited else None
    coupon.lock(payment_id, taken, day)
    save_states([coupon], HELD)
    return Spending(coupon, campaign)


def _lock(wanted: Wanted) -> Coupon:
    coupon = _lock_owned(wanted)
    if wanted.is_armed and (coupon is None or coupon.state != CouponState.ARMED):
        raise NotArmed
    if coupon is None:
        raise CouponRefused("unknown")
    return coupon


def _lock_owned(wanted: Wanted) -> Coupon | None:
    for coupon, campaign in locking.lock_read(_COUPON, [wanted.coupon_id, wanted.owner_id], Coupon, Campaign):
        assert isinstance(coupon, Coupon)
        assert isinstance(campaign, Campaign)
        coupon.campaign = campaign
        return coupon
    return None


def why_not(coupon: Coupon, campaign: Campaign, merchant_id: UUID, moment: datetime) -> str:
    """Why a coupon can't be used at this merchant now, as a word of `REASONS`; empty where it can."""
    if coupon.merchant_id != merchant_id:
        return "other_merchant"
    if coupon.state == CouponState.LOCKED:
        return "in_use"
    if coupon.state not in (CouponState.ISSUED, CouponState.ARMED):
        return "expired" if coupon.state == CouponState.EXPIRED else "not_usable"
    if not coupon.is_valid(moment) or campaign.has_ended(moment):
        return "expired"
    if campaign.state == CampaignState.PAUSED:
        return "paused"
    return "not_started" if moment < campaign.starts_at else ""


def _spend(campaign: Campaign, amount_minor: int, moment: datetime) -> date | None:
    """Count an amount against the campaign's budgets; the day that it counts for, if days count."""
    locking.ascend_to(Rank.CAMPAIGN)
    limited = campaign.budget_minor is not None
    if limited and not _counted(_SPEND, [amount_minor, campaign.pk, amount_minor]):
        raise CouponRefused(_why_not_counted(campaign.pk, moment))
    if campaign.daily_budget_minor is None:
        return None
    day = timezone.localdate(moment)
    if amount_minor > campaign.daily_budget_minor:
        raise CouponRefused("daily_budget")
    if not _counted(_SPEND_DAY, [campaign.pk, day, campaign.daily_budget_minor, amount_minor]):
        raise CouponRefused("daily_budget")
    return day


def _why_not_counted(campaign_id: UUID, moment: datetime) -> str:
    """Somebody may have paused or closed it since it was read."""
    campaign = Campaign.objects.get(pk=campaign_id)
    if campaign.has_ended(moment):
        return "expired"
    return "paused" if campaign.state == CampaignState.PAUSED else "budget"


def _counted(statement: str, values: list[Any]) -> bool:
    with prepared_cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)


def _unspend(coupon: Coupon) -> None:
    campaign = coupon.campaign
    if campaign.budget_minor is not None:
        row = Campaign.objects.filter(pk=campaign.pk)
        row.update(spent_minor=F("spent_minor") - coupon.deduction_minor)
    if coupon.spent_on is not None:
        days = CampaignDay.objects.filter(campaign=campaign, day=coupon.spent_on)
        days.update(spent_minor=F("spent_minor") - coupon.deduction_minor)


def use_coupon(spending: Spending, moment: datetime, sale_minor: int) -> OutboxEvent:
    """The payment succeeded. The event, unsaved, is for the caller to write."""
    event = mark_used(spending, moment, sale_minor)
    save_states([spending.coupon], HELD)
    return event


def mark_used(spending: Spending, moment: datetime, sale_minor: int) -> OutboxEvent:
    """As `use_coupon`, but the coupon's `HELD` fields are for the caller to write, too."""
    spending.coupon.use(moment)
    return told(
        "coupon.used", spending.coupon, cost=spending.deduction_minor, sale=sale_minor, at=moment.isoformat()
    )


def coupon_of(payment_id: UUID) -> Spending | None:
    """The coupon that a payment holds or has used, locked; None where there is none."""
    return coupons_of([payment_id]).get(payment_id)


def coupons_of(payment_ids: Collection[UUID]) -> dict[UUID, Spending]:
    """The coupons that payments hold or have used, locked with the campaigns whose budgets they count
    against; by payment."""
    held = Coupon.objects.filter(payment_id__in=payment_ids).select_related("campaign")
    coupons = locking.lock_rows(held)
    limited = {coupon.campaign_id for coupon in coupons if coupon.campaign.is_limited}
    if limited:
        locking.lock_rows(Campaign.objects.filter(pk__in=limited))
    return {coupon.payment_id: Spending(coupon, coupon.campaign) for coupon in coupons if coupon.payment_id}


def release_coupon(spending: Spending) -> OutboxEvent:
    """The payment came to nothing: the coupon is free again, and its campaign has its money back."""
    return _let_go(spending, spending.coupon.release, "coupon.released")


def give_back_coupon(spending: Spending, moment: datetime, sale_minor: int) -> OutboxEvent:
    """The payment was reversed or wholly refunded: the coupon comes back if it is still valid."""
    coupon = spending.coupon
    is_valid = coupon.is_valid(moment) and not spending.campaign.has_ended(moment)
    return _let_go(
        spending, coupon.give_back if is_valid else coupon.lapse, "coupon.given_back", sale=sale_minor
    )


def _let_go(spending: Spending, verb: Callable[[], None], name: str, **payload: int) -> OutboxEvent:
    cost = spending.deduction_minor
    _unspend(spending.coupon)
    verb()
    save_states([spending.coupon], HELD)
    return told(name, spending.coupon, cost=cost, **payload)


def told(name: str, coupon: Coupon, **payload: Any) -> OutboxEvent:
    """An event of a coupon, for the campaign's figures. No webhook hears of it: the till must not."""
    return outbox.event(name, coupon.public_id, campaign=coupon.campaign_id.hex, **payload)
