"""Webhooks, first half: for every event a stored delivery to each endpoint that wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from common import clock, drains
from common.models import OutboxEvent
from merchants.models import WebhookDelivery, WebhookEndpoint
from merchants.webhook_bodies import ANY, EVENTS, body_of

DRAIN = "webhooks"


def tell_endpoints(events: Sequence[OutboxEvent]) -> None:
    """Store what is to be sent, in the caller's transaction; the same event again changes nothing.

    Two statements, however many events and endpoints. The body is frozen here: what is sent later
    is what was true when it happened.
    """
    told = [event for event in events if event.name in EVENTS and event.merchant_id is not None]
    endpoints = _endpoints(told)
    moment = clock.now()
    deliveries = [
        WebhookDelivery(
            endpoint=endpoint,
            event_id=event.pk,
            event_name=event.name,
            body=body,
            request_id=event.request_id,
            due_at=moment,
        )
        for event in told
        if (listening := endpoints.get(event.merchant_id)) and (body := body_of(event))
        for endpoint in listening
        if ANY in endpoint.events or event.name in endpoint.events
    ]
    if deliveries:
        WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        drains.poke(DRAIN)


def _endpoints(events: Sequence[OutboxEvent]) -> dict[UUID | None, list[WebhookEndpoint]]:
    """The live endpoints of the merchants that the events concern."""
    found: dict[UUID | None, list[WebhookEndpoint]] = defaultdict(list)
    if events:
        live = WebhookEndpoint.objects.filter(
            merchant_id__in={event.merchant_id for event in events}, stopped_at=None, deleted_at=None
        )
        for endpoint in live:
            found[endpoint.merchant_id].append(endpoint)
    return found
