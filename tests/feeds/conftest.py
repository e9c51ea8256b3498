"""One telephony server's database for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from common import clock
from orders.gateways import sql
from orders.models import PhoneFeed
from tests.cast import Cast
from tests.feeds.stage import Telephony, a_feed, telephony_server


@pytest.fixture(scope="session")
def telephony_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Telephony]:
    with django_db_blocker.unblock(), telephony_server() as server:
        yield server


@pytest.fixture
def telephony(
    committed: None, telephony_database: Telephony, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Telephony]:
    """A telephony server that has told of nothing yet, read by the thousand; afterwards nobody asks it."""
    monkeypatch.setattr(sql, "CHUNK", 1000)
    telephony_database.clear()
    yield telephony_database
    PhoneFeed.objects.filter(ended_at=None).update(ended_at=clock.now(), due_at=None)


@pytest.fixture
def kamailio(cast: Cast, telephony: Telephony) -> PhoneFeed:
    return a_feed(cast.merchant, secrets={"dsn": telephony.dsn})


@pytest.fixture
def asterisk(cast: Cast, telephony: Telephony) -> PhoneFeed:
    return a_feed(cast.merchant, "asterisk", secrets={"dsn": telephony.dsn})
