"""Arranging the conversion block: the merchant's steps, all at once and in order."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from common import audit, clock, locking
from common.refusals import FieldProblem, InvalidInput
from common.secrets import seal
from customers.default_steps import ensure_steps
from customers.models import ConversionStep
from customers.refusals import StepsChanged
from customers.steps import REGISTRY
from merchants.models import Merchant

MAX_STEPS = 20
_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class StepWish:
    """One step as it is asked for; without `also_returning` its kind decides."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    also_returning: bool | None = None


def save_steps(merchant: Merchant, wishes: Sequence[StepWish]) -> list[ConversionStep]:
    """Replace the merchant's steps. What is under way ends as it was begun.

    Raises `InvalidInput` (fields named `steps.0.text`), and `StepsChanged` where somebody else
    saved at the same time.
    """
    steps = _read(merchant, wishes)
    try:
        with locking.transaction():
            ensure_steps([merchant.pk])
            _replace(merchant, steps)
            kinds = [step.kind for step in steps]
            audit.record(
                "customers.steps", f"merchant:{merchant.pk.hex}", merchant_id=merchant.pk, kinds=kinds
            )
    except IntegrityError as error:
        raise StepsChanged from error
    return steps


def _replace(merchant: Merchant, steps: Sequence[ConversionStep]) -> None:
    present = ConversionStep.objects.filter(merchant=merchant, retired_at=None)
    secrets_by_url = {
        step.settings.get("url"): step.secret_sealed for step in present if step.secret_sealed is not None
    }
    present.update(retired_at=clock.now())
    for step in steps:
        if "url" in step.settings:
            step.secret_sealed = secrets_by_url.get(step.settings["url"]) or seal(_new_secret())
    ConversionStep.objects.bulk_create(steps)


def _new_secret() -> bytes:
    """A secret as Standard Webhooks write them."""
    return b"whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES))


def _read(merchant: Merchant, wishes: Sequence[StepWish]) -> list[ConversionStep]:
    if len(wishes) > MAX_STEPS:
        raise InvalidInput(
            FieldProblem("steps", "too_many", _("At most %(most)d steps.") % {"most": MAX_STEPS})
        )
    steps: list[ConversionStep] = []
    problems: list[FieldProblem] = []
    for position, wish in enumerate(wishes):
        try:
            steps.append(_step(merchant, position, wish))
        except InvalidInput as invalid:
            problems += _placed(position, invalid)
    if problems:
        raise InvalidInput(*problems)
    return steps


def _placed(position: int, invalid: InvalidInput) -> Iterator[FieldProblem]:
    for problem in invalid.problems:
        yield FieldProblem(f"steps.{position}.{problem.field}", problem.code, problem.detail)


def _step(merchant: Merchant, position: int, wish: StepWish) -> ConversionStep:
    kind = REGISTRY.get(wish.kind)
    if kind is None:
        raise InvalidInput(FieldProblem("kind", "unknown", _("There is no such step.")))
    return ConversionStep(
        merchant=merchant,
        position=position,
        kind=wish.kind,
        settings=kind.clean(wish.settings),
        also_returning=kind.also_returning if wish.also_returning is None else wish.also_returning,
    )
