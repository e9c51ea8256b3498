"""What merchants need not keep for ever (common/housekeeping.py)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from common import housekeeping
from common.ids import first_id_at
from merchants.models import DeliveryState, WebhookDelivery

DELIVERIES_KEPT = timedelta(days=90)


@housekeeping.register
def old_deliveries(now: datetime) -> QuerySet[WebhookDelivery]:
    """Deliveries that ended, with their attempts; what can still be sent stays."""
    old = WebhookDelivery.objects.filter(pk__lt=first_id_at(now, -DELIVERIES_KEPT))
    return old.exclude(state=DeliveryState.WAITING).order_by("pk")
