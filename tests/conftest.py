"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django.plugin import DjangoDbBlocker

from common import clock
from tests.cast import agrees as agrees, cast as cast


@pytest.fixture(autouse=True)
def clock_as_it_was() -> Iterator[None]:
    """However far a test moves this process's clock, the next one finds it where it belongs."""
    before = clock.offset()
    yield
    clock.advance(before - clock.offset())


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Make the test database, whichever tests are chosen.

    pytest-django makes it only where a test asks for its own fixtures; `committed` alone would find
    the project's database instead.
    """
    with django_db_blocker.unblock():
        made = setup_databases(
            request.config.option.verbose,
            interactive=False,
            aliases={"default": None},
            serialized_aliases=set(),
        )
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(made, request.config.option.verbose)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database with real commits, seen by several connections and threads.

    Nothing is taken back afterwards: the ledger refuses DELETE and TRUNCATE. So a test that uses
    this makes a merchant of its own and looks at nothing else.
    """
    with django_db_blocker.unblock():
        yield
        connections.close_all()
