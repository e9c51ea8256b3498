"""Codes that were never issued: how many a till may send, and what does not count as one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache

from common import clock
from payments import guessing
from payments.models import CodeGuess, PaymentCode
from payments.payment_codes import new_code
from tests.cast import Caller, Cast
from tests.coupons.stage import collect, payment_code

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    cache.delete("payment_code_guesses")
    yield
    cache.delete("payment_code_guesses")


def guess(cast: Cast, many: int, shop: Caller | None = None) -> list[tuple[int, str | None]]:
    """Send so many codes that nobody was ever given."""
    answers = [collect(shop or cast.owner_key, new_code(), 100, f"g-{number}") for number in range(many)]
    return [(answer.status, answer.code) for answer in answers]


def guesses(cast: Cast) -> int:
    return CodeGuess.objects.filter(merchant=cast.merchant).count()


def test_sixty_guesses_and_the_till_waits(cast: Cast) -> None:
    assert set(guess(cast, guessing.ALLOWED)) == {(422, "payment_code_invalid")}
    waits = collect(cast.owner_key, new_code(), 100, "r-1")
    assert (waits.status, waits.code, waits.headers["Retry-After"]) == (429, "too_many_guesses", "600")
    assert guesses(cast) == guessing.ALLOWED


def test_a_till_that_waits_can_t_try_whether_a_code_is_right(cast: Cast) -> None:
    guess(cast, guessing.ALLOWED)
    code = payment_code(cast.buyer_key)
    assert collect(cast.owner_key, code, 100, "r-1").status == 429
    assert collect(cast.other_key, code, 100, "r-1").status == 201, "the others go on"


def test_a_till_that_waits_still_hears_what_it_has_sold(cast: Cast) -> None:
    sale = collect(cast.owner_key, payment_code(cast.buyer_key), 100, "r-1")
    guess(cast, guessing.ALLOWED)
    assert collect(cast.owner_key, new_code(), 100, "r-1").body == sale.body


def test_ten_minutes_later_it_goes_on(cast: Cast) -> None:
    guess(cast, guessing.ALLOWED)
    with clock.moved(guessing.WINDOW + timedelta(seconds=1)):
        buyer, shop = Caller(cast.buyer_key.key), Caller(cast.owner_key.key)
        assert collect(shop, payment_code(buyer), 100, "r-1").status == 201


def test_what_was_issued_once_is_no_guess(cast: Cast) -> None:
    """Used, replaced and expired codes: a cashier who scans a screen twice is no thief."""
    used = payment_code(cast.buyer_key)
    collect(cast.owner_key, used, 100, "r-0")
    replaced, expired = payment_code(cast.buyer_key), payment_code(cast.buyer_key)
    PaymentCode.objects.filter(ended_at=None).update(expires_at=clock.now() - timedelta(minutes=1))
    for number in range(guessing.ALLOWED + 3):
        code = (used, replaced, expired)[number % 3]
        assert collect(cast.owner_key, code, 100, f"r-{number + 1}").code == "payment_code_invalid"
    assert guesses(cast) == 0


@pytest.mark.parametrize("slip", ["1", "6612345678901234", "134567890123456789", "66" + "x" * 16, "６" * 18])
def test_what_can_be_no_code_is_a_slip(cast: Cast, slip: str) -> None:
    assert collect(cast.owner_key, slip, 100, "r-1").code == "payment_code_invalid"
    assert guesses(cast) == 0


def test_while_many_guess_each_may_few(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MANY", 10)
    guess(cast, 10, cast.other_key)
    cache.delete("payment_code_guesses")
    assert [status for status, _code in guess(cast, guessing.ALLOWED_WHEN_MANY + 1)] == [422] * 5 + [429]


def test_a_429_is_not_what_an_idempotency_key_remembers(cast: Cast) -> None:
    guess(cast, guessing.ALLOWED)
    asked = {"payment_code": payment_code(cast.buyer_key), "amount": 100, "reference": "r-1"}
    assert cast.owner_key.once("key-1", "till/collect", asked).status == 429
    CodeGuess.objects.all().delete()
    assert cast.owner_key.once("key-1", "till/collect", asked).status == 201
