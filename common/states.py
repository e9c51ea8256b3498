"""States in the database: a trigger that lets only the verbs' own steps through.

The verbs (django-fsm) are the only way in Python; the trigger keeps raw SQL and bulk statements
as honest. A migration freezes the steps; a test compares them with the verbs.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import migrations, models
from django_fsm import FSMField

Step = tuple[str, str]


def steps_of(model: type[models.Model], field: str = "state") -> set[Step]:
    """Every (from, to) that a verb of the model makes; a step that stays is none."""
    found = model._meta.get_field(field)
    assert isinstance(found, FSMField)
    return {
        (str(step.source), str(step.target))
        for step in found.get_all_transitions(model)
        if step.source != step.target
    }


def guard(table: str, steps: Iterable[Step]) -> migrations.RunSQL:
    """A migration's operation: (re)place the trigger on `table.state` that allows these steps."""
    allowed = ", ".join(f"'{source}>{target}'" for source, target in sorted(steps))
    return migrations.RunSQL(
        sql=f"""
CREATE OR REPLACE FUNCTION {table}_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state || '>' || NEW.state = ANY (ARRAY[{allowed}])) THEN
        RAISE EXCEPTION '{table}: no verb leads from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS {table}_state_guard ON {table};
CREATE TRIGGER {table}_state_guard BEFORE UPDATE OF state ON {table}
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION {table}_state_guard();
""",
        reverse_sql=f"""
DROP TRIGGER IF EXISTS {table}_state_guard ON {table};
DROP FUNCTION IF EXISTS {table}_state_guard();
""",
    )
