"""The only road upwards: events written with the change, handed to each consumer once.

An event is a row of the changing transaction. `dispatch` gives every subscribed consumer a
receipt row; `consume` runs a consumer over what is due, in the transaction that marks the
receipts done, so what it writes to the database happens exactly once. A consumer that fails is
tried again with growing pauses and holds up nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from common import actors, clock, drains, locking
from common.models import OutboxEvent, Receipt
from common.rows import maker

Consumer = Callable[[Sequence[OutboxEvent]], None]

DRAIN = "outbox"
CHUNK = 200
MAX_PAUSE_SECONDS = 3600

_make_event = maker(OutboxEvent, "name", "subject", "actor", "merchant_id", "payload", "request_id")
_log = structlog.get_logger(__name__)


def event(name: str, subject: str, *, merchant_id: UUID | None = None, **payload: Any) -> OutboxEvent:
    """An unsaved event for `insert_together`; call `announce` so that it is soon handled.

    In a drain that several requests poked, it keeps the first of their ids: there is room for one.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id", "").partition(",")[0]
    return _make_event(name, subject, actors.current(), merchant_id, payload, request_id)


def emit(name: str, subject: str, *, merchant_id: UUID | None = None, **payload: Any) -> None:
    """Write an event in the caller's transaction and have it handled soon."""
    event(name, subject, merchant_id=merchant_id, **payload).save(force_insert=True)
    announce()


def announce() -> None:
    """Have the outbox drained soon after the present transaction commits."""
    drains.poke(DRAIN)


@lru_cache(maxsize=1)
def subscriptions() -> dict[str, tuple[str, ...]]:
    """Event name → names of consumers, from `config/subscriptions.py`."""
    table: dict[str, tuple[str, ...]] = import_module(settings.SUBSCRIPTIONS).SUBSCRIPTIONS
    return table


def consumers() -> tuple[str, ...]:
    """The names of all consumers: asked of the settings, since asking a backlog reads all of it."""
    return tuple(sorted(import_module(settings.SUBSCRIPTIONS).CONSUMERS))


@lru_cache(maxsize=64)
def consumer(name: str) -> Consumer:
    """The function behind a consumer's name."""
    found: Consumer = import_string(import_module(settings.SUBSCRIPTIONS).CONSUMERS[name])
    return found


@drains.register(DRAIN, every_seconds=2)
def drain_outbox() -> int:
    """Dispatch what is new, then run every consumer over what is due; how many rows were handled."""
    return _dispatch() + sum(_consume(name) for name in consumers())


def _dispatch() -> int:
    with locking.transaction():
        waiting = OutboxEvent.objects.filter(dispatched_at=None).order_by("id")
        events = locking.claim_rows(waiting, CHUNK)
        if not events:
            return 0
        Receipt.objects.bulk_create(
            [
                Receipt(event=event, consumer=name)
                for event in events
                for name in subscriptions().get(event.name, ())
            ]
        )
        ids = [event.pk for event in events]
        OutboxEvent.objects.filter(pk__in=ids).update(dispatched_at=clock.now())
        return len(events)


def _consume(name: str) -> int:
    try:
        return _consume_chunk(name, CHUNK)
    except Exception as error:
        _log.warning("consumer_chunk_failed", consumer=name, error=repr(error))
    return _consume_singly(name)


def _due(name: str) -> Any:
    due = Receipt.objects.filter(consumer=name, done_at=None, due_at__lte=clock.now())
    return due.select_related("event").order_by("due_at", "id")


def _consume_chunk(name: str, limit: int) -> int:
    with locking.transaction():
        receipts = locking.claim_rows(_due(name), limit)
        if receipts:
            consumer(name)(sorted((receipt.event for receipt in receipts), key=lambda event: event.pk))
            done = [receipt.pk for receipt in receipts]
            Receipt.objects.filter(pk__in=done).update(done_at=clock.now())
        return len(receipts)


def _consume_singly(name: str) -> int:
    """One receipt a transaction, so that only what fails is put off."""
    handled = 0
    while handled < CHUNK:
        failed: tuple[int, Exception] | None = None
        receipts: list[Receipt] = []
        try:
            with locking.transaction():
                receipts = locking.claim_rows(_due(name), 1)
                for receipt in receipts:
                    with structlog.contextvars.bound_contextvars(request_id=receipt.event.request_id):
                        consumer(name)([receipt.event])
                    Receipt.objects.filter(pk=receipt.pk).update(done_at=clock.now())
        except Exception as error:
            if not receipts:
                raise
            failed = (receipts[0].pk, error)
        if failed:
            _put_off(name, *failed)
        if not receipts:
            return handled
        handled += 1
    return handled


def _put_off(name: str, receipt_id: int, error: Exception) -> None:
    _log.warning("consumer_failed", consumer=name, receipt=receipt_id, error=repr(error))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE common_receipt SET attempts = attempts + 1, error = %s,"
            " due_at = %s + least(power(2, least(attempts, 12)), %s) * interval '1 second' WHERE id = %s",
            [repr(error)[:2000], clock.now(), MAX_PAUSE_SECONDS, receipt_id],
        )
