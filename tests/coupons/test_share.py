"""One customer gives a coupon to another; of all who have the address one gets it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import models

from common import clock, locking
from common.ids import parse_public_id
from common.refusals import InvalidState, NotFound
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.change_campaign import change_campaign
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.offer_coupon import offer_coupon
from coupons.flows.put_back_coupon import put_back_coupon
from coupons.flows.take_coupon import take_coupon
from coupons.flows.withdraw_offer import withdraw_offer
from coupons.models import CampaignState, Coupon, Holding, How, ShareOffer
from coupons.refusals import (
    BuyerLimitReached,
    CampaignEnded,
    CouponArmed,
    CouponGone,
    LinkEnded,
    OwnOffer,
)
from coupons.sharing import OFFERED_FOR
from tests.cast import Cast, make_buyer, make_older, together
from tests.coupons.stage import collect, issue, make_campaign, payment_code, state_of

MANY = 8


def coupon_of(cast: Cast, **changed: Any) -> UUID:
    """A coupon of a new campaign, of the buyer of the cast."""
    found = parse_public_id("cpn", issue(cast, make_campaign(cast, **changed)))
    assert found is not None
    return found


def owner_of(coupon_id: UUID) -> Any:
    return Coupon.objects.get(pk=coupon_id).owner


def test_the_receiver_has_it_and_the_giver_has_not(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    coupon = take_coupon(offer.token, cast.second_buyer)
    assert (coupon.pk, coupon.owner, coupon.state) == (coupon_id, cast.second_buyer, "issued")
    held = Holding.objects.get(coupon=coupon, person=cast.second_buyer)
    assert (held.how, held.number) == (How.SHARED, 1)
    assert cast.buyer_key.get("me/coupons").body["results"] == []
    assert cast.second_key.get("me/coupons").body["results"][0]["id"] == coupon.public_id


def test_what_was_received_pays(cast: Cast) -> None:
    coupon = take_coupon(offer_coupon(cast.buyer, coupon_of(cast)).token, cast.second_buyer)
    assert cast.second_key.post(f"me/coupons/{coupon.public_id}/use").status == 200
    paid = collect(cast.owner_key, payment_code(cast.second_key), 10_000, "share-1")
    assert (paid.body["deduction"], paid.body["paid"]) == (2_000, 8_000)
    assert state_of(cast.second_key, coupon.public_id) == "used"


def test_offered_again_it_is_the_same_offer_and_a_stale_one_is_replaced(cast: Cast) -> None:
    coupon_id = coupon_of(cast, ends_at=(clock.now() + timedelta(days=30)).isoformat())
    offer = offer_coupon(cast.buyer, coupon_id)
    assert offer_coupon(cast.buyer, coupon_id) == offer
    make_older(offer, OFFERED_FOR, "created_at", "expires_at")
    with pytest.raises(LinkEnded):
        take_coupon(offer.token, cast.second_buyer)
    assert offer_coupon(cast.buyer, coupon_id) != offer


def test_an_offer_lasts_no_longer_than_its_coupon(cast: Cast) -> None:
    offer = offer_coupon(cast.buyer, coupon_of(cast, ends_at=(clock.now() + timedelta(hours=2)).isoformat()))
    assert offer.expires_at == offer.coupon.expires_at


def test_the_giver_cannot_take_it(cast: Cast) -> None:
    offer = offer_coupon(cast.buyer, coupon_of(cast))
    with pytest.raises(OwnOffer):
        take_coupon(offer.token, cast.buyer)


def test_a_withdrawn_offer_gives_nothing(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    withdraw_offer(cast.buyer, coupon_id)
    withdraw_offer(cast.buyer, coupon_id)
    with pytest.raises(LinkEnded):
        take_coupon(offer.token, cast.second_buyer)
    assert owner_of(coupon_id) == cast.buyer


def test_what_was_taken_cannot_be_withdrawn_or_taken_by_a_third(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    take_coupon(offer.token, cast.second_buyer)
    assert take_coupon(offer.token, cast.second_buyer).pk == coupon_id
    with pytest.raises(LinkEnded):
        take_coupon(offer.token, cast.poor_buyer)
    with pytest.raises(LinkEnded):
        take_coupon(offer.token, cast.buyer)
    for flow in (withdraw_offer, offer_coupon):
        with pytest.raises(NotFound):
            flow(cast.buyer, coupon_id)


def test_only_the_owner_offers_and_nobody_takes_what_is_not_offered(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    for flow in (offer_coupon, withdraw_offer):
        with pytest.raises(NotFound):
            flow(cast.second_buyer, coupon_id)
    with pytest.raises(NotFound):
        take_coupon("no-such-token", cast.second_buyer)


def test_an_armed_coupon_is_not_offered(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    arm_coupon(cast.buyer, coupon_id)
    with pytest.raises(CouponArmed):
        offer_coupon(cast.buyer, coupon_id)


def test_arming_withdraws_the_offer(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    arm_coupon(cast.buyer, coupon_id)
    put_back_coupon(cast.buyer, coupon_id)
    with pytest.raises(LinkEnded):
        take_coupon(offer.token, cast.second_buyer)


def test_a_coupon_that_a_payment_counts_on_is_neither_offered_nor_taken(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    held = {"state": "locked", "payment_id": coupon_id, "deduction_minor": 1}
    Coupon.objects.filter(pk=coupon_id).update(**held)
    with pytest.raises(InvalidState):
        offer_coupon(cast.buyer, coupon_id)
    with pytest.raises(CouponGone):
        take_coupon(offer.token, cast.second_buyer)


def test_nothing_is_offered_or_taken_of_a_campaign_that_was_closed(cast: Cast) -> None:
    coupon_id = coupon_of(cast)
    offer = offer_coupon(cast.buyer, coupon_id)
    change_campaign(cast.merchant, offer.coupon.campaign_id, CampaignState.CLOSED)
    with pytest.raises(CampaignEnded):
        take_coupon(offer.token, cast.second_buyer)
    with pytest.raises(CouponGone):
        offer_coupon(cast.buyer, coupon_id)


def test_the_receivers_limit_holds_and_giving_away_makes_no_room(cast: Cast) -> None:
    coupon_id = coupon_of(cast, per_buyer_limit=1)
    offer = offer_coupon(cast.buyer, coupon_id)
    issue_coupon(offer.coupon.campaign_id, cast.second_buyer)
    with pytest.raises(BuyerLimitReached):
        take_coupon(offer.token, cast.second_buyer)
    take_coupon(offer.token, cast.poor_buyer)
    with pytest.raises(BuyerLimitReached):
        issue_coupon(offer.coupon.campaign_id, cast.buyer)


@pytest.mark.usefixtures("agrees")
def test_what_comes_back_is_not_counted_twice(cast: Cast) -> None:
    coupon_id = coupon_of(cast, per_buyer_limit=1)
    take_coupon(offer_coupon(cast.buyer, coupon_id).token, cast.second_buyer)
    take_coupon(offer_coupon(cast.second_buyer, coupon_id).token, cast.buyer)
    assert owner_of(coupon_id) == cast.buyer
    assert Holding.objects.filter(coupon_id=coupon_id).count() == 2


# --- raced -----------------------------------------------------------------------------------


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


@pytest.mark.races
@pytest.mark.usefixtures("committed", "agrees")
class TestRaced:
    """Eight at once."""

    def test_of_eight_takers_one_gets_it(self, cast: Cast) -> None:
        offer, takers = offer_coupon(cast.buyer, coupon_of(cast)), [make_buyer() for _ in range(MANY)]
        results = together(lambda number: take_coupon(offer.token, takers[number]), MANY)
        assert kinds(results) == {"Coupon": 1, "LinkEnded": MANY - 1}
        winner = next(taker for taker, got in zip(takers, results, strict=True) if isinstance(got, Coupon))
        assert owner_of(offer.coupon_id) == winner
        assert Holding.objects.filter(coupon_id=offer.coupon_id).count() == 2

    def test_control_without_the_lock_eight_are_told_that_it_is_theirs(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offer, takers = offer_coupon(cast.buyer, coupon_of(cast)), [make_buyer() for _ in range(MANY)]
        everybody_has_looked = Barrier(MANY)

        def read(rows: models.QuerySet[Any], **lookup: Any) -> Any:
            if rows.model is not Coupon:  # the campaign: everybody has looked at coupon and offer by now
                everybody_has_looked.wait(30)
            return rows.get(**lookup)

        monkeypatch.setattr(locking, "lock_row", read)
        results = together(lambda number: take_coupon(offer.token, takers[number]), MANY)
        assert kinds(results) == {"Coupon": MANY}

    def test_taking_against_withdrawing_against_arming(self, cast: Cast) -> None:
        offer = offer_coupon(cast.buyer, coupon_of(cast))

        def work(number: int) -> Any:
            flows: tuple[Any, ...] = (
                lambda: take_coupon(offer.token, cast.second_buyer),
                lambda: withdraw_offer(cast.buyer, offer.coupon_id),
                lambda: arm_coupon(cast.buyer, offer.coupon_id),
            )
            return flows[number]()

        taken, _withdrawn, armed = together(work, 3)
        coupon = Coupon.objects.get(pk=offer.coupon_id)
        if isinstance(taken, Coupon):
            assert (coupon.owner, coupon.state) == (cast.second_buyer, "issued")
            assert isinstance(armed, NotFound)
        else:
            assert isinstance(taken, LinkEnded)
            assert (coupon.owner, coupon.state) == (cast.buyer, "armed")
        assert not ShareOffer.objects.filter(coupon=coupon, taken_at=None, withdrawn_at=None).exists()
