"""What is old goes, what is not stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, outbox
from common.housekeeping import keep_house
from common.idempotency import KEPT
from common.ids import new_id
from common.models import OutboxEvent, Receipt, RememberedAnswer
from merchants.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from orders.models import PrintedCode, Scan
from tests.cast import Cast


@pytest.mark.django_db
def test_old_answers_go_and_young_ones_stay() -> None:
    for name, age in (("old", KEPT + timedelta(minutes=1)), ("young", KEPT - timedelta(minutes=1))):
        RememberedAnswer.objects.create(
            credential="key:1", key=name, fingerprint=b"x", created_at=clock.now() - age
        )
    keep_house()
    assert [answer.key for answer in RememberedAnswer.objects.all()] == ["young"]


@pytest.mark.django_db
def test_receipts_go_when_done_long_ago_and_events_stay() -> None:
    with clock.moved(-timedelta(days=31)):
        outbox.emit("order.placed", "ord_1")
        long_ago = clock.now()
    event = OutboxEvent.objects.get()
    Receipt.objects.create(event=event, consumer="old", done_at=long_ago)
    Receipt.objects.create(event=event, consumer="stuck", due_at=long_ago)
    outbox.emit("order.placed", "ord_2")
    young = OutboxEvent.objects.get(subject="ord_2")
    Receipt.objects.create(event=young, consumer="young", done_at=clock.now())
    assert keep_house() == 1
    assert {receipt.consumer for receipt in Receipt.objects.all()} == {"stuck", "young"}
    assert OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_ended_deliveries_and_old_scans_go(cast: Cast) -> None:
    endpoint = WebhookEndpoint.objects.create(
        merchant=cast.merchant, url="http://127.0.0.1/", secret_sealed=b""
    )
    kept = {}
    for days, state in ((91, "delivered"), (91, "waiting"), (89, "given_up")):
        with clock.moved(-timedelta(days=days)):
            made = WebhookDelivery(endpoint=endpoint, event_id=new_id(), body="{}", state=state)
            made.save()
            WebhookAttempt.objects.create(delivery=made, status=200)
            kept[days, state] = made.pk
    code = PrintedCode.objects.create(merchant=cast.merchant, kind="table", name="1")
    for days in (3, 0):
        with clock.moved(-timedelta(days=days)):
            Scan.objects.create(code=code, visitor="v", day=clock.today())
    keep_house()
    left = set(WebhookDelivery.objects.filter(endpoint=endpoint).values_list("pk", flat=True))
    assert left == {kept[91, "waiting"], kept[89, "given_up"]}
    assert WebhookAttempt.objects.filter(delivery__endpoint=endpoint).count() == 2
    assert [scan.day for scan in Scan.objects.filter(code=code)] == [clock.today()]
