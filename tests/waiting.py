"""Waiting for what another thread or connection does, without guessing how long it takes."""

from __future__ import annotations

import time

from django.db import connection


def until_somebody_waits() -> None:
    """Until another connection of this database waits for a lock; not longer than 20 seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
                " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
            )
            (waiting,) = cursor.fetchone()
        if waiting:
            return
        time.sleep(0.02)
