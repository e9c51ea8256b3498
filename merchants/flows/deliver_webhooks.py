"""Webhooks, second half: sending what is due, and noting what came of it.

A delivery is claimed by moving `due_at` ahead in a transaction of its own; it is sent with
nothing locked; then a third transaction notes the attempt. Dying in between costs a pause, and the
repeat carries the same `webhook-id`. Only one process sends at a time, so that slow endpoints
never take every worker; it has many letters under way, few of them to one endpoint.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime, timedelta

import structlog

from common import clock, drains, locking
from common.rows import save_states
from common.secrets import unseal
from merchants.flows.stop_endpoints import stop_endpoints
from merchants.flows.tell_endpoints import DRAIN
from merchants.gateways.endpoints import Answer, Courier, Letter
from merchants.models import DeliveryState, WebhookAttempt, WebhookDelivery
from merchants.queries import fair_share, orphaned_deliveries

PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER = 0.1
CLAIMED_FOR = timedelta(seconds=60)
UNDER_WAY = 32
UNDER_WAY_TO_ONE = 4
CHUNK = 500
BUDGET_SECONDS = 10.0
TICK_SECONDS = 0.1

_FIELDS = ["state", "attempts_made", "due_at", "finished_at"]
_log = structlog.get_logger(__name__)

Sent = dict[Future[Answer], WebhookDelivery]


@drains.register(DRAIN, every_seconds=2)
def deliver_webhooks() -> int:
    """Send what is due until nothing is, or the time is up; how many deliveries were handled."""
    if not _is_any_due():
        return 0
    with locking.alone(DRAIN) as alone:
        return _end_orphans() + _send_due() if alone else 0


def _send_due() -> int:
    handled, under_way = 0, Sent()
    deadline = time.monotonic() + BUDGET_SECONDS
    with Courier() as courier:
        while True:
            if time.monotonic() < deadline:
                for delivery in claim(under_way.values()):
                    under_way[courier.send(_letter(delivery))] = delivery
            if not under_way:
                return handled
            done, _rest = wait(under_way, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
            note([(under_way.pop(future), future.result()) for future in done])
            handled += len(done)


def claim(under_way: Iterable[WebhookDelivery] = ()) -> list[WebhookDelivery]:
    """Take what is due and fits beside what is under way; for a minute nobody else takes it."""
    busy = Counter(delivery.endpoint_id for delivery in under_way)
    free, moment = UNDER_WAY - busy.total(), clock.now()
    if free <= 0 or not _is_any_due():
        return []
    chosen = fair_share(moment, busy, most=free, most_to_one=UNDER_WAY_TO_ONE)
    due = WebhookDelivery.objects.filter(pk__in=chosen, state=DeliveryState.WAITING, due_at__lte=moment)
    with locking.transaction():
        claimed = locking.claim_rows(due.select_related("endpoint").order_by("due_at"), free)
        ids = [delivery.pk for delivery in claimed]
        WebhookDelivery.objects.filter(pk__in=ids).update(due_at=moment + CLAIMED_FOR)
    return claimed


def note(answers: Sequence[tuple[WebhookDelivery, Answer]]) -> None:
    """Store an attempt for each answer and move its delivery on; 410 stops the endpoint."""
    if not answers:
        return
    heard = {delivery.pk: answer for delivery, answer in answers}
    moment = clock.now()
    with locking.transaction():
        stop_endpoints({sent.endpoint_id for sent, answer in answers if answer.is_gone}, "410")
        waiting = WebhookDelivery.objects.filter(pk__in=heard, state=DeliveryState.WAITING)
        deliveries = locking.lock_rows(waiting)
        for delivery in deliveries:
            _move(delivery, heard[delivery.pk], moment)
        save_states(deliveries, _FIELDS)
        WebhookAttempt.objects.bulk_create(
            [_attempt(delivery, answer, moment) for delivery, answer in answers]
        )


def _move(delivery: WebhookDelivery, answer: Answer, moment: datetime) -> None:
    if answer.is_yes:
        delivery.deliver(moment)
    elif answer.is_gone or delivery.attempts_made >= len(PAUSES):
        delivery.give_up(moment)
    else:
        pause = PAUSES[delivery.attempts_made] * (1 + random.uniform(0, JITTER))
        delivery.put_off(moment + pause)


def _attempt(delivery: WebhookDelivery, answer: Answer, moment: datetime) -> WebhookAttempt:
    _log.info(
        "webhook_attempt",
        delivery=str(delivery.pk),
        status=answer.status,
        error=answer.error,
        request_id=delivery.request_id,
    )
    return WebhookAttempt(
        delivery=delivery,
        at=moment,
        duration_ms=answer.duration_ms,
        status=answer.status,
        error=answer.error,
        answer=answer.text,
    )


def _letter(delivery: WebhookDelivery) -> Letter:
    secret = unseal(bytes(delivery.endpoint.secret_sealed)).decode()
    return Letter(delivery.endpoint.url, delivery.message_id, delivery.body, secret, clock.now())


def _is_any_due() -> bool:
    return WebhookDelivery.objects.filter(state=DeliveryState.WAITING, due_at__lte=clock.now()).exists()


def _end_orphans() -> int:
    """Give up a chunk of what waits for endpoints that are stopped or deleted; how many."""
    moment = clock.now()
    with locking.transaction():
        orphans = locking.claim_rows(orphaned_deliveries(), CHUNK)
        for delivery in orphans:
            delivery.give_up(moment, attempted=False)
        save_states(orphans, _FIELDS)
    return len(orphans)
