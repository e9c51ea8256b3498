"""The editor of the conversion steps: a list of small forms that works without JavaScript.

Buttons named `do` ask for one change of the list (`up-1`, `down-1`, `remove-1`, `add`); the page is
drawn again with what was typed so far, and nothing is kept until `save`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from common.refusals import InvalidInput
from customers.flows.save_steps import MAX_STEPS, StepWish
from customers.models import ConversionStep
from customers.steps import REGISTRY
from customers.steps.base import StepKind
from customers.steps.message import CHANNELS
from merchants.models.merchants import Role

MAX_TYPED = 5000


@dataclass(slots=True)
class StepDraft:
    """One step as it stands in the editor, with what is wrong with it."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    also_returning: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def known(self) -> StepKind | None:
        """The kind's own description."""
        return REGISTRY.get(self.kind)

    def wish(self) -> StepWish:
        """What `save_steps` takes."""
        return StepWish(self.kind, self.settings, self.also_returning)


def drafts_of(steps: Sequence[ConversionStep]) -> list[StepDraft]:
    """The steps as they are kept."""
    return [StepDraft(step.kind, dict(step.settings), step.also_returning) for step in steps]


def read_drafts(posted: QueryDict) -> list[StepDraft]:
    """The steps as the editor sent them; what is no step of this version is left out."""
    drafts = []
    for place in range(MAX_STEPS + 1):
        kind = REGISTRY.get(posted.get(f"kind-{place}", ""))
        if kind is not None:
            settings = {name: value for name in sorted(kind.fields) if (value := _value(posted, name, place))}
            drafts.append(StepDraft(kind.name, settings, f"also-{place}" in posted))
    return drafts


def _value(posted: QueryDict, name: str, place: int) -> Any:
    key = f"{name}-{place}"
    if name == "roles":
        return [role for role in posted.getlist(key) if role in Role.values]
    return posted.get(key, "")[:MAX_TYPED]


def changed(drafts: list[StepDraft], what: str, new_kind: str) -> int | None:
    """Make the change that a button asks for; the place that was changed, None where nothing was."""
    verb, _dash, digits = what.partition("-")
    if verb == "add":
        return _add(drafts, new_kind)
    place = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else -1
    if not 0 <= place < len(drafts):
        return None
    if verb == "remove":
        del drafts[place]
        return min(place, len(drafts) - 1)
    other = place + {"up": -1, "down": 1}.get(verb, 0)
    if other == place or not 0 <= other < len(drafts):
        return None
    drafts[place], drafts[other] = drafts[other], drafts[place]
    return other


def _add(drafts: list[StepDraft], kind: str) -> int | None:
    known = REGISTRY.get(kind)
    if known is None or len(drafts) >= MAX_STEPS:
        return None
    settings: dict[str, Any] = {"channel": CHANNELS[0]} if "channel" in known.fields else {}
    drafts.append(StepDraft(known.name, settings, known.also_returning))
    return len(drafts) - 1


def note_errors(drafts: Sequence[StepDraft], refused: InvalidInput) -> list[str]:
    """Put what is wrong beside its field (`steps.0.text`); what belongs to no field comes back."""
    general = []
    for problem in refused.problems:
        parts = problem.field.split(".")
        if len(parts) == 3 and parts[1].isdigit() and int(parts[1]) < len(drafts):
            drafts[int(parts[1])].errors[parts[2]] = str(problem.detail)
        else:
            general.append(str(problem.detail))
    return general


def kinds() -> Mapping[str, StepKind]:
    """The kinds that can be added."""
    return REGISTRY
