"""Adding a webhook endpoint: its secret is made here and shown this once."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.secrets import seal
from merchants.gateways.endpoints import may_call
from merchants.models import Merchant, WebhookEndpoint
from merchants.refusals import TooManyEndpoints
from merchants.webhook_bodies import ANY, EVENTS

MAX_ENDPOINTS = 20
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Added:
    """The endpoint, and its secret in plain."""

    endpoint: WebhookEndpoint
    secret: str


def add_endpoint(merchant: Merchant, url: str, events: Sequence[str]) -> Added:
    """From the next event on `url` hears of `events` (names, or `*` for all).

    Raises `TooManyEndpoints`, and `InvalidInput` for an address that may not be called or an
    unknown event.
    """
    _check(url, events)
    secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    endpoint = WebhookEndpoint(
        merchant=merchant, url=url, events=list(dict.fromkeys(events)), secret_sealed=seal(secret.encode())
    )
    with locking.transaction():
        # The merchant's row makes those who count wait for each other.
        if locking.lock_row(Merchant.objects.all(), pk=merchant.pk) is None:
            raise NotFound
        if WebhookEndpoint.objects.filter(merchant=merchant, deleted_at=None).count() >= MAX_ENDPOINTS:
            raise TooManyEndpoints
        endpoint.save(force_insert=True)
        audit.record("webhook_endpoint.add", endpoint.public_id, merchant_id=merchant.pk, url=url)
    return Added(endpoint, secret)


def _check(url: str, events: Sequence[str]) -> None:
    problems = [
        FieldProblem(f"events.{place}", "unknown_event", _("No such event."))
        for place, name in enumerate(events)
        if name != ANY and name not in EVENTS
    ]
    if not events:
        problems.append(FieldProblem("events", "empty", _("At least one event, or *.")))
    if not may_call(url):
        problems.append(FieldProblem("url", "url_not_allowed", _("An https address that may be called.")))
    if problems:
        raise InvalidInput(*problems)
