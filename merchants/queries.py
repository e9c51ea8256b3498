"""Reads of a merchant's people, keys and webhooks, for pages, API and drains."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from merchants.models import (
    DeliveryState,
    Invitation,
    Key,
    Member,
    Merchant,
    Person,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)


def memberships_of(person: Person) -> QuerySet[Member]:
    """Where a person works, by the merchants' names."""
    return Member.objects.filter(person=person).select_related("merchant").order_by("merchant__name", "pk")


def membership_of(person: Person, slug: str) -> Member | None:
    """A person's membership of the merchant at this address, or None."""
    return Member.objects.filter(person=person, merchant__slug=slug).select_related("merchant").first()


def members_of(merchant: Merchant) -> QuerySet[Member]:
    """Who works for the merchant, longest first."""
    return Member.objects.filter(merchant=merchant).select_related("person").order_by("created_at", "pk")


def invitations_of(merchant: Merchant) -> QuerySet[Invitation]:
    """Invitations nobody has accepted yet, newest first; past ones among them can be sent anew."""
    return Invitation.objects.filter(merchant=merchant, accepted_at=None).order_by("-pk")


def keys_of(merchant: Merchant) -> QuerySet[Key]:
    """The merchant's keys, revoked ones included, newest first."""
    return Key.objects.filter(merchant=merchant).order_by("-pk")


def endpoints_of(merchant: Merchant) -> QuerySet[WebhookEndpoint]:
    """The merchant's webhook endpoints, those stopped by a 410 included."""
    return WebhookEndpoint.objects.filter(merchant=merchant, deleted_at=None).order_by("-pk")


def deliveries_of(merchant: Merchant, endpoint_id: UUID | None = None) -> QuerySet[WebhookDelivery]:
    """What was or is to be sent to the merchant's endpoints, or to one of them."""
    found = WebhookDelivery.objects.filter(endpoint__merchant=merchant).select_related("endpoint")
    return found if endpoint_id is None else found.filter(endpoint=endpoint_id)


def attempts_of(merchant: Merchant, delivery_id: UUID) -> QuerySet[WebhookAttempt]:
    """Every try of one delivery to the merchant, first one first."""
    return WebhookAttempt.objects.filter(
        delivery=delivery_id, delivery__endpoint__merchant=merchant
    ).order_by("pk")


def orphaned_deliveries() -> QuerySet[WebhookDelivery]:
    """What still waits for an endpoint that is stopped or deleted."""
    gone = Q(endpoint__stopped_at__isnull=False) | Q(endpoint__deleted_at__isnull=False)
    return WebhookDelivery.objects.filter(gone, state=DeliveryState.WAITING)


_FAIR_SHARE = """
WITH RECURSIVE waiting (endpoint_id) AS (
    (SELECT endpoint_id FROM merchants_webhookdelivery
      WHERE state = 'waiting' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.endpoint_id FROM merchants_webhookdelivery d
             WHERE d.state = 'waiting' AND d.endpoint_id > w.endpoint_id
             ORDER BY d.endpoint_id LIMIT 1)
      FROM waiting w WHERE w.endpoint_id IS NOT NULL
)
SELECT due.id, e.id
  FROM waiting w
  JOIN merchants_webhookendpoint e
    ON e.id = w.endpoint_id AND e.stopped_at IS NULL AND e.deleted_at IS NULL
 CROSS JOIN LATERAL (
    SELECT d.id, d.due_at, row_number() OVER (ORDER BY d.due_at) AS place
      FROM merchants_webhookdelivery d
     WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= %s
     ORDER BY d.due_at LIMIT %s
 ) due
 WHERE e.id <> ALL (%s)
 ORDER BY due.place, due.due_at
 LIMIT %s
"""


def fair_share(moment: datetime, busy: Counter[UUID], *, most: int, most_to_one: int) -> list[UUID]:
    """Ids of due deliveries: every endpoint's first before any endpoint's second.

    `busy` counts what is under way to each endpoint, `most_to_one` bounds that. The walk over the
    index costs a probe per endpoint that has something waiting, not per delivery: a backlog of one
    endpoint neither slows it nor hides the others.
    """
    full = [endpoint_id for endpoint_id, count in busy.items() if count >= most_to_one]
    chosen: list[UUID] = []
    counts = Counter(busy)
    with connection.cursor() as cursor:
        cursor.execute(_FAIR_SHARE, [moment, most_to_one, full, most])
        for delivery_id, endpoint_id in cursor.fetchall():
            if counts[endpoint_id] < most_to_one:
                counts[endpoint_id] += 1
                chosen.append(delivery_id)
    return chosen
