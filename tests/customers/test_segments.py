"""Coupons for a segment: who fits, never over any limit, once each, stopped, and nothing lost by dying."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from common import clock, drains, failpoints, ids
from common.failpoints import Crash
from common.models import AuditEntry, OutboxEvent
from common.refusals import InvalidState, NotFound
from coupons.flows.change_campaign import change_campaign
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, CampaignFigure, CampaignState, Coupon, Holding
from coupons.refusals import CampaignEnded, CampaignPaused
from customers.flows import issue_to_segments as flow
from customers.flows.begin_segment import DRAIN, begin_segment
from customers.flows.erase_customer import erase_customer
from customers.flows.merge_customers import merge_customers
from customers.flows.set_tags import set_tags
from customers.flows.stop_segment import stop_segment
from customers.models import Customer, Outcome, SegmentMember, SegmentRun
from customers.refusals import BegunForOthers
from customers.segments import Segment, customers_in
from merchants.models import Merchant
from tests.cast import Cast, make_merchant, make_product
from tests.coupons.made import a_campaign
from tests.customers.stage import buy, convert, make_customer, wallet_buyer

pytestmark = pytest.mark.usefixtures("agrees")
MANY = 5


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    return a_campaign(cast, per_buyer_limit=1)


def customers(merchant: Merchant, many: int = MANY) -> list[Customer]:
    return [make_customer(merchant) for _ in range(many)]


def begin(cast: Cast, campaign: Campaign, segment: Segment | None = None) -> SegmentRun:
    return begin_segment(cast.merchant, campaign.pk, segment or Segment(), ids.new_id())


def fresh(run: SegmentRun) -> SegmentRun:
    return SegmentRun.objects.get(pk=run.pk)


def counts(run: SegmentRun) -> tuple[str, int, int, int, int]:
    now = fresh(run)
    return str(now.state), now.total_count, now.given_count, now.at_limit_count, now.gone_count


def issued_by_the_figures(campaign: Campaign) -> int:
    """Of all days: a test may run across midnight."""
    return sum(figure.count for figure in CampaignFigure.objects.filter(campaign=campaign, measure="issued"))


def fitting(merchant: Merchant, **asked: Any) -> set[Customer]:
    return set(customers_in(merchant, Segment(**asked)))


# --- who fits ------------------------------------------------------------------------------------


def test_everybody_who_agreed_and_nobody_elses(cast: Cast) -> None:
    mine = customers(cast.merchant, 2)
    make_customer(cast.other_merchant)
    buy(cast.merchant, wallet_buyer(), consent=False)
    gone, merged, into = customers(cast.merchant, 3)
    erase_customer(cast.merchant, gone.pk, "asked for it")
    merge_customers(cast.merchant, merged.pk, into.pk)
    assert fitting(cast.merchant) == {*mine, into}


def test_all_of_the_tags(cast: Cast) -> None:
    both, one, _none = customers(cast.merchant, 3)
    set_tags(cast.merchant, both.pk, ["tea", "regular"])
    set_tags(cast.merchant, one.pk, ["tea"])
    tags = {link.tag.name: link.tag_id for link in both.tag_links.select_related("tag")}
    assert fitting(cast.merchant, tags=(tags["tea"],)) == {both, one}
    assert fitting(cast.merchant, tags=(tags["tea"], tags["regular"])) == {both}


def test_by_how_often_and_how_much(cast: Cast) -> None:
    once, twice = customers(cast.merchant, 2)
    assert twice.person
    convert(buy(cast.merchant, twice.person, product=make_product(cast.merchant, 500)))
    assert fitting(cast.merchant, min_orders=1) == {once, twice}
    assert fitting(cast.merchant, min_orders=2) == {twice}
    assert fitting(cast.merchant, min_spent_minor=1_000) == {once, twice}
    assert fitting(cast.merchant, min_spent_minor=1_500) == {twice}
    assert fitting(cast.merchant, min_spent_minor=1_501) == set()


def test_by_the_last_time(cast: Cast) -> None:
    with clock.moved(-timedelta(days=40)):
        old, back = customers(cast.merchant, 2)
    new = make_customer(cast.merchant)
    assert back.person
    convert(buy(cast.merchant, back.person))
    week_ago = clock.today() - timedelta(days=7)
    assert fitting(cast.merchant, bought_since=week_ago) == {new, back}
    assert fitting(cast.merchant, not_since=week_ago) == {old}
    assert fitting(cast.merchant, min_orders=2, bought_since=week_ago) == {back}
    assert fitting(cast.merchant, bought_since=clock.today() - timedelta(days=41), not_since=week_ago) == {
        old
    }


def test_who_was_merged_bought_for_the_one_who_stays(cast: Cast) -> None:
    source, target = customers(cast.merchant, 2)
    merge_customers(cast.merchant, source.pk, target.pk)
    assert fitting(cast.merchant, min_orders=2, min_spent_minor=2_000) == {target}


def test_a_segment_is_kept_as_it_was_asked() -> None:
    segment = Segment((ids.new_id(),), 2, 3_000, clock.today(), clock.today() + timedelta(days=1))
    for each in (segment, Segment()):
        assert Segment.of_json(each.as_json()) == each


# --- giving --------------------------------------------------------------------------------------


def test_each_gets_one_as_if_given_singly(cast: Cast, campaign: Campaign) -> None:
    mine = customers(cast.merchant)
    run = begin(cast, campaign)
    drains.run_all()
    assert counts(run) == ("done", MANY, MANY, 0, 0)
    assert {coupon.owner_id for coupon in Coupon.objects.filter(campaign=campaign)} == {
        customer.person_id for customer in mine
    }
    assert set(Holding.objects.filter(campaign=campaign).values_list("how", "number")) == {("segment", 1)}
    assert Campaign.objects.get(pk=campaign.pk).issued_count == MANY
    assert issued_by_the_figures(campaign) == MANY
    assert AuditEntry.objects.filter(subject=run.public_id, verb="segment.begun").count() == 1


def test_the_drain_costs_the_same_for_a_chunk_of_any_size(
    cast: Cast, campaign: Campaign, django_assert_num_queries: Any
) -> None:
    for many in (2, 8):
        customers(cast.merchant, many)
        run = begin(cast, a_campaign(cast))
        flow.issue_to_segments()
        with django_assert_num_queries(STATEMENTS):
            flow.issue_to_segments()
        assert fresh(run).given_count == fresh(run).total_count
        flow.issue_to_segments()


STATEMENTS = 12
"""Runs; savepoint and release; the run claimed; its chunk; the campaign locked; holdings; the count; coupons,
holdings and events; the customers locked; members; the run."""


def test_in_chunks(cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    customers(cast.merchant)
    run = begin(cast, campaign)
    assert flow.issue_to_segments() == 1
    assert counts(run) == ("giving", MANY, 0, 0, 0)
    assert flow.issue_to_segments() == 2
    assert counts(run) == ("giving", MANY, 2, 0, 0)
    assert drains.run(DRAIN) == MANY - 2 + 1
    assert counts(run) == ("done", MANY, MANY, 0, 0)
    assert drains.run(DRAIN) == 0


def test_a_quota_that_is_too_small_ends_it(cast: Cast) -> None:
    small = a_campaign(cast, total_quota=3)
    customers(cast.merchant)
    run = begin(cast, small)
    drains.run(DRAIN)
    assert counts(run) == ("stopped", MANY, 3, 0, 0)
    assert fresh(run).ending == "quota_exhausted"
    assert fresh(run).left_count == 2
    assert Campaign.objects.get(pk=small.pk).issued_count == 3


def test_who_had_enough_is_skipped_and_takes_nobodys(cast: Cast) -> None:
    campaign = a_campaign(cast, total_quota=MANY, per_buyer_limit=1)
    first, *_others = customers(cast.merchant)
    assert first.person
    issue_coupon(campaign.pk, first.person)
    run = begin(cast, campaign)
    drains.run(DRAIN)
    assert counts(run) == ("done", MANY, MANY - 1, 1, 0)
    assert SegmentMember.objects.get(run=run, outcome=Outcome.AT_LIMIT).customer == first
    again = begin(cast, a_campaign(cast, per_buyer_limit=2))
    drains.run(DRAIN)
    assert counts(again) == ("done", MANY, MANY, 0, 0)


def test_who_is_gone_meanwhile_is_skipped(cast: Cast, campaign: Campaign) -> None:
    erased, merged, into = customers(cast.merchant, 3)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    erase_customer(cast.merchant, erased.pk, "asked for it")
    merge_customers(cast.merchant, merged.pk, into.pk)
    drains.run(DRAIN)
    assert counts(run) == ("done", 3, 1, 0, 2)
    assert Coupon.objects.get(campaign=campaign).owner_id == into.person_id


def test_a_pause_makes_it_wait(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    change_campaign(cast.merchant, campaign.pk, CampaignState.PAUSED)
    assert drains.run(DRAIN) == 0
    assert counts(run) == ("giving", MANY, 0, 0, 0)
    change_campaign(cast.merchant, campaign.pk, CampaignState.ACTIVE)
    drains.run(DRAIN)
    assert counts(run) == ("done", MANY, MANY, 0, 0)


def test_who_fits_is_written_down_while_it_is_paused_too(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant)
    run = begin(cast, campaign)
    change_campaign(cast.merchant, campaign.pk, CampaignState.PAUSED)
    assert drains.run(DRAIN) == 1
    assert counts(run) == ("giving", MANY, 0, 0, 0)
    make_customer(cast.merchant)
    change_campaign(cast.merchant, campaign.pk, CampaignState.ACTIVE)
    drains.run(DRAIN)
    assert counts(run) == ("done", MANY, MANY, 0, 0)


def test_one_that_waits_for_a_pause_ends_with_its_campaign(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    change_campaign(cast.merchant, campaign.pk, CampaignState.PAUSED)
    assert drains.run(DRAIN) == 0
    with clock.moved(campaign.ends_at - clock.now()):
        assert drains.run(DRAIN) == 1
    assert counts(run) == ("stopped", MANY, 0, 0, 0)
    assert fresh(run).ending == "campaign_ended"


def test_a_campaign_that_ends_ends_it(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    change_campaign(cast.merchant, campaign.pk, CampaignState.CLOSED)
    drains.run(DRAIN)
    assert counts(run) == ("stopped", MANY, 0, 0, 0)
    assert fresh(run).ending == "campaign_ended"


def test_nobody_fits(cast: Cast, campaign: Campaign) -> None:
    run = begin(cast, campaign)
    drains.run(DRAIN)
    assert counts(run) == ("done", 0, 0, 0, 0)


# --- beginning and stopping ----------------------------------------------------------------------


def test_begun_twice_under_one_name_is_one_run(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant, 1)
    name = ids.new_id()
    first, second = (begin_segment(cast.merchant, campaign.pk, Segment(), name) for _ in range(2))
    assert first == second
    drains.run(DRAIN)
    assert Coupon.objects.filter(campaign=campaign).count() == 1


def test_a_name_that_was_for_others_begins_nothing(cast: Cast, campaign: Campaign) -> None:
    run = begin(cast, campaign)
    with pytest.raises(BegunForOthers):
        begin_segment(cast.merchant, campaign.pk, Segment(min_orders=1), run.pk)
    assert SegmentRun.objects.get(campaign=campaign).criteria == Segment().as_json()


def test_what_can_not_be_given_is_refused_at_once(cast: Cast, campaign: Campaign) -> None:
    stranger = make_merchant()
    with pytest.raises(NotFound):
        begin_segment(stranger, campaign.pk, Segment(), ids.new_id())
    run = begin(cast, campaign)
    theirs = a_campaign(cast)
    with pytest.raises(NotFound):
        begin_segment(cast.merchant, theirs.pk, Segment(), run.pk)
    change_campaign(cast.merchant, campaign.pk, CampaignState.PAUSED)
    with pytest.raises(CampaignPaused):
        begin(cast, campaign)
    change_campaign(cast.merchant, campaign.pk, CampaignState.CLOSED)
    with pytest.raises(CampaignEnded):
        begin(cast, campaign)


def test_stopped_half_way(cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    customers(cast.merchant)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    flow.issue_to_segments()
    stop_segment(cast.merchant, run.pk)
    stop_segment(cast.merchant, run.pk)
    drains.run(DRAIN)
    assert counts(run) == ("stopped", MANY, 2, 0, 0)
    assert Coupon.objects.filter(campaign=campaign).count() == 2
    assert AuditEntry.objects.filter(subject=run.public_id, verb="segment.stop_asked").count() == 1
    with pytest.raises(InvalidState):
        stop_segment(cast.merchant, run.pk)
    with pytest.raises(NotFound):
        stop_segment(cast.other_merchant, run.pk)


def test_one_that_waits_for_a_pause_can_be_stopped(cast: Cast, campaign: Campaign) -> None:
    run = begin(cast, campaign)
    change_campaign(cast.merchant, campaign.pk, CampaignState.PAUSED)
    stop_segment(cast.merchant, run.pk)
    drains.run(DRAIN)
    assert fresh(run).ending == "asked"


def test_a_customer_is_in_a_run_once(cast: Cast, campaign: Campaign) -> None:
    customers(cast.merchant, 1)
    run = begin(cast, campaign)
    flow.issue_to_segments()
    member = SegmentMember.objects.get(run=run)
    with pytest.raises(IntegrityError), transaction.atomic():
        SegmentMember.objects.create(run=run, customer=member.customer)


# --- dying ---------------------------------------------------------------------------------------


@pytest.fixture
def dying() -> Iterator[None]:
    yield
    failpoints.arm(None)


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
@pytest.mark.parametrize("at", range(1, 6))
def test_dying_loses_and_repeats_nothing(
    cast: Cast, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, dying: None, moment: str, at: int
) -> None:
    """Killed at every commit of the run, before and after it; a new worker goes on."""
    monkeypatch.setattr(flow, "CHUNK", 2)
    customers(cast.merchant)
    run = begin(cast, campaign)
    passed = []

    def hook(name: str) -> None:
        if name.startswith("customers.flows.issue_to_segments") and name.endswith(moment):
            passed.append(name)
            if len(passed) == at:
                raise Crash

    failpoints.arm(hook)
    with pytest.raises(Crash):
        drains.run(DRAIN)
    failpoints.arm(None)
    drains.run_all()
    assert counts(run) == ("done", MANY, MANY, 0, 0)
    assert Coupon.objects.filter(campaign=campaign).count() == MANY
    assert Campaign.objects.get(pk=campaign.pk).issued_count == MANY
    told = OutboxEvent.objects.filter(name="coupon.issued", payload__campaign=campaign.pk.hex)
    assert told.count() == MANY
    assert issued_by_the_figures(campaign) == MANY
