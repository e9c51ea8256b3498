"""A gateway's callback: checked, stored once, then settled; a repeat changes nothing (FLOWS 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from common import clock, drains, locking
from common.failpoints import failpoint
from common.models import InboxMessage
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import gateway
from payments.models import Payment

DRAIN = "gateway_inbox"
CHUNK = 20
PREFIX = "gateway:"
RETRY_AFTER = timedelta(seconds=30)


def receive_callback(name: str, headers: Mapping[str, str], body: bytes, message: Any) -> None:
    """Take one callback in. `message` is the body as JSON. Raises `BadCallback`.

    Stored before it is acted on, so that a process that dies here loses nothing.
    """
    callback = gateway(name).read_callback(headers, body)
    InboxMessage.objects.bulk_create(
        [
            InboxMessage(
                source=PREFIX + name,
                external_id=callback.event_id,
                body={"payment": str(callback.payment_id), "message": message},
                due_at=clock.now() + RETRY_AFTER,
            )
        ],
        ignore_conflicts=True,
    )
    failpoint("receive_callback:stored")
    stored = InboxMessage.objects.get(source=PREFIX + name, external_id=callback.event_id)
    if stored.handled_at is None:
        _handle(stored)


@drains.register(DRAIN, every_seconds=10, queue=drains.Queue.PROMPT)
def drain_callbacks() -> int:
    """Handle callbacks that were stored and not finished; how many."""
    with locking.transaction():
        waiting = InboxMessage.objects.filter(
            source__startswith=PREFIX, handled_at=None, due_at__lte=clock.now()
        )
        stored = locking.claim_rows(waiting.order_by("due_at"), CHUNK)
        InboxMessage.objects.filter(pk__in=[one.pk for one in stored]).update(
            due_at=clock.now() + RETRY_AFTER
        )
    drains.each(_handle, stored)
    return len(stored)


def _handle(stored: InboxMessage) -> None:
    verdict = gateway(stored.source.removeprefix(PREFIX)).read_stored(stored.body["message"])
    if Payment.objects.filter(pk=stored.body["payment"]).exists():
        settle_payment(stored.body["payment"], verdict)
        failpoint("receive_callback:settled")
    InboxMessage.objects.filter(pk=stored.pk).update(handled_at=clock.now())
