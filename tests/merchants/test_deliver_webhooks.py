"""Webhooks over real HTTP: signed, stored, retried, ended."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from common import clock, outbox
from merchants.flows import deliver_webhooks as flow
from merchants.flows.tell_endpoints import tell_endpoints
from merchants.gateways import endpoints as gateway
from merchants.models import Merchant, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.merchants.cast import Caller, a_merchant, caller, happen
from tests.merchants.receiver import Receiver, receiving


def add(till: Caller, url: str, *events: str) -> dict[str, Any]:
    """An endpoint, added by the API."""
    answer = till.post("webhook-endpoints", {"url": url, "events": list(events or ["*"])})
    assert answer.status_code == 201, answer.content
    added: dict[str, Any] = answer.json()
    return added


def deliver() -> int:
    """What worker and beat do."""
    return sum(iter(flow.deliver_webhooks, 0))


def the_delivery(merchant: Merchant) -> WebhookDelivery:
    """The only delivery to the merchant."""
    return WebhookDelivery.objects.get(endpoint__merchant=merchant)


def test_an_event_arrives_signed(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """The signature holds for the published verifier, the body tells what happened."""
    secret = add(till, receiver.url, "order.placed")["secret"]
    event = happen(merchant, order="ord_x", state="placed", amount=100, currency="CNY", channel="api")
    assert deliver() == 1
    (heard,) = receiver.heard
    body = heard.opened(secret)
    assert body["type"] == "order.placed"
    assert body["data"] == {
        "id": "ord_x",
        "order": "ord_x",
        "state": "placed",
        "amount": 100,
        "currency": "CNY",
        "channel": "api",
        "printed_code": None,
    }
    assert heard.headers["webhook-id"] == f"evt_{event.pk.hex}"
    assert heard.headers["Content-Type"] == "application/json"
    delivery = the_delivery(merchant)
    assert (delivery.state, delivery.attempts_made) == ("delivered", 1)
    attempt = delivery.attempts.get()
    assert (attempt.status, attempt.answer, attempt.error) == (200, "thanks", "")


def test_a_real_order_is_told(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """From the API's order to the merchant's server; nothing of the buyer goes along."""
    secret = add(till, receiver.url)["secret"]
    product = {"name": "Tea", "price": 900, "currency": "CNY", "redeem_by": "code"}
    made = till.post("products", product).json()
    order = till.post(
        "orders", {"lines": [{"product": made["id"], "quantity": 2}], "buyer_phone": "13800138000"}
    ).json()
    while outbox.drain_outbox():
        pass
    deliver()
    (heard,) = receiver.heard
    assert heard.opened(secret)["data"]["id"] == order["id"]
    assert b"13800138000" not in heard.body


def test_only_the_events_asked_for(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """An endpoint hears what it named; another merchant's endpoint hears nothing."""
    add(till, receiver.url, "order.paid")
    other = a_merchant()
    add(caller(other), receiver.url)
    happen(merchant, "order.placed")
    happen(merchant, "order.paid")
    deliver()
    assert [json.loads(heard.body)["type"] for heard in receiver.heard] == ["order.paid"]


