"""Coupons for a segment, raced: several workers, single issues beside them; a control without the lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from common import drains, ids, locking
from coupons.flows import issue_coupons as bulk
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.issue_coupons import Issued, issue_coupons
from coupons.models import Campaign, Coupon, Holding, How
from customers.flows import issue_to_segments as flow
from customers.flows.begin_segment import DRAIN, begin_segment
from customers.flows.erase_customer import erase_customer
from customers.flows.merge_customers import merge_customers
from customers.flows.stop_segment import stop_segment
from customers.models import Customer, SegmentMember, SegmentRun
from customers.segments import Segment
from tests.cast import Cast, make_buyer, together
from tests.coupons.made import a_campaign
from tests.customers.stage import make_customer
from tests.waiting import until_somebody_waits

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 12
WORKERS = 4


def work(run: SegmentRun) -> None:
    """A worker: chunk after chunk until the run is over, as long as others are at it too."""
    while not SegmentRun.objects.get(pk=run.pk).is_over:
        flow._step(run.pk)


def begin(cast: Cast, campaign: Campaign) -> SegmentRun:
    return begin_segment(cast.merchant, campaign.pk, Segment(), ids.new_id())


def test_workers_and_tills_never_go_over_the_quota(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    for _number in range(MANY):
        make_customer(cast.merchant)
    campaign = a_campaign(cast, total_quota=MANY)
    run, others = begin(cast, campaign), [make_buyer() for _ in range(WORKERS)]
    each: list[Callable[[], Any]] = [lambda: work(run)] * WORKERS
    each += [lambda buyer=buyer: issue_coupon(campaign.pk, buyer) for buyer in others]  # type: ignore[misc]
    results = together(lambda number: each[number](), len(each))
    kinds = Counter(type(result).__name__ for result in results)
    assert set(kinds) <= {"NoneType", "Coupon", "QuotaExhausted"}, results
    now = SegmentRun.objects.get(pk=run.pk)
    assert now.given_count + kinds["Coupon"] == MANY
    assert Campaign.objects.get(pk=campaign.pk).issued_count == MANY
    assert Coupon.objects.filter(campaign=campaign).count() == MANY
    given = SegmentMember.objects.filter(run=run, outcome="given")
    assert given.count() == given.values("coupon__owner").distinct().count() == now.given_count


def test_two_runs_give_no_buyer_more_than_the_limit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    for _number in range(6):
        make_customer(cast.merchant)
    campaign = a_campaign(cast, per_buyer_limit=1)
    runs = [begin(cast, campaign) for _ in range(3)]
    together(lambda number: work(runs[number % 3]), 6)
    now = [SegmentRun.objects.get(pk=run.pk) for run in runs]
    assert sum(run.given_count for run in now) == 6
    assert sum(run.at_limit_count for run in now) == 12
    assert Holding.objects.filter(campaign=campaign).count() == 6


def look_together(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Everybody looks at the campaign without a lock, and gives after that."""
    everybody_has_looked = Barrier(many)
    write = bulk._write

    def look(campaign_id: Any, _moment: Any) -> Campaign:
        locking.ascend_to(locking.Rank.CAMPAIGN)
        return Campaign.objects.get(pk=campaign_id)

    def wait_then_write(*told: Any) -> None:
        everybody_has_looked.wait(30)
        write(*told)

    monkeypatch.setattr(bulk, "_lock", look)
    monkeypatch.setattr(bulk, "_write", wait_then_write)


