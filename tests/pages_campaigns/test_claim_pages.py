"""What buyers see of claim links and gifts: terms, signing in, taking, and every way of there being none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.change_campaign import change_campaign
from coupons.flows.end_claim_link import end_claim_link
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.flows.offer_coupon import offer_coupon
from coupons.flows.take_coupon import take_coupon
from coupons.models import CampaignState, ClaimLink, Coupon, ShareOffer
from tests.cast import make_buyer, make_older, signed_in
from tests.pages_campaigns.conftest import Shop, campaign_of, words


def link_of(shop: Shop, **changed: Any) -> ClaimLink:
    return make_claim_link(shop.merchant, campaign_of(shop.merchant, **changed).pk, "Window")


def at(link: ClaimLink) -> str:
    return f"/claim/{link.token}"


# --- claim links ---------------------------------------------------------------------------------


def test_nobody_in_particular_sees_the_terms_and_how_to_sign_in(shop: Shop) -> None:
    link = link_of(shop, minimum_spend_minor=5_000)
    answer = Client().get(at(link))
    text = words(answer)
    assert answer.status_code == 200
    for part in ("Rainy day", "Tea house", "CN¥20.00 off", "From a bill of CN¥50.00 on", "Text me a code"):
        assert part in text
    assert f'name="next" value="{at(link)}"' in answer.content.decode()
    assert "Window" not in text


def test_who_is_not_signed_in_is_led_there_and_back(shop: Shop) -> None:
    link = link_of(shop)
    answer = Client().post(at(link))
    assert answer.headers["Location"] == f"/accounts/login/code/?next=%2Fclaim%2F{link.token}"
    assert not Coupon.objects.filter(campaign=link.campaign).exists()


def test_claiming(shop: Shop) -> None:
    link, client = link_of(shop, per_buyer_limit=1), shop["buyer"]
    assert "Get the coupon" in words(client.get(at(link)))
    answer = client.post(at(link), {"number": "1"}, follow=True)
    assert "The coupon is yours" in words(answer)
    assert Coupon.objects.get(campaign=link.campaign).owner == shop.buyer
    assert "You have had yours" in words(client.get(at(link)))


def test_a_second_tap_gives_no_second_coupon_and_the_next_one_is_asked_for_by_its_number(shop: Shop) -> None:
    link, client = link_of(shop, per_buyer_limit=2), shop["buyer"]
    for _tap in range(2):
        assert client.post(at(link), {"number": "1"}).status_code == 302
    assert Coupon.objects.filter(campaign=link.campaign).count() == 1
    page = client.get(at(link))
    assert "You have had 1 of the 2" in words(page)
    assert page.context["number"] == 2
    client.post(at(link), {"number": "2"})
    assert Coupon.objects.filter(campaign=link.campaign).count() == 2


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30, "²"])
def test_an_odd_number_is_no_number(shop: Shop, number: str) -> None:
    link = link_of(shop)
    assert shop["buyer"].post(at(link), {"number": number}).status_code == 302


def test_all_gone(shop: Shop) -> None:
    link = link_of(shop, total_quota=1)
    issue_coupon(link.campaign_id, make_buyer())
    assert "All gone" in words(shop["buyer"].get(at(link)))
    answer = shop["buyer"].post(at(link), {"number": "1"})
    assert answer.status_code == 409
    assert "All coupons of this campaign are gone" in words(answer)


def test_paused(shop: Shop) -> None:
    link = link_of(shop)
    change_campaign(shop.merchant, link.campaign_id, CampaignState.PAUSED)
    assert "Paused for now" in words(shop["buyer"].get(at(link)))
    assert shop["buyer"].post(at(link)).status_code == 409


@pytest.mark.parametrize("how", ["link", "closed", "time"])
def test_ended(shop: Shop, how: str) -> None:
    link = link_of(shop)
    if how == "link":
        end_claim_link(shop.merchant, link.pk)
    elif how == "closed":
        change_campaign(shop.merchant, link.campaign_id, CampaignState.CLOSED)
    else:
        make_older(link.campaign, timedelta(days=8), "starts_at", "ends_at")
    answer = shop["buyer"].get(at(link))
    assert answer.status_code == 410
    assert "This has ended" in words(answer)
    assert shop["buyer"].post(at(link)).status_code == 409


def test_before_it_starts_it_can_be_had_already(shop: Shop) -> None:
    link = link_of(shop, starts_at=clock.now() + timedelta(days=1))
    assert "can't be used before it starts" in words(shop["buyer"].get(at(link)))
    assert shop["buyer"].post(at(link), {"number": "1"}).status_code == 302


def test_unknown_addresses(shop: Shop) -> None:
    for path in ("/claim/", "/g/"):
        assert shop["buyer"].get(path + "A" * 22).status_code == 404
        assert shop["buyer"].post(path + "A" * 22).status_code == 404
        assert shop["buyer"].delete(path + "A" * 22).status_code in (404, 405)


def test_no_cache_keeps_the_page(shop: Shop) -> None:
    assert "no-store" in Client().get(at(link_of(shop))).headers["Cache-Control"]


# --- gifts ---------------------------------------------------------------------------------------


def coupon_of(shop: Shop, **changed: Any) -> Coupon:
    return issue_coupon(campaign_of(shop.merchant, **changed).pk, shop.buyer)


def gift(offer: ShareOffer) -> str:
    return f"/g/{offer.token}"


def test_giving_leads_to_the_address_to_send(shop: Shop, settings: Any) -> None:
    settings.BASE_URL = "https://till.example"
    coupon, client = coupon_of(shop), shop["buyer"]
    answer = client.post(f"/me/coupons/{coupon.public_id}/give", follow=True)
    offer = ShareOffer.objects.get(coupon=coupon)
    page = answer.content.decode()
    assert f"https://till.example/g/{offer.token}" in page
    assert "data:image/svg+xml" in page
    assert "Keep it after all" in words(answer)


def test_what_cannot_be_given_says_why(shop: Shop) -> None:
    coupon = coupon_of(shop)
    arm_coupon(shop.buyer, coupon.pk)
    shop["buyer"].post(f"/me/coupons/{coupon.public_id}/give")
    assert not ShareOffer.objects.filter(coupon=coupon).exists()
    for client, wanted in ((signed_in(make_buyer()), coupon.public_id), (shop["buyer"], "nonsense")):
        assert client.post(f"/me/coupons/{wanted}/give").status_code == 404


def test_taking(shop: Shop) -> None:
    offer = offer_coupon(shop.buyer, coupon_of(shop).pk)
    taker = make_buyer()
    client = signed_in(taker)
    page = client.get(gift(offer))
    assert "Take the coupon" in words(page)
    assert str(shop.buyer.phone) not in page.content.decode()
    assert "The coupon is yours" in words(client.post(gift(offer), follow=True))
    assert Coupon.objects.get(pk=offer.coupon_id).owner == taker
    third = signed_in(make_buyer())
    assert third.get(gift(offer)).status_code == 410
    answer = third.post(gift(offer))
    assert (answer.status_code, "Too late" in words(answer)) == (409, True)
    assert "Too late" in words(shop["buyer"].get(gift(offer)))


def test_who_is_not_signed_in_sees_terms_and_signs_in(shop: Shop) -> None:
    offer = offer_coupon(shop.buyer, coupon_of(shop).pk)
    assert "Text me a code" in words(Client().get(gift(offer)))
    assert gift(offer).replace("/", "%2F") in Client().post(gift(offer)).headers["Location"]


def test_keeping_it_after_all(shop: Shop) -> None:
    offer = offer_coupon(shop.buyer, coupon_of(shop).pk)
    stranger = signed_in(make_buyer())
    assert stranger.post(gift(offer) + "/keep").status_code == 404
    assert shop["buyer"].post(gift(offer) + "/keep").status_code == 302
    assert stranger.get(gift(offer)).status_code == 410
    assert shop["buyer"].post("/g/" + "A" * 22 + "/keep").status_code == 404


def test_the_giver_cannot_take_it(shop: Shop) -> None:
    offer = offer_coupon(shop.buyer, coupon_of(shop).pk)
    answer = shop["buyer"].post(gift(offer))
    assert answer.status_code == 409
    assert "Withdraw the offer to keep it" in words(answer)


def test_whoever_has_had_theirs_is_told_but_may_take_back_their_own(shop: Shop) -> None:
    coupon = coupon_of(shop, per_buyer_limit=1)
    offer, other = offer_coupon(shop.buyer, coupon.pk), make_buyer()
    issue_coupon(coupon.campaign_id, other)
    assert "You have had yours" in words(signed_in(other).get(gift(offer)))
    friend = make_buyer()
    take_coupon(offer.token, friend)
    back = offer_coupon(friend, coupon.pk)
    assert "Take the coupon" in words(shop["buyer"].get(gift(back)))
    assert shop["buyer"].post(gift(back)).status_code == 302
