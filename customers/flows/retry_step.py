"""Trying a step again that was given up."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, drains, locking
from common.refusals import InvalidState, NotFound
from common.rows import save_states
from customers.flows.run_steps import DRAIN
from customers.models import StepRun, StepState
from merchants.models import Merchant


def retry_step(merchant: Merchant, step_run_id: UUID) -> StepRun:
    """Have a given-up step tried again from the beginning. Raises `NotFound`, `InvalidState`."""
    steps = StepRun.objects.filter(step__merchant=merchant, pk=step_run_id)
    with locking.transaction():
        ended = steps.filter(state=StepState.GIVEN_UP).select_related("run__customer")
        step = next(iter(locking.claim_rows(ended, 1)), None)
        if step is None:
            raise InvalidState if steps.exists() else NotFound
        step.take_up(clock.now())
        save_states([step], ["state", "due_at", "attempts", "finished_at"])
        subject = step.run.customer.public_id
        audit.record("customer.retry_step", subject, merchant_id=merchant.pk, step=step.public_id)
        drains.poke(DRAIN)
        return step