def test_control_without_the_lock_all_set_out_and_the_constraints_stop_them(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, buyers = a_campaign(cast, total_quota=2), [make_buyer() for _ in range(2 * WORKERS)]
    with monkeypatch.context() as patched:
        look_together(patched, WORKERS)
        results = together(
            lambda number: issue_coupons(
                campaign.pk, [buyer.pk for buyer in buyers[2 * number : 2 * number + 2]], How.SEGMENT
            ),
            WORKERS,
        )
    stopped = [result for result in results if not isinstance(result, Issued)]
    assert len(stopped) == WORKERS - 1
    assert all("campaign_within_quota" in str(result) for result in stopped)


def test_with_the_lock_the_rest_comes_too_late_and_says_so(cast: Cast) -> None:
    campaign, buyers = a_campaign(cast, total_quota=3), [make_buyer() for _ in range(2 * WORKERS)]
    results = together(
        lambda number: issue_coupons(
            campaign.pk, [buyer.pk for buyer in buyers[2 * number : 2 * number + 2]], How.SEGMENT
        ),
        WORKERS,
    )
    assert all(isinstance(result, Issued) for result in results), results
    assert sum(len(result.coupons) for result in results) == 3
    assert sum(len(result.too_late) for result in results) == 2 * WORKERS - 3


# --- who leaves, and who stops it, while a chunk is under way ---------------------------------------


Leave = Callable[[Cast, Customer, Customer], object]
LEAVING: dict[str, Leave] = {
    "erased": lambda cast, one, _other: erase_customer(cast.merchant, one.pk, "asked for it"),
    "merged": lambda cast, one, other: merge_customers(cast.merchant, one.pk, other.pk),
}


def once_issued(monkeypatch: pytest.MonkeyPatch, leave: Callable[[], object]) -> None:
    """In the first chunk, once its coupons are issued, somebody else leaves and commits that."""
    left: list[object] = []

    def issue_and_leave(*told: Any) -> Issued:
        issued = issue_coupons(*told)
        if not left:
            left.extend(together(lambda _number: leave(), 1))
            assert not isinstance(left[0], BaseException), left
        return issued

    monkeypatch.setattr(flow, "issue_coupons", issue_and_leave)


@pytest.mark.parametrize("how", LEAVING)
def test_who_leaves_while_a_chunk_is_under_way_gets_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    one, *others = (make_customer(cast.merchant) for _ in range(3))
    campaign = a_campaign(cast)
    run, person = begin(cast, campaign), one.person
    flow._step(run.pk)
    once_issued(monkeypatch, lambda: LEAVING[how](cast, one, others[0]))
    assert flow._step(run.pk) == 1, "there is more to do"
    assert not Coupon.objects.filter(campaign=campaign).exists(), "the chunk is undone as a whole"
    drains.run(DRAIN)
    now = SegmentRun.objects.get(pk=run.pk)
    assert (now.state, now.given_count, now.gone_count) == ("done", 2, 1)
    assert Campaign.objects.get(pk=campaign.pk).issued_count == 2
    assert not Coupon.objects.filter(campaign=campaign, owner=person).exists()


@pytest.mark.parametrize("how", LEAVING)
def test_control_without_the_lock_who_left_is_given_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    one, other = (make_customer(cast.merchant) for _ in range(2))
    campaign = a_campaign(cast)
    run, person = begin(cast, campaign), one.person
    flow._step(run.pk)
    once_issued(monkeypatch, lambda: LEAVING[how](cast, one, other))
    monkeypatch.setattr(flow, "_hold", lambda _chosen: None)
    flow._step(run.pk)
    assert not Customer.objects.get(pk=one.pk).is_listed
    assert Coupon.objects.filter(campaign=campaign, owner=person).exists()


def test_who_stops_it_waits_for_the_chunk_and_no_other_begins(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    for _number in range(5):
        make_customer(cast.merchant)
    run, note = begin(cast, a_campaign(cast)), flow._note

    def stop() -> None:
        try:
            stop_segment(cast.merchant, run.pk)
        finally:
            connection.close()

    stopping = Thread(target=stop, daemon=True)

    def note_while_it_is_stopped(*told: Any) -> int:
        stopping.start()
        until_somebody_waits()
        assert SegmentRun.objects.get(pk=run.pk).stop_asked_at is None
        return note(*told)

    flow._step(run.pk)
    monkeypatch.setattr(flow, "_note", note_while_it_is_stopped)
    flow._step(run.pk)
    stopping.join(30)
    assert not stopping.is_alive()
    drains.run(DRAIN)
    now = SegmentRun.objects.get(pk=run.pk)
    assert (now.state, now.ending, now.given_count) == ("stopped", "asked", 2)
