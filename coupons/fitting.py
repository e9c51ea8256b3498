"""Which of a buyer's coupons fit a bill, told before it is paid (FLOWS 2).

Nothing is locked or promised here: paying verifies again by the same rules and refuses what holds no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise

from coupons.models import Campaign, CampaignDay, CampaignState, Coupon, CouponState
from coupons.pricing import Bill, NoDeduction, deduction
from coupons.refusals import REASONS
from coupons.spending import why_not
from merchants.models import Person

MOST_CAMPAIGNS = 100
"""Of so many campaigns, the newest, a buyer is shown what fits."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A coupon beside a bill: what it takes off in minor units, or why it takes nothing."""

    coupon: Coupon
    deduction_minor: int = 0
    reason: str = ""

    @property
    def campaign(self) -> Campaign:
        """Whose promise it is."""
        return self.coupon.campaign

    @property
    def why_not(self) -> str | Promise:
        """The reason in words for its owner."""
        return REASONS[self.reason] if self.reason else ""


def fittings(person: Person, merchant_id: UUID, bill: Bill, moment: datetime) -> list[Fitting]:
    """The buyer's coupons of this merchant beside a bill: what takes off most first, then what does not fit.

    One of each campaign, since all of a campaign promise the same; one statement, however many there are.
    """
    found = [
        _beside(coupon, merchant_id, bill, moment) for coupon in _candidates(person, merchant_id, moment)
    ]
    return sorted(found, key=lambda each: (-each.deduction_minor, each.coupon.expires_at, each.coupon.pk))


def _candidates(person: Person, merchant_id: UUID, moment: datetime) -> QuerySet[Coupon]:
    today = CampaignDay.objects.filter(campaign=OuterRef("campaign"), day=timezone.localdate(moment))
    spent = Coalesce(Subquery(today.values("spent_minor")), Value(0), output_field=IntegerField())
    states = (CouponState.ISSUED, CouponState.ARMED, CouponState.LOCKED)
    mine = Coupon.objects.filter(
        owner=person, merchant_id=merchant_id, state__in=states, expires_at__gt=moment
    )
    mine = mine.filter(campaign__ends_at__gt=moment).exclude(campaign__state=CampaignState.CLOSED)
    # One that is set for the till stays so where another one does: the code shown with it would end.
    is_free = Case(When(state=CouponState.ISSUED, then=0), When(state=CouponState.ARMED, then=1), default=2)
    one_each = mine.order_by("-campaign_id", is_free, "expires_at", "id").distinct("campaign_id")
    return one_each.select_related("campaign").annotate(spent_today=spent)[:MOST_CAMPAIGNS]


def _beside(coupon: Coupon, merchant_id: UUID, bill: Bill, moment: datetime) -> Fitting:
    reason = why_not(coupon, coupon.campaign, merchant_id, moment)
    if reason:
        return Fitting(coupon, reason=reason)
    try:
        taken = deduction(coupon.campaign.terms, bill)
    except NoDeduction as no:
        return Fitting(coupon, reason=no.reason)
    reason = _short_of_budget(coupon, taken)
    return Fitting(coupon, reason=reason) if reason else Fitting(coupon, taken)


def _short_of_budget(coupon: Coupon, taken: int) -> str:
    campaign = coupon.campaign
    if campaign.budget_minor is not None and campaign.spent_minor + taken > campaign.budget_minor:
        return "budget"
    spent_today: int = coupon.spent_today  # type: ignore[attr-defined]
    if campaign.daily_budget_minor is not None and spent_today + taken > campaign.daily_budget_minor:
        return "daily_budget"
    return ""
