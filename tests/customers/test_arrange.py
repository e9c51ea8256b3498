"""Arranging the conversion block: what the steps may be, and every "no"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from common.models import AuditEntry
from common.refusals import InvalidInput
from customers.flows.save_steps import MAX_STEPS, StepWish, save_steps
from customers.models import ConversionStep
from customers.queries import (
    steps_of as present_steps,
)
from merchants.models import Merchant
from tests.customers.stage import (
    buy,
    convert,
    message,
    wallet_buyer,
)

pytestmark = pytest.mark.django_db


def audited(merchant: Merchant, verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(merchant_id=merchant.pk, verb=verb).order_by("pk"))


def wrong(call: Callable[[], Any]) -> dict[str, str]:
    """Field → code of the `InvalidInput` that a call raises."""
    with pytest.raises(InvalidInput) as refused:
        call()
    return {problem.field: problem.code for problem in refused.value.problems}


def test_a_new_merchant_shows_its_card_only(merchant: Merchant) -> None:
    assert [(step.kind, step.also_returning) for step in present_steps(merchant)] == [("contact_card", True)]
    assert not ConversionStep.objects.filter(merchant=merchant).exists()


def test_steps_are_replaced_as_a_whole_and_kept_in_order(merchant: Merchant) -> None:
    save_steps(merchant, [StepWish("tag", {"tag": "New"}), StepWish("assign"), StepWish("contact_card")])
    save_steps(merchant, [StepWish("contact_card"), message("sms"), StepWish("tag", {"tag": "New"})])
    assert [step.kind for step in present_steps(merchant)] == ["contact_card", "message", "tag"]
    assert ConversionStep.objects.filter(merchant=merchant).exclude(retired_at=None).count() == 4
    save_steps(merchant, [])
    assert present_steps(merchant) == []
    convert(buy(merchant, wallet_buyer()))
    assert present_steps(merchant) == []
    assert len(audited(merchant, "customers.steps")) == 3


def test_a_webhooks_secret_stays_with_its_address(merchant: Merchant) -> None:
    wish = message("webhook", url="https://shop.example/hook")
    first = save_steps(merchant, [wish])[0].secret_sealed
    again = save_steps(merchant, [StepWish("contact_card"), wish])[1].secret_sealed
    other = save_steps(merchant, [message("webhook", url="https://shop.example/other")])[0].secret_sealed
    assert first is not None
    assert again is not None
    assert other is not None
    assert bytes(again) == bytes(first) != bytes(other)


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        (StepWish("welcome_coupon"), {"steps.0.kind": "unknown"}),
        (StepWish("contact_card", {"colour": "red"}), {"steps.0.colour": "unknown"}),
        (StepWish("tag", {}), {"steps.0.tag": "invalid"}),
        (StepWish("tag", {"tag": 7}), {"steps.0.tag": "invalid"}),
        (StepWish("assign", {"roles": ["king"]}), {"steps.0.roles": "invalid"}),
        (StepWish("assign", {"roles": "owner"}), {"steps.0.roles": "invalid"}),
        (StepWish("assign", {"roles": [["owner"]]}), {"steps.0.roles": "invalid"}),
        (message("pigeon"), {"steps.0.channel": "invalid"}),
        (message("sms", ""), {"steps.0.text": "required"}),
        (message("sms", "x" * 1001), {"steps.0.text": "too_long"}),
        (message("sms", "Hello {phone}"), {"steps.0.text": "unknown_placeholder"}),
        (message("sms", "Hello {name.__class__}"), {"steps.0.text": "unknown_placeholder"}),
        (StepWish("message", {"channel": "sms", "text": ["x"]}), {"steps.0.text": "invalid"}),
        (StepWish("message", {"channel": ["sms"], "text": "x"}), {"steps.0.channel": "invalid"}),
        (message("email", subject="{secret}"), {"steps.0.subject": "unknown_placeholder"}),
        (message("webhook"), {"steps.0.url": "required"}),
        (message("webhook", url="http://shop.example/"), {"steps.0.url": "invalid"}),
        (message("webhook", url="https://127.0.0.1/"), {"steps.0.url": "invalid"}),
        (message("webhook", url="https://a:b@shop.example/"), {"steps.0.url": "invalid"}),
    ],
)
def test_settings_that_do_not_fit(merchant: Merchant, wish: StepWish, problem: dict[str, str]) -> None:
    assert wrong(lambda: save_steps(merchant, [wish])) == problem
    assert not ConversionStep.objects.filter(merchant=merchant).exists()


def test_all_that_is_wrong_is_said_at_once(merchant: Merchant) -> None:
    problems = wrong(
        lambda: save_steps(merchant, [StepWish("tag"), StepWish("contact_card"), StepWish("no")])
    )
    assert problems == {"steps.0.tag": "invalid", "steps.2.kind": "unknown"}
    too_many = [StepWish("contact_card")] * (MAX_STEPS + 1)
    assert wrong(lambda: save_steps(merchant, too_many)) == {"steps": "too_many"}
