"""Claim links: what they give to whom, until when; raced, with the locks and without."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from common import locking
from common.ids import parse_public_id
from common.refusals import NotFound
from coupons import issuing
from coupons.flows import issue_coupon as issuing_flow
from coupons.flows.change_campaign import change_campaign
from coupons.flows.claim_coupon import claim_coupon
from coupons.flows.end_claim_link import end_claim_link
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import MAX_LINKS, make_claim_link
from coupons.models import Campaign, CampaignState, ClaimLink, Coupon, Holding, How
from coupons.refusals import (
    BuyerLimitReached,
    CampaignEnded,
    CampaignPaused,
    LinkEnded,
    QuotaExhausted,
    TooManyLinks,
)
from tests.cast import Cast, make_buyer, make_older, together
from tests.coupons.stage import make_campaign

MANY = 8


def campaign_with(cast: Cast, **changed: Any) -> Campaign:
    found = parse_public_id("cmp", make_campaign(cast, **changed))
    assert found is not None
    return Campaign.objects.get(pk=found)


def link_of(cast: Cast, **changed: Any) -> ClaimLink:
    return make_claim_link(cast.merchant, campaign_with(cast, **changed).pk, "Window")


def test_a_claim_gives_a_coupon_and_is_counted(cast: Cast) -> None:
    link = link_of(cast)
    coupon = claim_coupon(link.token, cast.buyer)
    held = Holding.objects.get(coupon=coupon)
    assert (coupon.owner, coupon.state, held.how, held.number) == (cast.buyer, "issued", How.CLAIMED, 1)
    link.refresh_from_db()
    assert (link.claimed_count, link.campaign.issued_count) == (1, 1)
    assert cast.buyer_key.get("me/coupons").body["results"][0]["id"] == coupon.public_id


def test_as_many_as_one_buyer_may_have(cast: Cast) -> None:
    link = link_of(cast, per_buyer_limit=2)
    assert claim_coupon(link.token, cast.buyer) != claim_coupon(link.token, cast.buyer)
    with pytest.raises(BuyerLimitReached):
        claim_coupon(link.token, cast.buyer)
    claim_coupon(link.token, cast.second_buyer)
    link.refresh_from_db()
    assert (link.claimed_count, link.campaign.issued_count) == (3, 3)


def test_what_was_issued_counts_against_the_limit_of_a_claim(cast: Cast) -> None:
    link = link_of(cast, per_buyer_limit=1)
    issue_coupon(link.campaign_id, cast.buyer)
    with pytest.raises(BuyerLimitReached):
        claim_coupon(link.token, cast.buyer)


def test_the_same_one_asked_for_again_is_the_same(cast: Cast) -> None:
    link = link_of(cast, per_buyer_limit=3)
    first = claim_coupon(link.token, cast.buyer, number=1)
    assert claim_coupon(link.token, cast.buyer, number=1) == first
    assert claim_coupon(link.token, cast.buyer, number=2) != first
    link.refresh_from_db()
    assert link.claimed_count == 2


def test_the_quota_ends_it(cast: Cast) -> None:
    link = link_of(cast, total_quota=1)
    claim_coupon(link.token, cast.buyer)
    with pytest.raises(QuotaExhausted):
        claim_coupon(link.token, cast.second_buyer)
    link.refresh_from_db()
    assert link.claimed_count == 1


def test_an_ended_link_gives_nothing_and_keeps_what_it_gave(cast: Cast) -> None:
    link = link_of(cast)
    coupon = claim_coupon(link.token, cast.buyer)
    ended = end_claim_link(cast.merchant, link.pk)
    assert end_claim_link(cast.merchant, link.pk).ended_at == ended.ended_at
    with pytest.raises(LinkEnded):
        claim_coupon(link.token, cast.second_buyer)
    assert Coupon.objects.get(pk=coupon.pk).state == "issued"


@pytest.mark.parametrize(
    ("state", "refusal"), [(CampaignState.PAUSED, CampaignPaused), (CampaignState.CLOSED, CampaignEnded)]
)
def test_a_campaign_that_does_not_run_gives_nothing(cast: Cast, state: CampaignState, refusal: Any) -> None:
    link = link_of(cast)
    change_campaign(cast.merchant, link.campaign_id, state)
    with pytest.raises(refusal):
        claim_coupon(link.token, cast.buyer)
    link.refresh_from_db()
    assert link.claimed_count == 0


def test_a_campaign_whose_time_has_passed_gives_nothing_and_no_new_link(cast: Cast) -> None:
    link = link_of(cast)
    make_older(link.campaign, timedelta(days=8), "starts_at", "ends_at")
    with pytest.raises(CampaignEnded):
        claim_coupon(link.token, cast.buyer)
    with pytest.raises(CampaignEnded):
        make_claim_link(cast.merchant, link.campaign_id)


def test_unknown_links_and_those_of_others_are_not_there(cast: Cast) -> None:
    link = link_of(cast)
    with pytest.raises(NotFound):
        claim_coupon("no-such-token", cast.buyer)
    with pytest.raises(NotFound):
        make_claim_link(cast.other_merchant, link.campaign_id)
    with pytest.raises(NotFound):
        end_claim_link(cast.other_merchant, link.pk)


def test_a_campaign_has_only_so_many_links_in_use(cast: Cast) -> None:
    link = link_of(cast)
    ClaimLink.objects.bulk_create(ClaimLink(campaign=link.campaign) for _ in range(MAX_LINKS - 1))
    with pytest.raises(TooManyLinks):
        make_claim_link(cast.merchant, link.campaign_id)
    end_claim_link(cast.merchant, link.pk)
    make_claim_link(cast.merchant, link.campaign_id)


# --- raced -----------------------------------------------------------------------------------


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


@pytest.mark.races
@pytest.mark.usefixtures("committed", "agrees")
class TestRaced:
    """Eight at once."""

    def test_three_of_eight_buyers_get_the_three_coupons(self, cast: Cast) -> None:
        link, buyers = link_of(cast, total_quota=3), [make_buyer() for _ in range(MANY)]
        results = together(lambda number: claim_coupon(link.token, buyers[number]), MANY)
        assert kinds(results) == {"Coupon": 3, "QuotaExhausted": MANY - 3}
        link.refresh_from_db()
        assert (link.claimed_count, link.campaign.issued_count) == (3, 3)

    def test_one_buyer_eight_times_gets_as_many_as_one_may_have(self, cast: Cast) -> None:
        link = link_of(cast, per_buyer_limit=2)
        results = together(lambda _number: claim_coupon(link.token, cast.buyer), MANY)
        assert kinds(results) == {"Coupon": 2, "BuyerLimitReached": MANY - 2}
        link.refresh_from_db()
        assert (link.claimed_count, link.campaign.issued_count) == (2, 2)

    def test_one_tap_sent_eight_times_is_one_coupon(self, cast: Cast) -> None:
        link = link_of(cast, per_buyer_limit=5)
        results = together(lambda _number: claim_coupon(link.token, cast.buyer, number=1), MANY)
        assert kinds(results) == {"Coupon": MANY}
        assert len({coupon.pk for coupon in results}) == 1
        link.refresh_from_db()
        assert (link.claimed_count, link.campaign.issued_count) == (1, 1)

    def test_ending_the_link_meanwhile_counts_no_claim_that_it_did_not_give(self, cast: Cast) -> None:
        link, buyers = link_of(cast), [make_buyer() for _ in range(MANY - 1)]

        def work(number: int) -> Any:
            if number == MANY - 1:
                return end_claim_link(cast.merchant, link.pk)
            return claim_coupon(link.token, buyers[number])

        counted = kinds(together(work, MANY))
        assert counted["Coupon"] + counted["LinkEnded"] == MANY - 1
        link.refresh_from_db()
        assert link.claimed_count == counted["Coupon"]

    def test_control_without_the_lock_eight_believe_in_their_first(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everybody finds that the buyer has none yet. Only the constraint `holding_once` stops them."""
        link, everybody_has_looked = link_of(cast, per_buyer_limit=1), Barrier(MANY)
        real = issuing.holding

        def unlocked(campaign_id: Any, _moment: Any) -> Campaign:
            return Campaign.objects.get(pk=campaign_id)

        def look(campaign: Campaign, *others: Any) -> Holding:
            found = real(campaign, *others)
            everybody_has_looked.wait(30)
            Campaign.objects.filter(pk=campaign.pk).update(issued_count=F("issued_count") + 1)
            return found

        monkeypatch.setattr(locking, "lock_row", lambda rows, **lookup: rows.get(**lookup))
        monkeypatch.setattr(issuing_flow, "lock_to_issue", unlocked)
        monkeypatch.setattr(issuing_flow, "holding", look)
        results = together(lambda _number: claim_coupon(link.token, cast.buyer), MANY)
        assert kinds(results) == {"Coupon": 1, "IntegrityError": MANY - 1}
        assert all("holding_once" in str(no) for no in results if isinstance(no, IntegrityError))
