"""Reads that only the dashboard's pages of campaigns make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import F, QuerySet

from coupons.figures import Tally, tally_of, together
from coupons.models import Campaign, CampaignDay, CampaignFigure, ClaimLink, Holding
from merchants.models import Merchant, Person

SHOWN_LINKS = 100


@dataclass(frozen=True, slots=True)
class Figures:
    """What has come of a campaign so far: by day, in all, and against today's budget, in minor units."""

    by_day: dict[date, Tally]
    total: Tally
    today_minor: int


def figures_of(campaign: Campaign, today: date) -> Figures:
    """From its figures by day, never from its coupons, of which there may be a million.

    One query, and one for the day where days have a budget. An event counts a moment after it happened.
    """
    by_day: dict[date, Tally] = {}
    rows = CampaignFigure.objects.filter(campaign=campaign)
    for day, measure, *told in rows.values_list("day", "measure", "count", "cost_minor", "sale_minor"):
        by_day[day] = by_day.get(day, Tally()) + tally_of(measure, *told)
    return Figures(by_day, together(by_day.values()), _spent_on(campaign, today))


def _spent_on(campaign: Campaign, today: date) -> int:
    if campaign.daily_budget_minor is None:
        return 0
    day = CampaignDay.objects.filter(campaign=campaign, day=today).first()
    return day.spent_minor if day else 0


def links_of(campaign: Campaign) -> list[ClaimLink]:
    """Its claim links: those in use first, the newest before the others."""
    links = ClaimLink.objects.filter(campaign=campaign)
    return list(links.order_by(F("ended_at").desc(nulls_first=True), "-id")[:SHOWN_LINKS])


def link_of(merchant: Merchant, link_id: UUID | None) -> ClaimLink | None:
    """One claim link of the merchant; None for anybody else's."""
    links = ClaimLink.objects.filter(campaign__merchant=merchant).select_related("campaign")
    return links.filter(pk=link_id).first() if link_id else None


def link_of_token(token: str) -> ClaimLink | None:
    """The claim link of an address."""
    return ClaimLink.objects.filter(token=token).select_related("campaign__merchant").first()


def held_by(person: Person, campaign: Campaign) -> QuerySet[Holding]:
    """What a buyer has had of a campaign, also what was used or given away."""
    return Holding.objects.filter(campaign=campaign, person=person).select_related("coupon")
