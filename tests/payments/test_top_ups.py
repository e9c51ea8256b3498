"""`POST me/top-ups`: money into the wallet through a gateway."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from common.money import MAX_AMOUNT_MINOR
from payments.models import Payment, PaymentKind
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("agrees")


def wallet(cast: Cast) -> int:
    return int(cast.poor_key.get("me").body["wallet"]["balance"])


def test_it_settles_before_the_answer(cast: Cast) -> None:
    answer = cast.poor_key.post("me/top-ups", {"amount": 5_000, "currency": "CNY"})
    assert answer.status == 201
    top_up = answer.body
    assert (top_up["kind"], top_up["state"], top_up["source"]) == ("top_up", "succeeded", "sandbox")
    assert (top_up["amount"], top_up["paid"], top_up["order"]) == (5_000, 5_000, None)
    assert wallet(cast) == 5_000


def test_the_gateway_can_be_named(cast: Cast) -> None:
    asked = {"amount": 1, "currency": "CNY", "gateway": "sandbox"}
    assert cast.poor_key.post("me/top-ups", asked).status == 201


def test_one_that_takes_its_time_is_pending_and_puts_nothing_in(cast: Cast) -> None:
    asked = {"amount": 700, "currency": "CNY", "scenario": "redirect"}
    answer = cast.poor_key.post("me/top-ups", asked)
    assert (answer.status, answer.body["state"]) == (201, "pending")
    assert answer.body["redirect_url"].startswith("http://testserver/sandbox/")
    assert wallet(cast) == 0


def test_one_whose_answer_is_lost_is_unknown(cast: Cast) -> None:
    asked = {"amount": 700, "currency": "CNY", "scenario": "timeout"}
    answer = cast.poor_key.post("me/top-ups", asked)
    assert (answer.status, answer.body["state"]) == (201, "unknown")
    assert wallet(cast) == 0


def test_declined_is_a_refusal(cast: Cast) -> None:
    asked = {"amount": 700, "currency": "CNY", "scenario": "declined"}
    answer = cast.poor_key.post("me/top-ups", asked)
    assert (answer.status, answer.code) == (402, "payment_declined")
    assert Payment.objects.get(payer=cast.poor_buyer).state == "failed"
    assert wallet(cast) == 0


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("amount", 0, "min_value"),
        ("amount", -5, "min_value"),
        ("amount", MAX_AMOUNT_MINOR + 1, "max_value"),
        ("amount", 10**300, "max_value"),
        ("amount", "100", "invalid"),
        ("amount", 100.0, "invalid"),
        ("amount", True, "invalid"),
        ("amount", None, "null"),
        ("currency", "USD", "unknown_currency"),
        ("currency", "cny", "unknown_currency"),
        ("currency", "", "blank"),
        ("currency", 1, "invalid"),
        ("gateway", "wallet", "unknown_gateway"),
        ("gateway", "nobody", "unknown_gateway"),
        ("gateway", 5, "invalid"),
        ("scenario", "miracle", "unknown_scenario"),
        ("scenario", "x" * 41, "max_length"),
    ],
)
def test_bad_input(cast: Cast, field: str, value: Any, code: str) -> None:
    answer = cast.poor_key.post("me/top-ups", {"amount": 5, "currency": "CNY", field: value})
    assert (answer.status, answer.fields) == (422, {field: code})
    assert not Payment.objects.filter(payer=cast.poor_buyer).exists()


def test_the_largest_amount(cast: Cast) -> None:
    asked = {"amount": MAX_AMOUNT_MINOR, "currency": "CNY"}
    assert cast.poor_key.post("me/top-ups", asked).status == 201
    assert wallet(cast) == MAX_AMOUNT_MINOR


def test_more_than_a_day_may_take_is_refused_and_what_failed_does_not_count(
    cast: Cast, settings: Settings
) -> None:
    settings.TOP_UP_DAILY_LIMIT_MINOR = 1_000
    asked = {"amount": 1_000, "currency": "CNY"}
    assert cast.poor_key.post("me/top-ups", {**asked, "scenario": "declined"}).status == 402
    assert cast.poor_key.post("me/top-ups", {**asked, "amount": 1_001}).code == "top_up_limit"
    assert cast.poor_key.post("me/top-ups", asked).status == 201
    answer = cast.poor_key.post("me/top-ups", {**asked, "amount": 1})
    assert (answer.status, answer.code) == (409, "top_up_limit")


def test_a_top_up_is_no_payment_of_any_merchant(cast: Cast) -> None:
    top_up = Payment.objects.get(payer=cast.buyer, kind=PaymentKind.TOP_UP)
    assert cast.owner_key.get("payments").body["results"] == []
    assert cast.owner_key.get(f"payments/{top_up.public_id}").status == 404


def test_only_a_buyers_token(cast: Cast) -> None:
    asked = {"amount": 1, "currency": "CNY"}
    assert cast.owner_key.post("me/top-ups", asked).code == "forbidden"
    assert cast.app_key.post("me/top-ups", asked).code == "forbidden"
    assert cast.nobody.post("me/top-ups", asked).code == "unauthenticated"
