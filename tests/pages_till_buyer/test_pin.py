"""The PIN's page: setting, changing, and when it is asked for."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from common import clock
from common.models import AuditEntry
from merchants.models import Person
from payments.flows.change_pin_limits import change_pin_limits
from payments.flows.set_pin import set_pin
from payments.models import BuyerPin
from payments.pins import check_pin
from payments.refusals import PaymentCodeInvalid, PinRequired, PinWrong
from tests.cast import Cast
from tests.pages_buyer.conftest import text_of
from tests.pages_dashboard.conftest import errors
from tests.pages_till_buyer.conftest import Client, ask, collect, digits

PIN, OTHER = "135790", "246813"


def send(client: Client, **sent: str) -> Any:
    return client.post("/me/pay/pin", sent)


def limit(client: Client, **changed: str) -> Any:
    return client.post("/me/pay/pin/limits", {"above": "100", "uses": "3", "limits_pin": PIN, **changed})


def test_set_and_change(cast: Cast, buyer: Client) -> None:
    page = buyer.get("/me/pay/pin")
    assert "old_pin" not in page.content.decode()
    assert "When it is asked for" not in text_of(page)
    assert send(buyer, pin=PIN, again=PIN).status_code == 302
    assert check_pin(cast.buyer, PIN)
    page = buyer.get("/me/pay/pin")
    assert "Your PIN is set." in text_of(page)
    assert 'name="above" value="500.00"' in page.content.decode()
    assert send(buyer, old_pin=PIN, pin=OTHER, again=OTHER).status_code == 302
    assert check_pin(cast.buyer, OTHER)


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"pin": "12345", "again": "12345"}, "pin"),
        ({"pin": "abcdef", "again": "abcdef"}, "pin"),
        ({"pin": "１２３４５６", "again": "１２３４５６"}, "pin"),
        ({"pin": "111111", "again": "111111"}, "pin"),
        ({"pin": PIN, "again": OTHER}, "again"),
        ({"pin": PIN}, "again"),
        ({}, "pin"),
    ],
)
def test_what_is_no_pin(cast: Cast, buyer: Client, sent: dict[str, str], where: str) -> None:
    answer = send(buyer, **sent)
    assert answer.status_code == 422
    assert where in errors(answer)
    assert not BuyerPin.objects.filter(person=cast.buyer).exists()


def test_no_pin_is_ever_drawn(buyer: Client) -> None:
    assert PIN not in send(buyer, pin=PIN, again=OTHER).content.decode()


def test_a_wrong_old_one_changes_nothing_and_counts(cast: Cast, buyer: Client) -> None:
    set_pin(cast.buyer, PIN)
    answer = send(buyer, old_pin=OTHER, pin=OTHER, again=OTHER)
    assert (answer.status_code, list(errors(answer))) == (422, ["old_pin"])
    assert check_pin(cast.buyer, PIN)
    with pytest.raises(PinWrong):
        check_pin(cast.buyer, OTHER)
    for _more in range(4):  # with the one before five
        send(buyer, old_pin=OTHER, pin=OTHER, again=OTHER)
    assert "Too many wrong PINs" in text_of(send(buyer, old_pin=PIN, pin=OTHER, again=OTHER))


def test_limits_need_the_pin_and_hold_at_once(cast: Cast, buyer: Client) -> None:
    set_pin(cast.buyer, PIN)
    shown = ask(buyer)
    assert limit(buyer).status_code == 302
    kept = BuyerPin.objects.get(person=cast.buyer)
    assert (kept.ask_above_minor, kept.ask_after_uses) == (10_000, 3)
    with pytest.raises(PaymentCodeInvalid):  # it was made under the old ones
        collect(cast, digits(shown), 500)
    assert collect(cast, digits(ask(buyer)), 10_000, "r-2").paid_minor == 10_000
    with pytest.raises(PinRequired):
        collect(cast, digits(ask(buyer)), 10_001, "r-3")
    assert AuditEntry.objects.filter(verb="pin.limits_changed", actor__contains=cast.buyer.pk.hex).exists()


def test_zero_asks_always(cast: Cast, buyer: Client) -> None:
    set_pin(cast.buyer, PIN)
    assert limit(buyer, uses="0").status_code == 302
    with pytest.raises(PinRequired):
        collect(cast, digits(ask(buyer)), 1)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"limits_pin": OTHER}, "limits_pin"),
        ({"limits_pin": ""}, "limits_pin"),
        ({"above": "-1"}, "above"),
        ({"above": "1.234"}, "above"),
        ({"uses": "-1"}, "uses"),
        ({"uses": "1001"}, "uses"),
        ({"uses": "x"}, "uses"),
    ],
)
def test_limits_that_do_not_fit(cast: Cast, buyer: Client, changed: dict[str, str], where: str) -> None:
    set_pin(cast.buyer, PIN)
    answer = limit(buyer, **changed)
    assert (answer.status_code, list(errors(answer, "limits"))) == (422, [where])
    kept = BuyerPin.objects.get(person=cast.buyer)
    assert (kept.ask_above_minor, kept.ask_after_uses) == (50_000, 5)


def test_limits_without_a_pin_are_refused(cast: Cast, buyer: Client) -> None:
    assert limit(buyer).status_code == 422
    assert buyer.get("/me/pay/pin/limits").status_code == 302


def test_a_locked_pin_rests_for_limits_too(cast: Cast, buyer: Client) -> None:
    set_pin(cast.buyer, PIN)
    for _try in range(5):
        limit(buyer, limits_pin=OTHER)
    assert "Too many wrong PINs" in text_of(limit(buyer))
    with clock.moved(timedelta(minutes=16)):
        change_pin_limits(cast.buyer, PIN, 1, 1)


def test_the_account_leads_there(buyer: Client) -> None:
    assert re.search(r'href="/me/pay/pin"', buyer.get("/me/account").content.decode())


def test_the_api_counts_a_wrong_pin_also_under_an_idempotency_key(cast: Cast) -> None:
    set_pin(cast.buyer, PIN)
    for place in range(2):
        wrong = cast.buyer_key.once(f"try-{place}", "me/payment-codes", {"pin": OTHER})
        assert (wrong.status, wrong.code) == (422, "pin_wrong")
    assert BuyerPin.objects.get(person=cast.buyer).wrong_count == 2


def test_limits_hold_only_with_the_pin_that_is_set_when_they_change(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the PIN between its check and the limits."""
    set_pin(cast.buyer, PIN)
    before = BuyerPin.objects.get(person=cast.buyer)

    def meanwhile(_buyer: Person) -> None:
        BuyerPin.objects.filter(person=cast.buyer).update(pin_hash=make_password(OTHER))

    monkeypatch.setattr("payments.flows.change_pin_limits.end_live_codes", meanwhile)
    with pytest.raises(PinWrong):
        change_pin_limits(cast.buyer, PIN, 1, 1)
    after = BuyerPin.objects.get(person=cast.buyer)
    assert (after.ask_above_minor, after.ask_after_uses) == (before.ask_above_minor, before.ask_after_uses)
