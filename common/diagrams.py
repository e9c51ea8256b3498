"""State diagrams drawn from the verbs, as Mermaid text; ARCHITECTURE.md holds them between marks."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models
from django_fsm import FSMField

BEGIN, END = "<!-- states: drawn by manage.py draw_states -->", "<!-- end of states -->"


def stateful_models() -> Iterator[type[models.Model]]:
    """Models of the house with a state that verbs change."""
    for model in apps.get_models():
        fields = model._meta.concrete_fields
        if any(field.name == "state" and isinstance(field, FSMField) for field in fields):
            yield model


def diagram(model: type[models.Model]) -> str:
    """One model's states and verbs as a Mermaid state diagram."""
    field = model._meta.get_field("state")
    assert isinstance(field, FSMField)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {field.default}"]
    steps = sorted(
        (str(step.source), str(step.target), step.name)
        for step in field.get_all_transitions(model)
        if step.source != step.target
    )
    lines += [f"    {source} --> {target}: {name}" for source, target, name in steps]
    return "\n".join([*lines, "```"])


def all_diagrams() -> str:
    """The section of ARCHITECTURE.md, marks included."""
    parts = [f"### {model._meta.label}\n\n{diagram(model)}" for model in stateful_models()]
    return "\n\n".join([BEGIN, *parts, END])


def redrawn(text: str) -> str:
    """A document with what stands between the marks drawn anew."""
    head, _begin, rest = text.partition(BEGIN)
    _old, _end, tail = rest.partition(END)
    return head + all_diagrams() + tail
