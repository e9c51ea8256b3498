"""What the till must not learn of a coupon and its owner: looked for in everything that reaches it.

Answers, webhooks, events that webhooks are made of, log lines. The campaign's name and the deduction
are there; the coupon's id, who owns it, their phone, and the campaign's terms are not.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common import drains
from common.models import AuditEntry, OutboxEvent, Receipt
from coupons.models import Coupon
from merchants.models import WebhookDelivery
from tests.cast import Answer, Cast
from tests.coupons.stage import collect, issue, make_campaign, payment_code

pytestmark = pytest.mark.usefixtures("agrees")

HOUSE = {
    "common",
    "config",
    "coupons",
    "customers",
    "desk",
    "ledger",
    "merchants",
    "orders",
    "payments",
}
NAME = "A name that may be told"
TERMS: dict[str, Any] = {
    "value": 37,
    "cap": 2_345,
    "minimum_spend": 6_789,
    "total_quota": 7_654,
    "per_buyer_limit": 8,
}
"""37 % of 10,000 is above the cap, so that none of the figures is seen in the deduction but the cap."""

PRICE, OFF = 10_000, 2_345


class Said:
    """Stands for every logger of the house and keeps each line, whatever its level."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda *words, **facts: self.lines.append(f"{level} {words} {facts}")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Said]:
    """Everything that is logged, by the house's loggers and by others'; only SQL is left out."""
    heard = Said()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in HOUSE and hasattr(module, "_log"):
            monkeypatch.setattr(module, "_log", heard)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.INFO, "django.db.backends"):
        yield heard


