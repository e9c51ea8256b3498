"""Giving a coupon to a segment on the dashboard: asking, counting, giving, progress; nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock, drains, ids
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, Coupon
from customers.flows import issue_to_segments as flow
from customers.flows.begin_segment import DRAIN, begin_segment
from customers.flows.set_tags import set_tags
from customers.models import SegmentRun
from customers.segments import Segment
from tests.pages_campaigns.conftest import Shop, campaign_of, errors, owner as owner, shop as shop, words
from tests.pages_dashboard.conftest import make_customer
from tests.speed.test_query_counts import statements_of

HOME = "/dashboard/"


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    return campaign_of(shop.merchant, per_buyer_limit=1)


def form_of(campaign: Campaign) -> str:
    return f"{HOME}campaigns/{campaign.public_id}/segment"


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1].replace("&quot;", '"')


def count_and_give(owner: Client, campaign: Campaign, **asked: Any) -> Any:
    told = drawn(count_them(owner, campaign, **asked))
    return owner.post(form_of(campaign), {**asked, **told, "do": "give"})


def count_them(owner: Client, campaign: Campaign, **asked: Any) -> Any:
    told = drawn(owner.get(form_of(campaign)))
    return owner.post(form_of(campaign), {**asked, **told, "do": "count"})


def drawn(answer: Any) -> dict[str, str]:
    """What a browser sends along from a page that it was shown."""
    names = ("once", "counted") if 'name="counted"' in answer.content.decode() else ("once",)
    return {name: hidden(answer, name) for name in names}


def test_from_the_campaign_to_the_coupons(shop: Shop, owner: Client, campaign: Campaign) -> None:
    mine = [make_customer(shop) for _ in range(3)]
    set_tags(shop.merchant, mine[0].pk, ["tea"])
    assert form_of(campaign) in owner.get(f"{HOME}campaigns/{campaign.public_id}").content.decode()
    tag = mine[0].tag_links.get().tag_id.hex
    counted = count_them(owner, campaign, tags=tag)
    assert "1 customer fits." in words(counted)
    assert not SegmentRun.objects.filter(merchant=shop.merchant).exists()
    told = {"tags": tag, **drawn(counted), "do": "give"}
    answer = owner.post(form_of(campaign), told)
    run = SegmentRun.objects.get(merchant=shop.merchant)
    assert answer["Location"] == f"{HOME}segments/{run.public_id}"
    assert owner.post(form_of(campaign), told)["Location"] == answer["Location"], "sent twice, begun once"
    page = owner.get(answer["Location"])
    assert "Looking for customers" in words(page)
    assert "Tag: tea" in words(page)
    drains.run(DRAIN)
    page = owner.get(answer["Location"])
    assert "Done" in words(page)
    assert "Got a coupon 1" in words(page)
    assert Coupon.objects.get(campaign=campaign).owner == mine[0].person
    assert "1 of 1 got a coupon" in words(owner.get(form_of(campaign)))


def test_what_was_changed_after_counting_is_counted_again(
    shop: Shop, owner: Client, campaign: Campaign
) -> None:
    make_customer(shop)
    once = hidden(owner.get(form_of(campaign)), "once")
    counted = owner.post(form_of(campaign), {"min_orders": "5", "once": once, "do": "count"})
    assert "0 customers fit." in words(counted)
    told = {"once": once, "counted": hidden(counted, "counted"), "do": "give"}
    again = owner.post(form_of(campaign), {**told, "min_orders": "1"})
    assert "1 customer fits." in words(again)
    assert owner.post(form_of(campaign), {"once": once, "do": "give"}).status_code == 200
    assert not SegmentRun.objects.filter(merchant=shop.merchant).exists()


def test_other_criteria_on_a_page_that_was_given_from_are_a_run_of_their_own(
    shop: Shop, owner: Client, campaign: Campaign
) -> None:
    """Back in the browser to the counted page, another number of orders, and given again."""
    make_customer(shop)
    old = count_them(owner, campaign, min_orders="5")
    assert "0 customers fit." in words(old)
    first = owner.post(form_of(campaign), {"min_orders": "5", **drawn(old), "do": "give"})["Location"]
    new = owner.post(form_of(campaign), {"min_orders": "1", **drawn(old), "do": "give"})
    assert "1 customer fits." in words(new)
    second = owner.post(form_of(campaign), {"min_orders": "1", **drawn(new), "do": "give"})["Location"]
    assert first != second
    drains.run(DRAIN)
    assert Coupon.objects.filter(campaign=campaign).count() == 1


def test_an_old_name_with_other_criteria_is_refused(shop: Shop, owner: Client, campaign: Campaign) -> None:
    make_customer(shop)
    old, other = (count_them(owner, campaign, min_orders=each) for each in ("5", "1"))
    owner.post(form_of(campaign), {"min_orders": "5", **drawn(old), "do": "give"})
    mixed = {"once": hidden(old, "once"), "counted": hidden(other, "counted"), "do": "give"}
    refused = owner.post(form_of(campaign), {"min_orders": "1", **mixed})
    assert refused.status_code == 422
    assert "This was begun before, for other customers. Count them again." in words(refused)
    assert SegmentRun.objects.filter(merchant=shop.merchant).count() == 1


def test_more_than_are_left_is_said_before(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant, total_quota=1)
    for _one in range(2):
        make_customer(shop)
    counted = owner.post(form_of(campaign), {"do": "count"})
    assert "1 coupon of this campaign is left: who has been your customer longest comes first." in words(
        counted
    )


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"min_orders": "0"}, "min_orders"),
        ({"min_orders": "many"}, "min_orders"),
        ({"min_spent": "1.234"}, "min_spent"),
        ({"min_spent": "-1"}, "min_spent"),
        ({"bought_since": "yesterday"}, "bought_since"),
        ({"bought_since": (clock.today() + timedelta(days=400)).isoformat()}, "bought_since"),
        ({"bought_since": "2026-01-02", "not_since": "2026-01-02"}, "not_since"),
        ({"tags": "nonsense"}, "tags"),
    ],
)
def test_what_can_not_be_asked(
    shop: Shop, owner: Client, campaign: Campaign, asked: dict[str, str], where: str
) -> None:
    set_tags(shop.merchant, make_customer(shop).pk, ["tea"])
    answer = owner.post(form_of(campaign), {**asked, "do": "give"})
    assert answer.status_code == 422
    assert where in errors(answer, "form")


def test_a_paused_campaign_and_one_that_is_over(shop: Shop, owner: Client, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state="paused")
    refused = count_and_give(owner, campaign)
    assert refused.status_code == 422
    assert "This campaign is paused." in words(refused)
    Campaign.objects.filter(pk=campaign.pk).update(state="closed")
    assert "This campaign is over" in words(owner.get(form_of(campaign)))


def test_progress_skipped_ones_and_stopping(
    shop: Shop, owner: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    mine = [make_customer(shop) for _ in range(5)]
    assert mine[0].person
    issue_coupon(campaign.pk, mine[0].person)
    address = count_and_give(owner, campaign)["Location"]
    flow.issue_to_segments()
    flow.issue_to_segments()
    part = owner.get(address, headers={"HX-Request": "true"})
    markup = part.content.decode()
    assert "<html" not in markup
    assert 'hx-trigger="every 2s, live:now"' in markup
    assert '<progress value="2" max="5"' in markup
    assert owner.post(f"{address}/stop")["Location"] == address
    assert "Stopping…" in words(owner.get(address))
    drains.run(DRAIN)
    page = owner.get(address)
    text = words(page)
    assert "Somebody stopped it." in text
    assert "Not reached 3" in text
    assert "Had as many as one buyer may" in text
    assert f"/dashboard/customers/{mine[0].public_id}" in page.content.decode()
    assert 'hx-trigger="live:now"' in page.content.decode()
    assert f"{address}/stop" not in page.content.decode()


def test_who_may_not(shop: Shop, campaign: Campaign) -> None:
    run = begin_segment(shop.merchant, campaign.pk, Segment(), ids.new_id())
    for path in (
        form_of(campaign),
        f"{HOME}segments/{run.public_id}",
        f"{HOME}segments/{run.public_id}/stop",
    ):
        assert shop["stranger"].post(path).status_code in (404, 405), path
        assert shop["stranger"].get(path).status_code in (302, 404), path
        assert shop["cashier"].get(path).status_code == 403
    assert SegmentRun.objects.get(pk=run.pk).stop_asked_at is None
    assert shop["manager"].get(f"{HOME}segments/seg_{'0' * 32}").status_code == 404


@pytest.mark.parametrize("many", [1, 6])
def test_the_page_of_a_run_costs_the_same_for_any_size(
    shop: Shop, owner: Client, campaign: Campaign, many: int
) -> None:
    for _one in range(many):
        issue_coupon(campaign.pk, make_customer(shop).person)  # type: ignore[arg-type]
    run = begin_segment(shop.merchant, campaign.pk, Segment(), ids.new_id())
    drains.run(DRAIN)
    assert SegmentRun.objects.get(pk=run.pk).at_limit_count == many
    assert statements_of(owner, f"{HOME}segments/{run.public_id}") == 7  # frame: 5; run; skipped
