"""Doing the steps of the conversion block, one after another for each payment (FLOWS 5).

A step is claimed by moving `due_at` ahead, in a transaction of its own; what it has to tell the
outside is told with nothing locked, in a thread; a third transaction writes what it does and marks
it done. Dying in between costs a pause and repeats the message under the same key. A step that
fails is tried again by itself, later and later; the next one does not wait for that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, QuerySet

from common import clock, drains, locking
from common.rows import save_states
from customers.models import Customer, StepRun, StepState
from customers.models.conversions import MAX_ATTEMPTS
from customers.steps import REGISTRY, Job, StepFailed, StepImpossible, kind_of

DRAIN = "conversion_steps"
CANDIDATES = 200
TALKING = 16
TALKING_FOR_ONE = 4
CLAIMED_FOR = timedelta(minutes=5)

_FIELDS = ["state", "due_at", "tried_at", "finished_at", "error", "result"]
_log = structlog.get_logger(__name__)

Told = Callable[[], None]


@drains.register(DRAIN, every_seconds=5)
def run_steps() -> int:
    """Do one chunk of due steps; how many. Many messages are under way at once, few for one merchant."""
    claimed = _claim()
    if not claimed:
        return 0
    jobs = _jobs(claimed)
    with ThreadPoolExecutor(TALKING, thread_name_prefix="step") as pool:
        under_way = {job.run.pk: pool.submit(_tell, job) for job in jobs if kind_of(job).talks}
        for job in jobs:
            told = under_way.get(job.run.pk)
            _end(job, told.result if told else _nothing_to_tell)
    return len(claimed)


def _claim() -> list[UUID]:
    """Take what is due and whose forerunners were tried; first attempts before repeats."""
    moment = clock.now()
    before = StepRun.objects.filter(
        run=OuterRef("run"), position__lt=OuterRef("position"), state=StepState.WAITING, tried_at=None
    )
    due = StepRun.objects.filter(~Exists(before), state=StepState.WAITING, due_at__lte=moment)
    with locking.transaction():
        rows = locking.claim_rows(due.select_related("step").order_by("attempts", "due_at"), CANDIDATES)
        claimed = _within_limits(rows)
        StepRun.objects.filter(pk__in=claimed).update(due_at=moment + CLAIMED_FOR, attempts=F("attempts") + 1)
    return claimed


def _within_limits(rows: Sequence[StepRun]) -> list[UUID]:
    talking: Counter[UUID] = Counter()
    chosen = []
    for row in rows:
        if (kind := REGISTRY.get(row.step.kind)) and kind.talks:
            of = row.step.merchant_id
            if talking.total() == TALKING or talking[of] == TALKING_FOR_ONE:
                continue
            talking[of] += 1
        chosen.append(row.pk)
    return chosen


def _jobs(claimed: Sequence[UUID]) -> list[Job]:
    """All that the steps need, in one query: threads ask for nothing more."""
    rows: QuerySet[StepRun] = StepRun.objects.filter(pk__in=claimed).select_related(
        "step__merchant",
        "run__payment__order",
        "run__customer__person",
        "run__customer__merged_into__person",
    )
    found = {row.pk: row for row in rows}
    return [_job(found[pk]) for pk in claimed]


def _job(row: StepRun) -> Job:
    order = row.run.payment.order
    assert order is not None
    customer = row.run.customer.merged_into or row.run.customer
    return Job(row, row.step, customer, row.step.merchant, order)


def _tell(job: Job) -> None:
    _refuse_hopeless(job)
    kind_of(job).talk(job)


def _nothing_to_tell() -> None:
    """For steps that have nothing to say to the outside."""


def _refuse_hopeless(job: Job) -> None:
    if job.customer.erased_at is not None:
        raise StepImpossible("erased")
    if job.run.attempts > MAX_ATTEMPTS:
        raise StepImpossible("broken_off")


def _end(job: Job, told: Told) -> None:
    """Write down how the attempt ended, whatever happened in it; the next step is not held up."""
    try:
        _refuse_hopeless(job)
        told()
        _finish(job)
    except StepImpossible as no:
        _fail(job, str(no), for_good=True)
    except StepFailed as failure:
        _fail(job, str(failure))
    except Exception as error:
        _log.warning("step_failed", step=job.run.public_id, error=repr(error))
        _fail(job, repr(error))


def _finish(job: Job) -> None:
    with locking.transaction():
        row = _still_waiting(job)
        if row is None:
            return
        begun = kind_of(job).begin(job)
        customer = locking.lock_row(Customer.objects.all(), pk=job.customer.pk)
        if customer is None or not customer.is_listed:
            raise StepFailed("changed_meanwhile")
        fresh = Job(row, job.step, customer, job.merchant, job.order)
        row.finish(clock.now(), {**begun, **kind_of(job).apply(fresh)})
        save_states([row], _FIELDS)


def _fail(job: Job, error: str, *, for_good: bool = False) -> None:
    with locking.transaction():
        row = _still_waiting(job)
        if row is None:
            return
        if for_good or row.attempts >= MAX_ATTEMPTS:
            row.give_up(clock.now(), error)
        else:
            row.put_off(clock.now(), error)
        save_states([row], _FIELDS)


def _still_waiting(job: Job) -> StepRun | None:
    """The step, locked, unless another process has ended it since, or is about to."""
    waiting = StepRun.objects.filter(pk=job.run.pk, state=StepState.WAITING)
    return next(iter(locking.claim_rows(waiting, 1)), None)
