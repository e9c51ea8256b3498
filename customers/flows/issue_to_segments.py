"""Giving a segment its coupons, a chunk a transaction (FLOWS 2).

First it is written down who fits, in one statement; then chunk after chunk gets coupons, outcomes and
counters together. Dying anywhere loses what was not committed and nothing else: the rest still waits, and
a customer is a member once. The run's row is claimed, so that two workers never do the same chunk. Who
is erased or merged while a chunk is under way gets nothing: the chunk is undone and looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Q, Value

from common import clock, drains, locking
from common.rows import save_states
from coupons.flows.issue_coupons import Issued, issue_coupons
from coupons.models import CampaignState, How
from coupons.refusals import CampaignEnded, CampaignPaused
from customers.flows.begin_segment import DRAIN
from customers.models import Customer, Ending, Outcome, SegmentMember, SegmentRun, SegmentState
from customers.segments import Segment, customers_in

CHUNK = 500
_FIELDS = [
    "state", "ending", "total_count", "given_count", "at_limit_count", "gone_count", "finished_at",
]  # fmt: skip


@drains.register(DRAIN, every_seconds=5)
def issue_to_segments() -> int:
    """Do the next step of every run that can go on; how much was done.

    A paused campaign's gives nothing, but who fitted when it began is written down, and it ends in time.
    """
    at_work = SegmentRun.objects.filter(state__in=(SegmentState.GATHERING, SegmentState.GIVING))
    can = at_work.filter(
        ~Q(campaign__state=CampaignState.PAUSED)
        | Q(stop_asked_at__isnull=False)
        | Q(state=SegmentState.GATHERING)
        | Q(campaign__ends_at__lte=clock.now())
    )
    done: list[int] = []
    drains.each(
        lambda run_id: done.append(_step(run_id)), list(can.order_by("pk").values_list("pk", flat=True))
    )
    return sum(done)


def _step(run_id: UUID) -> int:
    """One transaction of a run; 0 where another worker is at it, or it has to wait."""
    try:
        return _claimed_step(run_id)
    except locking.TryAgain:
        return 1


def _claimed_step(run_id: UUID) -> int:
    with locking.transaction():
        mine = SegmentRun.objects.filter(pk=run_id, state__in=(SegmentState.GATHERING, SegmentState.GIVING))
        for run in locking.claim_rows(mine.select_related("merchant"), 1):
            done = _go_on(run)
            save_states([run], _FIELDS)
            return done
        return 0


def _go_on(run: SegmentRun) -> int:
    if run.stop_asked_at is not None:
        run.stop(clock.now(), Ending.ASKED)
        return 1
    if run.state == SegmentState.GATHERING:
        run.begin(_gather(run))
        return 1
    return _give(run)


def _gather(run: SegmentRun) -> int:
    """Write down who fits, the oldest customers first: one statement; how many."""
    fitting = customers_in(run.merchant, Segment.of_json(run.criteria)).order_by("pk")
    chosen = fitting.values_list(Value(run.pk), "pk", Value(Outcome.WAITING.value, output_field=CharField()))
    select, values = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO customers_segmentmember (run_id, customer_id, outcome) {select}", values)
        return int(cursor.rowcount)


def _give(run: SegmentRun) -> int:
    """The next chunk; a campaign that is over ends the run, a paused one makes it wait."""
    waiting = SegmentMember.objects.filter(run=run, outcome=Outcome.WAITING).order_by("pk")
    members = list(waiting.select_related("customer")[:CHUNK])
    if not members:
        run.finish(clock.now())
        return 1
    people = [one.customer.person_id for one in members if one.customer.is_listed and one.customer.person_id]
    try:
        issued = issue_coupons(run.campaign_id, people, How.SEGMENT)
    except CampaignPaused:
        return 0
    except CampaignEnded:
        run.stop(clock.now(), Ending.CAMPAIGN_ENDED)
        return 1
    _hold([one.customer_id for one in members if one.customer.person_id in issued.coupons])
    done = _note(run, members, issued)
    if issued.too_late:
        run.stop(clock.now(), Ending.QUOTA_EXHAUSTED)
    return done or 1


def _hold(chosen: Sequence[UUID]) -> None:
    """Keep those who get a coupon as they are until it is theirs; `TryAgain` where one is listed no more."""
    if chosen and not all(one.is_listed for one in locking.lock_rows(Customer.objects.filter(pk__in=chosen))):
        raise locking.TryAgain


def _note(run: SegmentRun, members: Sequence[SegmentMember], issued: Issued) -> int:
    """Write each member's outcome and count it; how many are through."""
    through = []
    for member in members:
        person_id = member.customer.person_id if member.customer.is_listed else None
        if person_id in issued.too_late:
            continue
        coupon_id = issued.coupons.get(person_id) if person_id else None
        member.coupon_id = coupon_id
        member.outcome = Outcome.GIVEN if coupon_id else Outcome.AT_LIMIT if person_id else Outcome.GONE
        through.append(member)
    save_states(through, ["outcome", "coupon"])
    run.given_count += sum(member.outcome == Outcome.GIVEN for member in through)
    run.at_limit_count += sum(member.outcome == Outcome.AT_LIMIT for member in through)
    run.gone_count += sum(member.outcome == Outcome.GONE for member in through)
    return len(through)
