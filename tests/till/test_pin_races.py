"""Tries at a PIN, and setting it, raced; protections beside a control without them."""

from __future__ import annotations

from typing import Any

import pytest

from merchants.models import Person
from payments import pins
from payments.flows.set_pin import set_pin
from payments.models import BuyerPin
from tests.cast import Cast, together
from tests.till.test_races import MANY, names, unlocked

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]


def try_at_once(buyer: Person) -> list[Any]:
    return together(lambda number: pins.check_pin(buyer, f"65432{number % 10}"), MANY)


def test_of_twelve_tries_at_once_five_are_looked_at(cast: Cast) -> None:
    set_pin(cast.buyer, "123456")
    assert names(try_at_once(cast.buyer)) == {"PinWrong": pins.TRIES, "PinLocked": MANY - pins.TRIES}


def test_control_without_the_lock_twelve_are_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    set_pin(cast.buyer, "123456")
    with monkeypatch.context() as inner:
        unlocked(inner, BuyerPin, MANY)
        results = try_at_once(cast.buyer)
    assert names(results) == {"PinWrong": MANY}
    assert BuyerPin.objects.get(person=cast.buyer).wrong_count == 1


def test_of_eight_first_pins_one_is_set(cast: Cast) -> None:
    """Nobody replaces a PIN that they never said."""
    results = together(lambda number: set_pin(cast.buyer, f"12345{number}"), 8)
    assert names(results) == {"BuyerPin": 1, "InvalidInput": 7}
    (chosen,) = (number for number, result in enumerate(results) if isinstance(result, BuyerPin))
    pins.check_pin(cast.buyer, f"12345{chosen}")


def test_of_eight_changes_with_the_old_pin_one_holds(cast: Cast) -> None:
    set_pin(cast.buyer, "123456")
    results = together(lambda number: set_pin(cast.buyer, f"22333{number}", "123456"), 8)
    assert names(results)["BuyerPin"] == 1
    assert names(results).keys() <= {"BuyerPin", "InvalidInput", "PinWrong", "PinLocked"}
