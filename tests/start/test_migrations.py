"""Our tables, taken away by their migrations and made again: nothing is left, and the same comes back."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db

_THERE = """
SELECT 'relation', c.relname, c.relkind::text FROM pg_class c WHERE c.relnamespace = s.oid
UNION ALL SELECT 'index', c.relname, pg_get_indexdef(c.oid) FROM pg_class c
 WHERE c.relnamespace = s.oid AND c.relkind IN ('i', 'I')
UNION ALL SELECT 'constraint', r.conrelid::regclass || '.' || r.conname, pg_get_constraintdef(r.oid)
  FROM pg_constraint r WHERE r.connamespace = s.oid
UNION ALL SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL SELECT 'function', p.proname, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = s.oid
"""
LENT = "merchants"
"""The sign-in's tables of other projects stand on its people: they go first."""


def there() -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.* FROM pg_namespace s, LATERAL (" + _THERE + ") d WHERE s.nspname = current_schema()"
            " ORDER BY 1, 2, 3"
        )
        return list(cursor.fetchall())


def migrate(*arguments: str) -> None:
    call_command("migrate", *arguments, interactive=False, verbosity=0)


def test_back_and_forth() -> None:
    before = there()
    for app in reversed(settings.HOUSE_APPS):
        for borrower in ("mfa", "account", "admin") if app == LENT else ():
            migrate(borrower, "zero")
        migrate(app, "zero")
    ours = tuple(f"{app}_" for app in settings.HOUSE_APPS)
    assert [row for row in there() if row[1].startswith(ours)] == []
    migrate()
    ContentType.objects.clear_cache()
    assert there() == before
