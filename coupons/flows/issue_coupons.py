"""Giving many buyers a coupon of a campaign at once, within the same limits as one by one (FLOWS 2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F, Max

from common import clock, ids, locking, outbox
from common.refusals import NotFound
from common.rows import insert_together
from coupons.models import Campaign, CampaignState, Coupon, Holding, How
from coupons.refusals import CampaignEnded, CampaignPaused
from coupons.spending import told


@dataclass(slots=True)
class Issued:
    """What came of it: each buyer's coupon, who has had as many as one may, who came after the last one."""

    coupons: dict[UUID, UUID] = field(default_factory=dict)
    at_limit: set[UUID] = field(default_factory=set)
    too_late: set[UUID] = field(default_factory=set)


def issue_coupons(campaign_id: UUID, people: Sequence[UUID], how: How) -> Issued:
    """Issue one coupon to each of these different people, in their order, until the quota ends.

    Joins the caller's transaction; as many statements for five hundred as for one. Each is told of as a
    single one is. Raises `NotFound`, `CampaignPaused`, `CampaignEnded`; nothing is issued then.
    """
    moment = clock.now()
    with locking.transaction():
        campaign = _lock(campaign_id, moment)
        had, found = _had(campaign, people), Issued()
        for person_id in people:
            if had.get(person_id, 0) >= campaign.per_buyer_limit:
                found.at_limit.add(person_id)
            elif campaign.issued_count + len(found.coupons) >= campaign.total_quota:
                found.too_late.add(person_id)
            else:
                found.coupons[person_id] = ids.new_id()
        if found.coupons:
            _write(campaign, found, had, how, moment)
        return found


def _lock(campaign_id: UUID, moment: datetime) -> Campaign:
    """The campaign; whoever issues after us waits until we are done."""
    campaign = locking.lock_row(Campaign.objects.all(), pk=campaign_id)
    if campaign is None:
        raise NotFound
    if campaign.has_ended(moment):
        raise CampaignEnded
    if campaign.state == CampaignState.PAUSED:
        raise CampaignPaused
    return campaign


def _had(campaign: Campaign, people: Collection[UUID]) -> dict[UUID, int]:
    mine = Holding.objects.filter(campaign=campaign, person__in=people).order_by()
    return dict(mine.values_list("person_id").annotate(most=Max("number")))


def _write(campaign: Campaign, found: Issued, had: dict[UUID, int], how: How, moment: datetime) -> None:
    coupons = [
        Coupon(
            id=coupon_id,
            campaign=campaign,
            merchant_id=campaign.merchant_id,
            owner_id=person_id,
            issued_at=moment,
            expires_at=campaign.ends_at,
        )
        for person_id, coupon_id in found.coupons.items()
    ]
    holdings = [
        Holding(
            campaign=campaign,
            person_id=coupon.owner_id,
            number=had.get(coupon.owner_id, 0) + 1,
            limit=campaign.per_buyer_limit,
            coupon=coupon,
            how=how,
            since=moment,
        )
        for coupon in coupons
    ]
    Campaign.objects.filter(pk=campaign.pk).update(issued_count=F("issued_count") + len(coupons))
    insert_together(coupons, holdings, [told("coupon.issued", coupon, how=how.value) for coupon in coupons])
    outbox.announce()
