"""Two drains at once send each delivery once; with the claim's protection off they send it twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import models

from common import locking, outbox
from merchants.flows import deliver_webhooks as flow
from merchants.flows.add_endpoint import MAX_ENDPOINTS, add_endpoint
from merchants.flows.tell_endpoints import tell_endpoints
from merchants.models import Merchant, WebhookDelivery, WebhookEndpoint
from merchants.refusals import TooManyEndpoints
from tests.merchants.cast import a_merchant
from tests.merchants.races import WAIT_SECONDS, at_once
from tests.merchants.receiver import Receiver

pytestmark = pytest.mark.races

EVENTS = 12


def _unlocked() -> Any:
    """The control: what is due is read, not claimed, and both have read before either goes on."""
    both_read, mine = threading.Barrier(2), threading.local()

    def read(rows: models.QuerySet[Any], limit: int) -> list[Any]:
        found = list(rows[:limit])
        if not getattr(mine, "waited", False):
            mine.waited = True
            both_read.wait(WAIT_SECONDS)
        return found

    return read


def _send_all() -> int:
    """One drain as it works when it is not told that another is at it."""
    return flow._send_due()


def _happen(merchant: Merchant, receiver: Receiver) -> None:
    add_endpoint(merchant, receiver.url, ["*"])
    events = [outbox.event("order.placed", "ord_x", merchant_id=merchant.pk) for _ in range(EVENTS)]
    tell_endpoints(events)


def test_two_drains_send_each_once(committed: None, receiver: Receiver) -> None:
    """Even when both believe to be alone."""
    merchant = a_merchant()
    _happen(merchant, receiver)
    handled = at_once(_send_all, _send_all)
    assert all(isinstance(count, int) for count in handled), handled
    ids = [heard.headers["webhook-id"] for heard in receiver.heard]
    assert len(ids) == len(set(ids)) == EVENTS
    states = WebhookDelivery.objects.filter(endpoint__merchant=merchant).values_list("state", "attempts_made")
    assert set(states) == {("delivered", 1)}


def test_control_without_the_claim(
    committed: None, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading instead of claiming sends everything in reach twice."""
    _happen(a_merchant(), receiver)
    monkeypatch.setattr(locking, "claim_rows", _unlocked())
    at_once(_send_all, _send_all)
    ids = [heard.headers["webhook-id"] for heard in receiver.heard]
    assert len(ids) > len(set(ids))


def test_only_one_process_sends(committed: None, receiver: Receiver) -> None:
    """The second one finds the first at work and leaves it be."""
    _happen(a_merchant(), receiver)
    receiver.plan = [(200, 0.3)] * EVENTS
    counts = at_once(flow.deliver_webhooks, flow.deliver_webhooks)
    assert 0 in counts
    assert len(receiver.heard) == EVENTS


def _add(merchant: Merchant) -> object:
    return add_endpoint(merchant, "http://127.0.0.1:9/", ["*"])


def test_the_bound_on_endpoints_holds(committed: None, loopback: None) -> None:
    """Eight at once where there is room for one."""
    merchant = a_merchant()
    for _ in range(MAX_ENDPOINTS - 1):
        _add(merchant)
    results = at_once(*[lambda: _add(merchant)] * 8)
    assert sum(isinstance(result, TooManyEndpoints) for result in results) == 7
    assert WebhookEndpoint.objects.filter(merchant=merchant).count() == MAX_ENDPOINTS


def test_control_without_the_lock_on_the_merchant(
    committed: None, loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting without waiting for each other lets several in."""
    merchant = a_merchant()
    for _ in range(MAX_ENDPOINTS - 1):
        _add(merchant)
    all_counted = threading.Barrier(4)
    count = models.QuerySet.count

    def counted(rows: models.QuerySet[Any]) -> int:
        found = count(rows)
        all_counted.wait(WAIT_SECONDS)
        return found

    monkeypatch.setattr(locking, "lock_row", lambda rows, **lookup: rows.get(**lookup))
    monkeypatch.setattr(models.QuerySet, "count", counted)
    at_once(*[lambda: _add(merchant)] * 4)
    monkeypatch.undo()
    assert WebhookEndpoint.objects.filter(merchant=merchant).count() > MAX_ENDPOINTS