class Till:
    """A merchant's till: every answer that it had."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.heard: list[Answer] = []

    def collect(self, code: str, amount: int, reference: str) -> Answer:
        return self._hear(collect(self.cast.owner_key, code, amount, reference))

    def reverse(self, payment: str) -> Answer:
        return self._hear(self.cast.owner_key.post(f"payments/{payment}/reverse", {"reason": "wrong price"}))

    def look(self, payment: str) -> None:
        for path in (f"payments/{payment}", "payments", "balance"):
            self._hear(self.cast.owner_key.get(path))

    def _hear(self, answer: Answer) -> Answer:
        self.heard.append(answer)
        return answer

    @property
    def text(self) -> str:
        return "\n".join(f"{dict(answer.headers)} {answer.content.decode()}" for answer in self.heard)


def day_at_the_till(cast: Cast, till: Till) -> tuple[list[str], Answer, Answer, Answer]:
    """Refused, sold, reversed, refused for want of money; the secrets, and what was answered."""
    campaign = make_campaign(cast, name=NAME, kind="percent", **TERMS)
    coupon = issue(cast, campaign)
    refused = _armed_sale(cast, till, coupon, TERMS["minimum_spend"] - 1, "r-1")
    sold = _armed_sale(cast, till, coupon, PRICE, "r-2")
    till.look(sold.body["id"])
    reversed_ = till.reverse(sold.body["id"])
    short = _armed_sale(cast, till, coupon, 900_000_000, "r-3")
    assert (refused.status, short.status) == (409, 402)
    row = Coupon.objects.get(owner=cast.buyer)
    owner, phone = cast.buyer, str(cast.buyer.phone)
    ids = [value for key in (row.pk, owner.pk, row.campaign_id) for value in (key.hex, str(key))]
    return [*ids, phone, phone.removeprefix("+86")], refused, sold, reversed_


def _armed_sale(cast: Cast, till: Till, coupon: str, amount: int, reference: str) -> Answer:
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    return till.collect(payment_code(cast.buyer_key), amount, reference)


def test_the_till_hears_the_campaign_s_name_and_the_deduction_and_nothing_else(cast: Cast) -> None:
    till = Till(cast)
    secrets, refused, sold, reversed_ = day_at_the_till(cast, till)
    for body in (sold.body, reversed_.body):
        assert body["coupon"] == {"campaign_name": NAME}
        assert (body["deduction"], body["paid"]) == (OFF, PRICE - OFF)
    assert set(refused.body) == {"type", "title", "status", "detail", "code"}
    assert not {secret for secret in secrets if secret in till.text}
    assert not any(str(figure) in refused.content.decode() for figure in TERMS.values())
    assert not [name for name in ("minimum_spend", "total_quota") if is_told(TERMS[name], till.text)]
    assert is_told(OFF, till.text)
    assert is_told(PRICE, till.text)


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ('{"minimum_spend": 6789}', True),
        ("from ¥67.89 on", True),
        ("from ¥ 67.89.", True),
        ("least:6789,", True),
        ("019f6789-6789-7abc-8def-0123456789ab", False),
        ("2026-11-21T16:18:12.678901Z", False),
        ("16789", False),
        ("167.89", False),
    ],
)
def test_a_figure_is_found_as_itself_and_not_inside_of_an_id_or_a_time(text: str, is_there: bool) -> None:
    assert is_told(6_789, text) is is_there


def is_told(figure: int, text: str) -> bool:
    """Whether an amount stands in it, in minor units or written for people; ids and times hold any digits."""
    without_ids = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+", "", text)
    written = f"{figure}|{figure // 100}\\.{figure % 100:02d}"
    return re.search(rf"(?<![\w.])({written})(?!\w|\.\d)", without_ids) is not None


def test_no_webhook_tells_more(cast: Cast) -> None:
    """An endpoint that wants everything; all that was stored to be sent to it."""
    added = cast.owner_key.post("webhook-endpoints", {"url": "https://shop.example/hook", "events": ["*"]})
    assert added.status == 201
    secrets, _refused, sold, _reversed = day_at_the_till(cast, Till(cast))
    drains.run("outbox")
    bodies = list(WebhookDelivery.objects.filter(endpoint__merchant=cast.merchant).order_by("pk"))
    told = {body["type"]: body["data"] for body in (json.loads(row.body) for row in bodies)}
    assert {"payment.collected", "payment.reversed"} <= told.keys()
    for name, state in (("payment.collected", "succeeded"), ("payment.reversed", "reversed")):
        data = told[name]
        assert (data["id"], data["reference"], data["state"]) == (sold.body["id"], "r-2", state)
        assert (data["coupon"], data["deduction"]) == ({"campaign_name": NAME}, OFF)
    assert not {secret for secret in secrets for row in bodies if secret in row.body}
    assert not any(row.event_name.startswith("coupon.") for row in bodies)


def test_no_event_that_is_the_merchant_s_tells_more(cast: Cast) -> None:
    """Events without a merchant are for the campaign's own figures; no webhook is made of them."""
    secrets, *_answers = day_at_the_till(cast, Till(cast))
    events = list(OutboxEvent.objects.filter(merchant_id=cast.merchant.pk, name__startswith="payment."))
    assert {event.name for event in events} == {"payment.collected", "payment.reversed"}
    assert not {secret for secret in secrets for event in events if secret in repr(event.payload)}
    of_coupons = OutboxEvent.objects.filter(name__startswith="coupon.")
    assert of_coupons.exists()
    assert not of_coupons.exclude(merchant_id=None).exists()
    assert not Receipt.objects.filter(event__in=of_coupons, consumer="webhooks").exists()
    entries = AuditEntry.objects.filter(merchant_id=cast.merchant.pk, verb__startswith="payment.")
    assert not {secret for secret in secrets for entry in entries if secret in repr(entry.__dict__)}


def test_no_line_of_the_log_tells_more(cast: Cast, said: Said, caplog: pytest.LogCaptureFixture) -> None:
    """The till's requests, refused and not, and what follows of them."""
    campaign = make_campaign(cast, name=NAME, kind="percent", **TERMS)
    coupon = issue(cast, campaign)
    assert cast.buyer_key.post(f"me/coupons/{coupon}/use").status == 200
    code, till = payment_code(cast.buyer_key), Till(cast)
    said.lines.clear()
    caplog.clear()
    sold = till.collect(code, PRICE, "r-1")
    till.look(sold.body["id"])
    till.reverse(sold.body["id"])
    till.collect(code, PRICE, "r-2")
    drains.run("outbox")
    text = "\n".join([*said.lines, caplog.text])
    row = Coupon.objects.get(owner=cast.buyer)
    secrets = [value for key in (row.pk, cast.buyer.pk) for value in (key.hex, str(key))]
    assert "/api/v1/till/collect" in text
    assert not {secret for secret in (*secrets, str(cast.buyer.phone)[3:], code) if secret in text}


def test_what_a_secret_would_look_like_is_found(cast: Cast) -> None:
    """Control: the buyer's own answers hold what is looked for."""
    till = Till(cast)
    secrets, *_answers = day_at_the_till(cast, till)
    mine = cast.buyer_key.get("me/coupons").content.decode() + cast.buyer_key.get("me").content.decode()
    assert len({secret for secret in secrets if secret in mine}) >= 3
