"""The API's words for webhook endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.fields import StrictCharField, moment_out
from merchants.gateways.endpoints import MAX_URL_LENGTH
from merchants.models import WebhookEndpoint
from merchants.webhook_bodies import ANY, EVENTS

MAX_EVENTS = 50


class EndpointIn(serializers.Serializer[Any]):
    """A webhook endpoint to be added."""

    url = StrictCharField(
        max_length=MAX_URL_LENGTH,
        help_text="An https address. While DEBUG is on also http and this machine itself.",
    )
    events = serializers.ListField(
        child=StrictCharField(max_length=60),
        allow_empty=False,
        max_length=MAX_EVENTS,
        help_text=f"Names of events, or {ANY} for all: {', '.join(EVENTS)}.",
    )


class EndpointOut(serializers.Serializer[Any]):
    """A webhook endpoint; `stopped_at` is when it answered 410."""

    id = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)


class NewEndpointOut(EndpointOut):
    """A new webhook endpoint, with the secret that is shown this once."""

    secret = serializers.CharField(help_text="`whsec_…`, for verifying `webhook-signature`.")


def endpoint_out(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What `EndpointOut` describes."""
    return {
        "id": endpoint.public_id,
        "url": endpoint.url,
        "events": endpoint.events,
        "created_at": moment_out(endpoint.created_at),
        "stopped_at": moment_out(endpoint.stopped_at),
    }
