"""Fixtures of the tests of merchants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from merchants.models import Merchant
from tests.merchants.cast import Caller, a_merchant, caller
from tests.merchants.receiver import Receiver, receiving


@pytest.fixture
def loopback(settings: Settings) -> None:
    """As in development: this machine may be called."""
    settings.DEBUG = True


@pytest.fixture
def receiver(loopback: None) -> Iterator[Receiver]:
    """A merchant's own web server."""
    with receiving() as found:
        yield found


@pytest.fixture
def merchant(db: None) -> Merchant:
    """The merchant at hand."""
    return a_merchant()


@pytest.fixture
def till(merchant: Merchant) -> Caller:
    """The merchant's program."""
    return caller(merchant)


@pytest.fixture
def stranger(db: None) -> Caller:
    """Another merchant's program."""
    return caller(a_merchant())
