"""ARCHITECTURE.md shows the states as they are in the code."""

from __future__ import annotations

from django.conf import settings

from common.diagrams import redrawn


def test_state_diagrams_are_those_of_the_code() -> None:
    text = (settings.BASE_DIR / "ARCHITECTURE.md").read_text()
    assert text == redrawn(text), "run: manage.py draw_states"