def test_what_stays_inside_stays_inside(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Facts that are not named as public are not sent."""
    add(till, receiver.url)
    happen(merchant, "order.paid", order="ord_x", payer="7c0d", phone="+8613800138000", consent=True)
    deliver()
    data = json.loads(receiver.heard[0].body)["data"]
    assert "payer" not in data
    assert "phone" not in data
    assert data["consent"] is True


def test_the_same_event_again_changes_nothing(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Telling twice stores once (unique endpoint and event)."""
    add(till, receiver.url)
    event = happen(merchant)
    tell_endpoints([event, event])
    tell_endpoints([event])
    assert deliver() == 1
    assert len(receiver.heard) == 1


def test_two_endpoints_get_the_same_message(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Each its own signature, both the same id and body."""
    secrets = {add(till, f"{receiver.url}/{name}")["secret"] for name in "ab"}
    happen(merchant)
    deliver()
    first, second = receiver.heard
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert len(secrets) == 2


def test_telling_takes_two_statements(
    merchant: Merchant, till: Caller, receiver: Receiver, django_assert_num_queries: Any
) -> None:
    """However many events and endpoints there are."""
    for name in "abc":
        add(till, f"{receiver.url}/{name}")
    events = [outbox.event("order.placed", "ord_x", merchant_id=merchant.pk) for _ in range(20)]
    with django_assert_num_queries(2):
        tell_endpoints(events)
    assert WebhookDelivery.objects.filter(endpoint__merchant=merchant).count() == 60


def test_retries_by_the_schedule_then_gives_up(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Ten attempts over days, always the same id and body; the signature is of the attempt's time."""
    secret = add(till, receiver.url)["secret"]
    receiver.plan = [(500, 0.0)] * 10
    happen(merchant)
    assert deliver() == 1
    passed = timedelta()
    for number, pause in enumerate(flow.PAUSES, start=1):
        delivery = the_delivery(merchant)
        assert (delivery.state, delivery.attempts_made) == ("waiting", number)
        with clock.moved(passed + pause - timedelta(seconds=3)):
            assert deliver() == 0
        passed += pause * (1 + flow.JITTER) + timedelta(seconds=2)
        with clock.moved(passed):
            assert deliver() == 1
    delivery = the_delivery(merchant)
    assert (delivery.state, delivery.attempts_made) == ("given_up", 10)
    with clock.moved(timedelta(days=30)):
        assert deliver() == 0
    assert len(receiver.heard) == 10
    assert len({(heard.headers["webhook-id"], heard.body) for heard in receiver.heard}) == 1
    for heard in receiver.heard:
        assert_signed(heard.headers, heard.body, secret)


def assert_signed(headers: dict[str, str], body: bytes, secret: str) -> None:
    """The signature fits its own timestamp, however old (the verifier refuses old ones)."""
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], at, body.decode())
    assert headers["webhook-signature"] == expected


