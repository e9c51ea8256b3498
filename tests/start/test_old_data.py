"""A start over data from before the first release: it goes on where the tables fit, and says so where not."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from common import schema
from common.management.commands.start import Command

pytestmark = pytest.mark.django_db


def gone_through(name: str) -> None:
    MigrationRecorder(connection).record_applied("orders", name)


def test_ours_fit() -> None:
    assert schema.unknown_migrations() == []
    assert schema.missing_columns() == []


def test_goes_on_where_all_is_there() -> None:
    gone_through("0010_feed_notes")
    assert schema.unknown_migrations() == ["orders.0010_feed_notes"]
    Command()._migrate()


def test_says_what_to_do_where_something_is_missing() -> None:
    gone_through("0003_order_awaits")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order DROP COLUMN unredeemed")
    assert schema.missing_columns() == ["orders_order.unredeemed"]
    with pytest.raises(CommandError, match=r"orders_order\.unredeemed does not fit.*start again"):
        Command()._migrate()


def test_says_so_where_a_step_fails() -> None:
    gone_through("0003_order_awaits")
    recorder = MigrationRecorder(connection)
    for app, name in (
        ("orders", "0002_state_guards"),
        ("refunds", "0001_initial"),
        ("refunds", "0002_guards"),
    ):
        recorder.record_unapplied(app, name)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_callrecord RENAME TO not_there_yet")
    with pytest.raises(CommandError, match="before its first release"):
        Command()._migrate()
