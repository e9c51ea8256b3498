"""Fixtures of the tests of customers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from merchants.models import Merchant, Person
from tests.cast import make_merchant
from tests.customers.stage import CollectingSender, wallet_buyer
from tests.merchants.receiver import Receiver, receiving


@pytest.fixture
def merchant(db: None) -> Merchant:
    """The merchant at hand."""
    return make_merchant("Lantern", contact_name="Mei", contact_phone="+86 571 8888 0000")


@pytest.fixture
def buyer(db: None) -> Person:
    """Somebody with money in the wallet."""
    return wallet_buyer(name="Li Hua")


@pytest.fixture
def texts(settings: Settings) -> list[tuple[str, str]]:
    """What the SMS provider was given: (phone, text)."""
    settings.SMS_SENDER = "tests.customers.stage.CollectingSender"
    CollectingSender.sent.clear()
    return CollectingSender.sent


@pytest.fixture
def no_texts(settings: Settings) -> None:
    """The SMS provider is down."""
    settings.SMS_SENDER = "tests.customers.stage.BrokenSender"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A merchant's own web server, which may be called as in development."""
    settings.DEBUG = True
    with receiving() as found:
        yield found
