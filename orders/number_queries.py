"""Reads of a merchant's service numbers and of how long its pool will last."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict

from django.core.cache import cache
from django.db import connection
from django.db.models import Case, CharField, Count, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from common import clock
from common.ids import first_id_at
from merchants.models import Merchant
from orders.models import Binding, Order, ServiceNumber

FORECAST_DAYS = 14
LONG_SECONDS = 0.5
KEPT_SECONDS = 600


def numbers_of(merchant: Merchant) -> QuerySet[ServiceNumber]:
    """The merchant's pool; each row with its `state` and `active_bindings` of now."""
    now = clock.now()
    # Asked for each row of a page by itself: joined, all that its numbers ever meant would be read.
    held = Binding.objects.filter(service_number=OuterRef("pk"), held_until__gt=now)
    live = held.filter(end_reason="", valid_until__gt=now)
    counted = live.order_by().values("service_number").annotate(many=Count("pk")).values("many")
    return ServiceNumber.objects.filter(merchant=merchant).annotate(
        active_bindings=Coalesce(Subquery(counted), 0),
        state=Case(
            When(retired_at__isnull=False, then=Value("retired")),
            When(Exists(live), then=Value("bound")),
            When(Exists(held), then=Value("cooling")),
            default=Value("free"),
            output_field=CharField(),
        ),
    )


class DayOfPool(TypedDict):
    """One day: the most that a single buyer held of the pool, and how many bindings were made."""

    day: date
    most_held: int
    bound: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long the pool lasts. A number serves any number of buyers, so what counts is the buyer who
    holds most of it: once somebody holds all, that buyer's next order gets none."""

    total: int
    most_held: int
    needed: int
    runs_out_on: date | None
    without_number: int
    days: list[DayOfPool]


_DAYS = """
WITH days AS (
    SELECT generate_series(%(since)s::date, %(today)s::date, interval '1 day')::date AS day),
held AS (
    SELECT d.day, b.buyer_digits, count(*) AS held
      FROM days d JOIN orders_binding b
        ON b.merchant_id = %(merchant)s AND b.held_until > %(since)s
       AND b.valid_from < (d.day + 1)::timestamp AT TIME ZONE %(zone)s
       AND b.held_until > d.day::timestamp AT TIME ZONE %(zone)s
     GROUP BY d.day, b.buyer_digits),
bound AS (
    SELECT (b.valid_from AT TIME ZONE %(zone)s)::date AS day, count(*) AS bound
      FROM orders_binding b WHERE b.merchant_id = %(merchant)s AND b.held_until > %(since)s GROUP BY 1)
SELECT d.day, coalesce(max(h.held), 0), coalesce(max(n.bound), 0)
  FROM days d LEFT JOIN held h USING (day) LEFT JOIN bound n USING (day) GROUP BY d.day ORDER BY d.day
"""


def forecast_of(merchant: Merchant, zone: str) -> Forecast:
    """What the last two weeks say of the pool; two weeks of growth go on in a line."""
    today, now = clock.today(), clock.now()
    since = today - timedelta(days=FORECAST_DAYS - 1)
    days = _days(merchant, since, today, zone)
    total = ServiceNumber.objects.filter(merchant=merchant, retired_at=None).count()
    most = days[-1]["most_held"]
    growth = (most - days[0]["most_held"]) / FORECAST_DAYS
    left = total - most
    runs_out = today + timedelta(days=int(left / growth)) if growth > 0 and left >= 0 else None
    return Forecast(
        total=total,
        most_held=most,
        needed=max(most + int(growth * FORECAST_DAYS), 1),
        runs_out_on=today if left <= 0 and most else runs_out,
        without_number=_without_number(merchant, now - timedelta(days=FORECAST_DAYS)),
        days=days,
    )


def _days(merchant: Merchant, since: date, today: date, zone: str) -> list[DayOfPool]:
    """Read anew unless that takes long: then it is kept for a while, a forecast is none of the minute."""
    key = f"pool-days:{merchant.pk.hex}:{since}:{zone}"
    kept: list[DayOfPool] | None = cache.get(key)
    if kept is not None:
        return kept
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"merchant": merchant.pk, "since": since, "today": today, "zone": zone})
        days = [DayOfPool(day=day, most_held=held, bound=bound) for day, held, bound in cursor.fetchall()]
    if time.monotonic() - began > LONG_SECONDS:
        cache.set(key, days, KEPT_SECONDS)
    return days


def _without_number(merchant: Merchant, since: datetime) -> int:
    """Orders by call that got no number when they were paid."""
    unserved = Order.objects.filter(
        merchant=merchant, awaits_call=True, service_number="", paid_at__gte=since
    )
    # An order is placed at most thirty days before it is paid.
    return unserved.filter(pk__gte=first_id_at(since, -timedelta(days=30))).count()
