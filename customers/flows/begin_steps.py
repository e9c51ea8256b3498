"""Writing down what is to be done for a customer: the merchant's present steps, once a payment."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from common import clock, drains
from customers.default_steps import ensure_steps
from customers.flows.run_steps import DRAIN
from customers.models import ConversionRun, ConversionStep, RunKind, StepRun


def begin_steps(runs: Sequence[ConversionRun]) -> None:
    """Write down the merchants' present steps for these payments, in the caller's transaction."""
    merchant_ids = {run.customer.merchant_id for run in runs}
    ensure_steps(merchant_ids)
    steps = ConversionStep.objects.filter(merchant_id__in=merchant_ids, retired_at=None)
    of_merchant: dict[UUID, list[ConversionStep]] = {merchant_id: [] for merchant_id in merchant_ids}
    for step in steps.order_by("position"):
        of_merchant[step.merchant_id].append(step)
    moment = clock.now()
    StepRun.objects.bulk_create(
        StepRun(run=run, step=step, position=step.position, due_at=moment)
        for run in runs
        for step in of_merchant[run.customer.merchant_id]
        if run.kind == RunKind.CREATED or step.also_returning
    )
    drains.poke(DRAIN)
