"""What a kind of step is, and which kinds there are. A new one is a class in a file of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from common.refusals import FieldProblem, InvalidInput
from customers.models import ConversionStep, Customer, StepRun
from merchants.models import Merchant
from orders.models import Order


class StepFailed(Exception):
    """It did not work this time; it is tried again after a pause."""


class StepImpossible(Exception):
    """It can never work for this customer: given up at once, with this word as the reason."""


@dataclass(frozen=True, slots=True)
class Job:
    """One step to be done for one payment. `customer` is the living one (merges followed)."""

    run: StepRun
    step: ConversionStep
    customer: Customer
    merchant: Merchant
    order: Order


class StepKind(ABC):
    """One kind of step."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    help: ClassVar[str | Promise]
    also_returning: ClassVar[bool] = False
    """Whether by default it is done for those who come back, too."""
    talks: ClassVar[bool] = False
    """Whether it talks to the outside; `talk` is then called in a thread, without a database."""
    fields: ClassVar[frozenset[str]] = frozenset()
    """The names that its settings may have."""

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as they are kept; raises `InvalidInput` naming the fields that don't fit."""
        unknown = sorted(set(settings) - self.fields)
        if unknown:
            raise InvalidInput(
                *(FieldProblem(name, "unknown", _("There is no such setting.")) for name in unknown)
            )
        return self.check(settings)

    @abstractmethod
    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """As `clean`, for settings whose names are all known."""

    def talk(self, job: Job) -> None:  # noqa: B027 - most steps have nothing to tell
        """Talk to the outside, with nothing locked and no query; may happen twice, under one key.

        Raises `StepFailed` or `StepImpossible`.
        """

    def begin(self, job: Job) -> dict[str, Any]:
        """Write what has to be locked before the customer, in the same transaction as `apply`; likewise."""
        return {}

    @abstractmethod
    def apply(self, job: Job) -> dict[str, Any]:
        """Write what the step does, in the transaction that marks it done; what came of it.

        Raises `StepFailed` or `StepImpossible`, which takes the transaction back.
        """


REGISTRY: dict[str, StepKind] = {}


def register(kind: type[StepKind]) -> type[StepKind]:
    """Make a kind of step known under its name."""
    REGISTRY[kind.name] = kind()
    return kind


class UnknownStep(StepKind):
    """Stands for a kind that this version does not know: tried again, for a newer one may."""

    name = label = help = "unknown"

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        raise InvalidInput(FieldProblem("kind", "unknown", _("There is no such step.")))

    def apply(self, job: Job) -> dict[str, Any]:
        raise StepFailed("unknown_kind")


_UNKNOWN = UnknownStep()


def kind_of(job: Job) -> StepKind:
    """The kind of a job's step."""
    return REGISTRY.get(job.step.kind, _UNKNOWN)


def text_of(settings: Mapping[str, Any], name: str, longest: int, *, required: bool = True) -> str:
    """A setting that is text, trimmed; raises `InvalidInput`."""
    value = settings.get(name, "")
    if not isinstance(value, str) or "\x00" in value:
        raise InvalidInput(FieldProblem(name, "invalid", _("Text is expected.")))
    value = value.strip()
    if required and not value:
        raise InvalidInput(FieldProblem(name, "required", _("This is needed.")))
    if len(value) > longest:
        raise InvalidInput(
            FieldProblem(name, "too_long", _("At most %(most)d characters.") % {"most": longest})
        )
    return value
