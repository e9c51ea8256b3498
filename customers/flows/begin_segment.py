"""A merchant gives a campaign's coupon to a segment of its customers: the run is written down (FLOWS 2)."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from common import audit, clock, drains, locking
from common.refusals import NotFound
from coupons.models import CampaignState
from coupons.queries import campaign_of
from coupons.refusals import CampaignEnded, CampaignPaused
from customers.models import SegmentRun
from customers.refusals import BegunForOthers
from customers.segments import Segment
from merchants.models import Merchant

DRAIN = "segments"


def begin_segment(merchant: Merchant, campaign_id: UUID, segment: Segment, run_id: UUID) -> SegmentRun:
    """Begin it; a drain does the work. `run_id` is named beforehand: asked twice, it is begun once.

    Raises `NotFound`, `CampaignPaused`, `CampaignEnded`, `BegunForOthers` (the name is of a run that asked
    for something else).
    """
    campaign = campaign_of(merchant, campaign_id)
    if campaign is None:
        raise NotFound
    if campaign.has_ended(clock.now()):
        raise CampaignEnded
    if campaign.state == CampaignState.PAUSED:
        raise CampaignPaused
    run = SegmentRun(id=run_id, merchant=merchant, campaign=campaign, criteria=segment.as_json())
    with locking.transaction():
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError as error:
            begun = SegmentRun.objects.filter(pk=run_id, merchant=merchant, campaign=campaign).first()
            if begun is None:
                raise NotFound from error
            if begun.criteria != segment.as_json():
                raise BegunForOthers from error
            return begun
        audit.record("segment.begun", run.public_id, merchant_id=merchant.pk, campaign=campaign.public_id)
        drains.poke(DRAIN)
        return run
