"""What the conversion block does for a merchant that never arranged it: it shows the contact card."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from customers.models import ConversionStep
from customers.steps.contact_card import ContactCardStep


def default_steps(merchant_id: UUID) -> list[ConversionStep]:
    """The default, unsaved."""
    return [
        ConversionStep(
            merchant_id=merchant_id,
            position=0,
            kind=ContactCardStep.name,
            settings={},
            also_returning=ContactCardStep.also_returning,
        )
    ]


def ensure_steps(merchant_ids: Collection[UUID]) -> None:
    """Write the default down for merchants that have no steps yet, not even retired ones."""
    arranged = ConversionStep.objects.filter(merchant_id__in=merchant_ids)
    without = set(merchant_ids) - set(arranged.values_list("merchant_id", flat=True).distinct())
    steps = [step for merchant_id in sorted(without) for step in default_steps(merchant_id)]
    ConversionStep.objects.bulk_create(steps, ignore_conflicts=True)
