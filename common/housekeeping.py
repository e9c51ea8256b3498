"""What need not be kept for ever: remembered answers, receipts, handled messages, old sessions.

An app registers its own beside them. Events themselves stay, since they are the history of their
subjects. Everything goes in small chunks in the order of an index, so that no statement reads or
holds a table for long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import models

from common import clock, drains
from common.idempotency import KEPT
from common.ids import first_id_at
from common.models import InboxMessage, Receipt, RememberedAnswer

DRAIN = "housekeeping"
CHUNK = 1000
RECEIPTS_KEPT = timedelta(days=30)
MESSAGES_KEPT = timedelta(days=180)

Old = Callable[[datetime], models.QuerySet[Any]]
_REGISTRY: list[Old] = []


def register(old: Old) -> Old:
    """Have the rows that the function names at a moment deleted, in their order: that of an index."""
    _REGISTRY.append(old)
    return old


@drains.register(DRAIN, every_seconds=3600)
def keep_house() -> int:
    """Delete one chunk of each kind that is old enough; how many rows."""
    now = clock.now()
    return sum(_delete_first(old(now)) for old in _REGISTRY)


def _delete_first(rows: models.QuerySet[Any]) -> int:
    chosen = list(rows.values_list("pk", flat=True)[:CHUNK])
    return rows.model._default_manager.filter(pk__in=chosen).delete()[0] if chosen else 0


@register
def _answers(now: datetime) -> models.QuerySet[Any]:
    return RememberedAnswer.objects.filter(created_at__lt=now - KEPT).order_by("created_at")


@register
def _receipts(now: datetime) -> models.QuerySet[Any]:
    old = Receipt.objects.filter(event_id__lt=first_id_at(now, -RECEIPTS_KEPT))
    return old.filter(done_at__isnull=False).order_by("event_id")


@register
def _messages(now: datetime) -> models.QuerySet[Any]:
    old = InboxMessage.objects.filter(pk__lt=first_id_at(now, -MESSAGES_KEPT))
    return old.filter(handled_at__isnull=False).order_by("pk")


@register
def _sessions(now: datetime) -> models.QuerySet[Any]:
    return Session.objects.filter(expire_date__lt=now).order_by("expire_date")
