"""Counting what came of campaigns, by day: a consumer of the outbox (each event is counted once)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from common.models import OutboxEvent
from coupons.models import Measure


class _Cell(NamedTuple):
    campaign: UUID
    day: date
    measure: str


_ADD = """
INSERT INTO coupons_campaignfigure (campaign_id, day, measure, count, cost_minor, sale_minor)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (campaign_id, day, measure) DO UPDATE
SET count = coupons_campaignfigure.count + excluded.count,
    cost_minor = coupons_campaignfigure.cost_minor + excluded.cost_minor,
    sale_minor = coupons_campaignfigure.sale_minor + excluded.sale_minor
"""


def count_coupons(events: Sequence[OutboxEvent]) -> None:
    """Add these events to their campaigns' figures, in one statement."""
    sums: defaultdict[_Cell, list[int]] = defaultdict(lambda: [0, 0, 0])
    for event in events:
        measure = event.name.removeprefix("coupon.")
        if measure in Measure.values:
            told = event.payload
            total = sums[_Cell(UUID(hex=told["campaign"]), timezone.localdate(event.at), measure)]
            for place, added in enumerate((1, told.get("cost", 0), told.get("sale", 0))):
                total[place] += added
    if not sums:
        return
    cells = sorted(sums)
    columns = [list(column) for column in zip(*cells, strict=True)]
    counts = [list(column) for column in zip(*(sums[cell] for cell in cells), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [*columns, *counts])
