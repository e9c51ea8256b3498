"""Counting what happened, by day: a consumer of the outbox (each event is counted once)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from common.models import OutboxEvent
from desk.models import Measure


class Cell(NamedTuple):
    """One row of the daily figures."""

    merchant_id: UUID
    day: date
    measure: str
    channel: str
    printed_code: str


_MEASURES = {
    "order.placed": (Measure.PLACED,),
    "order.scanned": (Measure.SCANNED,),
    "order.confirmed": (Measure.CONFIRMED,),
    "order.paid": (Measure.PAID,),
    "code.scanned": (Measure.SCANNED,),
    "customer.created": (Measure.CONVERTED,),
    "customer.came_back": (Measure.CAME_BACK,),
}

_ADD = """
INSERT INTO desk_dailyfigure (merchant_id, day, measure, channel, printed_code, count, amount_minor)
SELECT * FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
ON CONFLICT (merchant_id, day, measure, channel, printed_code) DO UPDATE
SET count = desk_dailyfigure.count + excluded.count,
    amount_minor = desk_dailyfigure.amount_minor + excluded.amount_minor
"""


def count_figures(events: Sequence[OutboxEvent]) -> None:
    """Add these events to the daily figures, in one statement."""
    sums: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for event in events:
        for measure in _measures_of(event):
            total = sums[_cell(event, measure)]
            total[0] += 1
            total[1] += _amount(event)
    if not sums:
        return
    cells = sorted(sums)
    columns = [list(column) for column in zip(*cells, strict=True)]
    counts = [list(column) for column in zip(*(sums[cell] for cell in cells), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [*columns, *counts])


def _measures_of(event: OutboxEvent) -> Iterator[str]:
    if event.merchant_id is None:
        return
    if event.name == "order.scanned" and event.payload.get("printed_code"):
        return  # the scan of the printed code itself was counted
    yield from (measure.value for measure in _MEASURES.get(event.name, ()))
    if event.name == "order.paid":
        yield from event.payload.get("steps_skipped", ())


def _cell(event: OutboxEvent, measure: str) -> Cell:
    assert event.merchant_id is not None
    return Cell(
        event.merchant_id,
        timezone.localdate(event.at),
        measure,
        event.payload.get("channel") or "",
        event.payload.get("printed_code") or "",
    )


def _amount(event: OutboxEvent) -> int:
    field = "paid" if event.name == "order.paid" else "amount"
    return int(event.payload.get(field) or 0)