def test_a_later_yes_ends_the_retries(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Down for one attempt, there for the next."""
    add(till, receiver.url)
    receiver.plan = [(503, 0.0), (204, 0.0)]
    happen(merchant)
    deliver()
    with clock.moved(timedelta(seconds=6)):
        assert deliver() == 1
    delivery = the_delivery(merchant)
    assert (delivery.state, delivery.attempts_made) == ("delivered", 2)
    assert list(delivery.attempts.order_by("pk").values_list("status", flat=True)) == [503, 204]


def test_gone_stops_the_endpoint(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """410: nothing more is sent, what waits ends, the list says when it stopped."""
    add(till, receiver.url)
    receiver.plan = [(500, 0.0)]
    happen(merchant)
    deliver()
    receiver.plan = [(410, 0.0)]
    happen(merchant)
    deliver()
    happen(merchant)
    with clock.moved(timedelta(seconds=10)):
        deliver()
    assert len(receiver.heard) == 2
    states = set(WebhookDelivery.objects.filter(endpoint__merchant=merchant).values_list("state", flat=True))
    assert states == {"given_up"}
    assert till.get("webhook-endpoints").json()["results"][0]["stopped_at"] is not None


def test_redirects_are_not_followed(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """A redirect could lead anywhere: it is a failed attempt."""
    with receiving() as elsewhere:
        receiver.headers = {"Location": elsewhere.url}
        receiver.plan = [(307, 0.0)]
        add(till, receiver.url)
        happen(merchant)
        deliver()
        assert elsewhere.heard == []
    attempt = the_delivery(merchant).attempts.get()
    assert (attempt.status, attempt.error) == (307, "redirects are not followed")


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "dripping"])
def test_slow_endpoints_are_left(
    merchant: Merchant, till: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, drip: bool
) -> None:
    """An attempt has an end in all, whether nothing comes or one byte at a time."""
    monkeypatch.setattr(gateway, "TOTAL_SECONDS", 0.6)
    if drip:
        receiver.answer, receiver.drip_seconds = b"x" * 200, 0.1
    else:
        receiver.plan = [(200, 30.0)]
    add(till, receiver.url)
    happen(merchant)
    began = time.monotonic()
    deliver()
    assert time.monotonic() - began < 12  # the endpoint takes 20 or more
    attempt = the_delivery(merchant).attempts.get()
    assert attempt.status is None
    assert attempt.error.startswith("no answer within")
    assert the_delivery(merchant).state == "waiting"


def test_nobody_there(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """A refused connection is an attempt like any other."""
    with receiving() as closed:
        url = closed.url
    add(till, url)
    happen(merchant)
    deliver()
    assert the_delivery(merchant).attempts.get().error.startswith("ConnectError")


@pytest.mark.parametrize("answer", [b"\x00\xff" * 3000, b"\xf0\x9f\x8d\xb5" * 2000], ids=["binary", "long"])
def test_any_answer_can_be_stored(
    merchant: Merchant, till: Caller, receiver: Receiver, answer: bytes
) -> None:
    """Zero bytes, broken UTF-8, a lot of text."""
    receiver.answer = answer
    add(till, receiver.url)
    happen(merchant)
    deliver()
    assert len(the_delivery(merchant).attempts.get().answer) <= 1000


def test_a_slow_endpoint_delays_nobody(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Others are told while it makes us wait, and it never has more than its share under way."""
    with receiving() as quick:
        add(till, receiver.url)
        other = a_merchant()
        add(caller(other), quick.url)
        for _ in range(8):
            happen(merchant)
        for _ in range(3):
            happen(other)
        receiver.answers_when = others_are_told = Event()
        watcher = Thread(target=set_when_told, args=(others_are_told, quick, 3), daemon=True)
        watcher.start()
        assert deliver() == 11
        watcher.join(20)
        assert others_are_told.is_set()
    assert len(receiver.heard) == 8
    assert receiver.most_at_once <= flow.UNDER_WAY_TO_ONE
    attempts = WebhookAttempt.objects.filter(delivery__endpoint__merchant=merchant)
    assert {attempt.status for attempt in attempts} == {200}


def set_when_told(told: Event, receiver: Receiver, count: int) -> None:
    """Set it as soon as so many requests have arrived; never where they don't come in ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if len(receiver.heard) >= count:
            told.set()
            return
        time.sleep(0.01)


def test_a_deleted_endpoint_hears_nothing_more(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """What waits for it ends at once; its history stays."""
    added = add(till, receiver.url)
    receiver.plan = [(500, 0.0)]
    happen(merchant)
    deliver()
    assert till.delete(f"webhook-endpoints/{added['id']}").status_code == 204
    happen(merchant)
    deliver()
    delivery = the_delivery(merchant)
    assert (delivery.state, delivery.attempts_made) == ("given_up", 1)
    assert len(receiver.heard) == 1
    assert WebhookAttempt.objects.filter(delivery=delivery).count() == 1


def test_dying_between_sending_and_noting(
    merchant: Merchant, till: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent again after the claim's minute, under the same id: at least once."""
    add(till, receiver.url)
    happen(merchant)
    with monkeypatch.context() as patched:
        patched.setattr(flow, "note", _die)
        with pytest.raises(KeyboardInterrupt):
            flow.deliver_webhooks()
    assert deliver() == 0
    with clock.moved(flow.CLAIMED_FOR + timedelta(seconds=1)):
        assert deliver() == 1
    assert the_delivery(merchant).state == "delivered"
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1
    assert len(receiver.heard) == 2


def _die(*_said: object) -> None:
    raise KeyboardInterrupt


def test_an_address_that_may_no_longer_be_called(
    merchant: Merchant, till: Caller, receiver: Receiver, settings: Any
) -> None:
    """What may be called is asked again before every attempt."""
    add(till, receiver.url)
    happen(merchant)
    settings.DEBUG = False
    deliver()
    assert receiver.heard == []
    assert "may not be called" in the_delivery(merchant).attempts.get().error


def test_a_backlog_hides_nobody(merchant: Merchant, till: Caller, receiver: Receiver) -> None:
    """Every endpoint's first comes before any endpoint's second."""
    mine = WebhookEndpoint.objects.get(pk=_endpoint_id(add(till, receiver.url)))
    other = a_merchant()
    theirs = WebhookEndpoint.objects.get(pk=_endpoint_id(add(caller(other), receiver.url)))
    tell_endpoints([outbox.event("order.placed", "ord_x", merchant_id=merchant.pk) for _ in range(50)])
    tell_endpoints([outbox.event("order.placed", "ord_x", merchant_id=other.pk) for _ in range(2)])
    claimed = [delivery.endpoint_id for delivery in flow.claim()]
    assert claimed.count(mine.pk) == flow.UNDER_WAY_TO_ONE
    assert claimed.count(theirs.pk) == 2


def _endpoint_id(added: dict[str, Any]) -> Any:
    from common.ids import parse_public_id

    return parse_public_id("whe", added["id"])


def test_httpx_is_told_to_follow_nothing() -> None:
    """The library's own default could change."""
    with gateway.Courier() as courier:
        assert courier._client.follow_redirects is False
        assert isinstance(courier._client, httpx.AsyncClient)
