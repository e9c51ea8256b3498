"""What orders need not keep for ever (common/housekeeping.py)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from common import housekeeping
from common.ids import first_id_at
from orders.models import Scan

SCANS_KEPT = timedelta(days=2)


@housekeeping.register
def old_scans(now: datetime) -> QuerySet[Scan]:
    """Who looked at which printed code: needed to count a visitor once a day; the count stays elsewhere."""
    return Scan.objects.filter(pk__lt=first_id_at(now, -SCANS_KEPT)).order_by("pk")
