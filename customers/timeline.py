"""What happened with one customer, newest first: the funnel of each order, steps, notes, merges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from customers.models import ConversionRun, Customer, CustomerMerge, CustomerNote, StepState
from customers.queries import family_of

LATEST = 50


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `what` is a stable word, `facts` what a page may show of it.

    Words: `scanned`, `confirmed`, `paid` (of an order), `created`, `came_back` (of a payment),
    `step_done`, `step_waiting`, `step_given_up`, `note`, `merged`, `unmerged`.
    """

    at: datetime
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def timeline_of(customer: Customer) -> list[Moment]:
    """The latest payments, notes and merges of a listed customer; a constant number of queries."""
    family = list(family_of([customer]))
    moments = [*_conversions(family), *_notes(family), *_merges(customer)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _conversions(family: list[UUID]) -> Iterator[Moment]:
    runs = ConversionRun.objects.filter(customer__in=family).select_related("payment__order", "printed_code")
    for run in runs.prefetch_related("steps__step").order_by("-id")[:LATEST]:
        yield from _funnel(run)
        yield from _steps(run)


def _funnel(run: ConversionRun) -> Iterator[Moment]:
    order = run.payment.order
    assert order is not None
    for what, at in (
        ("scanned", order.scanned_at),
        ("confirmed", order.confirmed_at),
        ("paid", order.paid_at),
    ):
        if at is not None:
            yield Moment(at, what, {"order": order, "payment": run.payment})
    yield Moment(run.at, run.kind, {"order": order, "channel": run.channel, "printed_code": run.printed_code})


def _steps(run: ConversionRun) -> Iterator[Moment]:
    for step in run.steps.all():
        at = step.due_at if step.state == StepState.WAITING else step.finished_at
        yield Moment(at or run.at, f"step_{step.state}", {"step": step, "kind": step.step.kind})


def _notes(family: list[UUID]) -> Iterator[Moment]:
    notes = CustomerNote.objects.filter(customer__in=family).select_related("author")
    for note in notes.order_by("-id")[:LATEST]:
        yield Moment(note.at, "note", {"note": note})


def _merges(customer: Customer) -> Iterator[Moment]:
    merges = CustomerMerge.objects.filter(target=customer).select_related("source__person")
    for merge in merges.order_by("-id")[:LATEST]:
        yield Moment(merge.at, "merged", {"merge": merge})
        if merge.undone_at:
            yield Moment(merge.undone_at, "unmerged", {"merge": merge})
