"""The database's guards of states allow exactly what the verbs do."""

from __future__ import annotations

import re

import pytest
from django.db import connection, models

from common.diagrams import stateful_models
from common.states import steps_of


@pytest.mark.django_db
@pytest.mark.parametrize("model", list(stateful_models()), ids=lambda model: model._meta.label)
def test_guard_allows_the_steps_of_the_verbs(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = %s::regclass AND t.tgname LIKE '%%_state_guard'",
            [model._meta.db_table],
        )
        row = cursor.fetchone()
    assert row is not None, f"{model._meta.label} has no guard: add one in a migration (common.states.guard)"
    allowed = set(re.findall(r"'(\w+)>(\w+)'", row[0]))
    assert allowed == steps_of(model)
