"""`manage.py migrate`, one at a time: whoever comes second waits and finds nothing left to do."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from common import locking


class Command(migrate.Command):
    """Django's, behind a lock of the database's."""

    def handle(self, *args: Any, **options: Any) -> None:
        with locking.waiting_turn("migrate"):
            super().handle(*args, **options)
