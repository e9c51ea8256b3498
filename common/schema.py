"""Whether the database's tables are those of the models: for a start that finds data of another state."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

_COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND a.attnum > 0 AND NOT a.attisdropped
"""


def unknown_migrations() -> list[str]:
    """Steps of ours that the database has gone through and that are not among the files any more."""
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    known = loader.disk_migrations
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in settings.HOUSE_APPS and (app, name) not in known
    )


def missing_columns() -> list[str]:
    """What models of ours have and the database has not, as `table.column`."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        there = set(cursor.fetchall())
    return sorted(
        f"{model._meta.db_table}.{field.column}"
        for app in settings.HOUSE_APPS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.column and (model._meta.db_table, field.column) not in there
    )
