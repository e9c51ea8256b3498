"""Stopping a webhook endpoint: it answered 410, or staff say so. What waits for it ends."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from common import audit, clock, drains, locking
from common.rows import save_states
from merchants.flows.tell_endpoints import DRAIN
from merchants.models import DeliveryState, WebhookDelivery, WebhookEndpoint


def stop_endpoints(endpoint_ids: Iterable[UUID], reason: str) -> int:
    """Tell these nothing more; how many were live. Within a transaction it joins that."""
    moment = clock.now()
    with locking.transaction():
        live = WebhookEndpoint.objects.filter(pk__in=list(endpoint_ids), stopped_at=None, deleted_at=None)
        stopped = locking.lock_rows(live)
        for endpoint in stopped:
            endpoint.stopped_at, endpoint.stopped_reason = moment, reason[:200]
            audit.record(
                "webhook_endpoint.stop", endpoint.public_id, merchant_id=endpoint.merchant_id, reason=reason
            )
        save_states(stopped, ["stopped_at", "stopped_reason"])
        # What waits is due now: the drain finds its endpoint gone and ends it.
        waiting = WebhookDelivery.objects.filter(endpoint__in=stopped, state=DeliveryState.WAITING)
        waiting.update(due_at=moment)
        drains.poke(DRAIN)
    return len(stopped)
