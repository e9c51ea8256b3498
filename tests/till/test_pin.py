"""The buyer's PIN: when it is asked for, how often it may be wrong, and what a repeated request does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from common import clock
from payments.models import BuyerPin
from tests.cast import Caller, Cast
from tests.coupons.stage import collect, payment_code

pytestmark = pytest.mark.usefixtures("agrees")

PIN, WRONG = "123456", "654321"


@pytest.fixture
def with_pin(cast: Cast) -> Cast:
    assert cast.buyer_key.put("me/pin", {"pin": PIN}).status == 200
    return cast


def just_before_midnight() -> timedelta:
    """How far the clock has to be moved to stand one minute before the next midnight."""
    here = timezone.localtime(clock.now())
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return datetime.fromisoformat(midnight.isoformat()) - here - timedelta(minutes=1)


def test_a_code_with_the_pin_once_a_key(with_pin: Cast) -> None:
    """The same Idempotency-Key again is the same code, and the code pays any amount."""
    first = with_pin.buyer_key.once("key-1", "me/payment-codes", {"pin": PIN})
    assert first.status == 201
    assert with_pin.buyer_key.once("key-1", "me/payment-codes", {"pin": PIN}).content == first.content
    assert collect(with_pin.owner_key, first.body["code"], 90_000, "r-1").status == 201


def test_wrong_tries_count_under_an_idempotency_key_too(with_pin: Cast) -> None:
    answers = [
        with_pin.buyer_key.once(f"key-{place}", "me/payment-codes", {"pin": WRONG}) for place in range(6)
    ]
    assert [answer.code for answer in answers] == ["pin_wrong"] * 5 + ["pin_locked"]
    assert int(answers[5].headers["Retry-After"]) <= 15 * 60
    assert with_pin.buyer_key.post("me/payment-codes", {"pin": PIN}).code == "pin_locked"
    with clock.moved(timedelta(minutes=16)):
        assert with_pin.buyer_key.post("me/payment-codes", {"pin": PIN}).status == 201


def test_the_right_pin_begins_the_count_anew(with_pin: Cast) -> None:
    for _round in range(2):
        for _try in range(4):
            assert with_pin.buyer_key.post("me/payment-codes", {"pin": WRONG}).code == "pin_wrong"
        assert with_pin.buyer_key.post("me/payment-codes", {"pin": PIN}).status == 201


def test_changing_it_needs_the_old_one(with_pin: Cast) -> None:
    asked = with_pin.buyer_key.put("me/pin", {"pin": "222333"})
    assert (asked.status, asked.fields) == (422, {"old_pin": "required"})
    assert with_pin.buyer_key.put("me/pin", {"pin": "222333", "old_pin": PIN}).status == 200
    assert with_pin.buyer_key.post("me/payment-codes", {"pin": PIN}).code == "pin_wrong"
    assert with_pin.buyer_key.post("me/payment-codes", {"pin": "222333"}).status == 201


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "１２３４５６", "111111", "", 123456, None])
def test_what_is_no_pin(cast: Cast, pin: object) -> None:
    refused = cast.buyer_key.put("me/pin", {"pin": pin})
    assert (refused.status, list(refused.fields)) == (422, ["pin"])
    assert not BuyerPin.objects.filter(person=cast.buyer).exists()


def test_a_pin_said_where_there_is_none_is_not_held_against_anybody(cast: Cast) -> None:
    assert collect(cast.owner_key, payment_code(cast.buyer_key, pin=PIN), 90_000, "r-1").status == 201


def test_setting_one_ends_the_code_that_is_shown(cast: Cast) -> None:
    code = payment_code(cast.buyer_key)
    cast.buyer_key.put("me/pin", {"pin": PIN})
    assert collect(cast.owner_key, code, 90_000, "r-1").code == "payment_code_invalid"


def test_exactly_the_amount_needs_none(with_pin: Cast) -> None:
    assert collect(with_pin.owner_key, payment_code(with_pin.buyer_key), 50_000, "r-1").status == 201
    assert collect(with_pin.owner_key, payment_code(with_pin.buyer_key), 50_001, "r-2").code == "pin_required"


def test_after_so_many_a_day_and_anew_at_midnight(with_pin: Cast) -> None:
    with clock.moved(just_before_midnight()):
        key = Caller(with_pin.buyer_key.key)
        for place in range(5):
            assert collect(with_pin.owner_key, payment_code(key), 100, f"r-{place}").status == 201
        assert collect(with_pin.owner_key, payment_code(key), 100, "r-5").code == "pin_required"
        assert collect(with_pin.owner_key, payment_code(key, pin=PIN), 100, "r-5").status == 201
        with clock.moved(timedelta(minutes=2)):
            assert collect(with_pin.owner_key, payment_code(key), 100, "r-6").status == 201
