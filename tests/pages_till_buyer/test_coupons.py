"""The buyer's coupons: what they promise, set and put back, by state, a page at a time; nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from coupons import pages_mine
from coupons.models import Campaign, Coupon
from tests.cast import Cast, signed_in
from tests.coupons.stage import armed, issue, make_campaign, state_of
from tests.pages_buyer.conftest import text_of
from tests.pages_till_buyer.conftest import Client, ask, collect, digits


def use(client: Client, coupon: str, **sent: str) -> Any:
    return client.post(f"/me/coupons/{coupon}/use", sent)


def put_back(client: Client, coupon: str, **sent: str) -> Any:
    return client.post(f"/me/coupons/{coupon}/put-back", sent)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({}, "CN¥20.00 off"),
        ({"kind": "percent", "value": 15}, "15% off"),
        ({"kind": "percent", "value": 10, "cap": 3_000}, "10% off, at most CN¥30.00"),
        ({"minimum_spend": 10_000}, "For bills from CN¥100.00"),
    ],
)
def test_terms_in_words(cast: Cast, buyer: Client, terms: dict[str, Any], words: str) -> None:
    issue(cast, make_campaign(cast, **terms))
    text = text_of(buyer.get("/me/coupons"))
    assert words in text.replace(" , ", ", ")
    assert "Our shop" in text


def test_a_scope_names_its_goods(cast: Cast, buyer: Client) -> None:
    issue(cast, make_campaign(cast, products=[cast.code_product.public_id]))
    assert "Only for By code" in text_of(buyer.get("/me/coupons"))


def test_none_says_so(cast: Cast, buyer: Client) -> None:
    assert "No coupons" in text_of(buyer.get("/me/coupons"))
    assert "None used yet" in text_of(buyer.get("/me/coupons?show=used"))
    assert "None has ended" in text_of(buyer.get("/me/coupons?show=ended"))
    assert buyer.get("/me/coupons?show=nonsense").status_code == 404
    assert buyer.get("/me/coupons?cursor=nonsense").status_code == 404


def test_set_then_shown_beside_the_code_then_put_back(cast: Cast, buyer: Client) -> None:
    coupon = issue(cast, make_campaign(cast))
    answer = use(buyer, coupon, next="/me/pay")
    assert (answer.status_code, answer["Location"]) == (302, "/me/pay")
    assert state_of(cast.buyer_key, coupon) == "armed"
    assert "Comes off at Our shop" in text_of(buyer.get("/me/pay"))
    assert "Set for the next payment" in text_of(buyer.get("/me/coupons"))
    assert put_back(buyer, coupon)["Location"] == "/me/coupons"
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert put_back(buyer, coupon).status_code == 302
    assert "Comes off at" not in text_of(buyer.get("/me/pay"))


def test_only_addresses_of_ours_are_gone_on_to(cast: Cast, buyer: Client) -> None:
    coupon = issue(cast, make_campaign(cast))
    for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert use(buyer, coupon, next=address)["Location"] == "/me/coupons"


def test_nobody_elses(cast: Cast, buyer: Client) -> None:
    coupon = issue(cast, make_campaign(cast), cast.second_buyer.phone)
    assert use(buyer, coupon).status_code == 404
    assert put_back(buyer, coupon).status_code == 404
    assert use(buyer, "cpn_nonsense").status_code == 404
    assert "Twenty off" not in text_of(buyer.get("/me/coupons"))
    assert buyer.get(f"/me/coupons/{coupon}/use").status_code == 405


def test_a_paused_one_waits_and_one_to_come_waits(cast: Cast, buyer: Client) -> None:
    campaign = make_campaign(cast)
    coupon = issue(cast, campaign)
    cast.owner_key.post(f"campaigns/{campaign}/pause")
    page = buyer.get("/me/coupons")
    assert "The shop has paused this coupon for now." in text_of(page)
    assert f"/me/coupons/{coupon}/use" not in page.content.decode()
    refused = signed_in(cast.buyer).post(f"/me/coupons/{coupon}/use", follow=True)
    assert "This campaign is paused." in text_of(refused)
    issue(cast, make_campaign(cast, starts_at=(clock.now() + timedelta(days=1)).isoformat()))
    assert "Not yet" in text_of(buyer.get("/me/coupons"))


def test_used_and_ended_stand_apart(cast: Cast, buyer: Client) -> None:
    armed(cast, name="Spent one")
    collect(cast, digits(ask(buyer)), 10_000)
    issue(cast, make_campaign(cast, name="Late one"))
    Coupon.objects.filter(campaign__name="Late one").update(expires_at=clock.now())
    issue(cast, make_campaign(cast, name="Closed one"))
    Campaign.objects.filter(name="Closed one").update(state="closed")
    issue(cast, make_campaign(cast, name="Good one"))

    def names(show: str) -> set[str]:
        return set(re.findall(r"(\w+) one", text_of(buyer.get(f"/me/coupons?show={show}"))))

    assert (names("ready"), names("used"), names("ended")) == ({"Good"}, {"Spent"}, {"Late", "Closed"})
    assert "The shop has ended this campaign." in text_of(buyer.get("/me/coupons?show=ended"))
    assert "CN¥20.00 less" in text_of(buyer.get("/me/coupons?show=used"))


def test_a_set_one_whose_time_to_pay_passed_is_ready_again(cast: Cast, buyer: Client) -> None:
    coupon = armed(cast)
    with clock.moved(timedelta(minutes=20)):
        page = buyer.get("/me/coupons")
        assert "Ready to use" in text_of(page)
        assert use(buyer, coupon).status_code == 302


def test_one_that_was_offered_says_so_until_it_is_set(cast: Cast, buyer: Client) -> None:
    coupon = issue(cast, make_campaign(cast))
    assert "Give it away" in text_of(buyer.get("/me/coupons"))
    offer = buyer.post(f"/me/coupons/{coupon}/give")["Location"]
    page = text_of(buyer.get("/me/coupons"))
    assert "Offered" in page
    assert "Show the gift's link" in page
    assert buyer.post(f"/me/coupons/{coupon}/give")["Location"] == offer
    use(buyer, coupon)
    assert "Offered" not in text_of(buyer.get("/me/coupons"))


def test_a_page_at_a_time_the_set_one_first(
    cast: Cast, buyer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_mine, "PAGE_COUPONS", 2)
    campaign = make_campaign(cast)
    first = issue(cast, campaign)
    for _more in range(4):
        issue(cast, campaign)
    use(buyer, first)
    page = buyer.get("/me/coupons").content.decode()
    shown = re.findall(r"/me/coupons/(cpn_\w+)/(?:use|put-back)", page)
    assert (shown[0], len(shown)) == (first, 3)
    older = re.search(r'href="\?cursor=([^"]+)" rel="next"', page)
    assert older
    rest = buyer.get(f"/me/coupons?cursor={older[1]}").content.decode()
    assert not set(re.findall(r"/me/coupons/(cpn_\w+)/", rest)) & set(shown)
