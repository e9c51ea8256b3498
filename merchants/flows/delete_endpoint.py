"""Deleting a webhook endpoint: it hears nothing more, what waited for it ends."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, drains, locking
from common.refusals import NotFound
from common.rows import save_states
from merchants.flows.tell_endpoints import DRAIN
from merchants.models import DeliveryState, Merchant, WebhookDelivery, WebhookEndpoint


def delete_endpoint(merchant: Merchant, endpoint_id: UUID) -> None:
    """Delete an endpoint; its row stays for the history. Raises `NotFound`."""
    moment = clock.now()
    with locking.transaction():
        mine = WebhookEndpoint.objects.filter(merchant=merchant, deleted_at=None)
        endpoint = locking.lock_row(mine, pk=endpoint_id)
        if endpoint is None:
            raise NotFound
        endpoint.deleted_at = moment
        save_states([endpoint], ["deleted_at"])
        # What waits is due now: the drain finds its endpoint gone and ends it.
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=DeliveryState.WAITING)
        waiting.update(due_at=moment)
        audit.record("webhook_endpoint.delete", endpoint.public_id, merchant_id=merchant.pk)
        drains.poke(DRAIN)
