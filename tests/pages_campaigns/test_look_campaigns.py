"""Every page of campaigns and coupons on their way, on phone and desk, light and dark, and by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from common import clock
from coupons.flows.change_campaign import change_campaign
from coupons.flows.end_claim_link import end_claim_link
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.flows.offer_coupon import offer_coupon
from coupons.flows.take_coupon import take_coupon
from coupons.models import Campaign, CampaignState, Coupon
from tests.cast import make_buyer, make_product
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_campaigns.conftest import HOME, Enter, Shop, campaign_of
from tests.pages_dashboard.conftest import make_shop
from tests.pages_dashboard.test_browser import LONG, troubles

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)

WIDTHS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]


def full_shop() -> tuple[Shop, list[tuple[str, str]], list[tuple[str, str]]]:
    """A shop with campaigns in every state; its pages and those of its buyers, with who looks."""
    shop = make_shop()
    merchant, now = shop.merchant, clock.now()
    goods = tuple(make_product(merchant, name=f"{LONG} {place}").pk for place in range(3))
    big = campaign_of(
        merchant, name=LONG[:80], kind="percent", value=15, cap_minor=3_000, minimum_spend_minor=10_000,
        products=goods, budget_minor=999_999_999, daily_budget_minor=99_999_999, total_quota=100_000_000,
        per_buyer_limit=30,
    )  # fmt: skip
    coupon = [issue_coupon(big.pk, shop.buyer) for _place in range(26)][-1]
    small, soon = campaign_of(merchant), campaign_of(merchant, name="Soon", starts_at=now + timedelta(days=1))
    gone = campaign_of(merchant, name="Gone", total_quota=1)
    given = issue_coupon(gone.pk, make_buyer())
    paused, closed = campaign_of(merchant, name="Paused"), campaign_of(merchant, name="Closed")
    links = {
        c.name: make_claim_link(merchant, c.pk, LONG[:80]) for c in (big, small, soon, gone, paused, closed)
    }
    ended = make_claim_link(merchant, big.pk, "Old flyer")
    end_claim_link(merchant, ended.pk)
    change_campaign(merchant, paused.pk, CampaignState.PAUSED)
    change_campaign(merchant, closed.pk, CampaignState.CLOSED)
    offer, taken = offer_coupon(shop.buyer, coupon.pk), offer_coupon(given.owner, given.pk)
    take_coupon(taken.token, make_buyer())
    desk = ["campaigns", "campaigns/new", *(f"campaigns/{c.public_id}" for c in (big, small, paused, closed))]
    desk += [f"campaigns/links/{links[big.name].public_id}", f"campaigns/links/{ended.public_id}"]
    pages = [("owner", HOME + path) for path in desk]
    buyers = [("buyer", f"/claim/{link.token}") for link in (*links.values(), ended)]
    buyers += [("nobody", f"/claim/{links[big.name].token}"), ("nobody", f"/g/{offer.token}")]
    buyers += [(who, f"/g/{offer.token}") for who in ("buyer", "owner")] + [("buyer", f"/g/{taken.token}")]
    return shop, pages, buyers


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_every_page_fits_and_has_no_barrier(enter: Enter, site: str, width: int, scheme: Any) -> None:
    shop, pages, buyers = full_shop()
    people = {**shop.people, "nobody": None}
    sights = {who: enter(people[who], "/", width, scheme) for who in ("owner", "buyer", "nobody")}
    found = []
    for place, (who, path) in enumerate(pages + buyers):
        sight = sights[who]
        sight.page.goto(site + path)
        sight.page.wait_for_load_state("load")
        sight.page.wait_for_timeout(400)
        found += [word for word in troubles(sight, path) if "410" not in word]
        keep_picture(sight.page, f"{place:02d}-{who}-{width}-{scheme}")
    assert "\n".join(found) == ""


def test_a_campaign_made_by_hand_on_a_phone_with_its_preview(enter: Enter) -> None:
    shop = make_shop()
    sight = enter(shop.people["manager"], HOME + "campaigns", 390)
    page = sight.page
    keep_picture(page, "empty")
    page.get_by_role("link", name="Make the first campaign").click()
    expect(page.locator("[name=percent]")).to_be_hidden()
    page.get_by_label("Name").fill("Rainy day")
    page.get_by_label("A percentage off").check()
    expect(page.locator("[name=amount]")).to_be_hidden()
    page.locator("[name=percent]").fill("15")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("85.00")
    page.locator("[name=cap]").fill("10")
    expect(preview).to_contain_text("90.00")
    page.get_by_label("Dragon pearls").check()
    page.locator("[name=in_scope]").fill("20")
    expect(preview).to_contain_text("97.00")
    page.locator("[name=minimum_spend]").fill("50")
    expect(preview).to_contain_text("below the minimum spend")
    page.wait_for_timeout(300)
    keep_picture(page, "new-filled-390")
    assert troubles(sight, "new") == []
    page.get_by_role("button", name="Make the campaign").click()
    expect(page.get_by_role("heading", name="Rainy day", level=1)).to_be_visible()
    campaign = Campaign.objects.get(merchant=shop.merchant)
    assert (campaign.value, campaign.cap_minor, campaign.minimum_spend_minor) == (15, 1_000, 5_000)
    page.get_by_role("button", name="Pause").press("Enter")
    page.wait_for_timeout(400)
    keep_picture(page, "pause-390")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The campaign is paused")).to_be_visible()


def test_searching_products_keeps_those_chosen(enter: Enter) -> None:
    shop = make_shop()
    make_product(shop.merchant, name="Green tea")
    page = enter(shop.people["owner"], HOME + "campaigns/new").page
    page.get_by_label("Dragon pearls").check()
    page.get_by_label("Search products").press_sequentially("green", delay=20)
    expect(page.get_by_label("Green tea")).to_be_visible()
    page.get_by_label("Search products").fill("nothing like it")
    expect(page.get_by_label("Green tea")).to_have_count(0)
    expect(page.get_by_label("Dragon pearls")).to_be_checked()
    expect(page.get_by_label("Search products")).to_be_focused()


def test_a_coupon_claimed_and_given_on_phones(enter: Enter) -> None:
    shop, friend = make_shop(), make_buyer()
    link = make_claim_link(shop.merchant, campaign_of(shop.merchant).pk)
    sight = enter(shop.buyer, f"/claim/{link.token}", 390)
    sight.page.get_by_role("button", name="Get the coupon").press("Enter")
    expect(sight.page.get_by_role("heading", name="The coupon is yours")).to_be_visible()
    sight.page.wait_for_timeout(500)
    keep_picture(sight.page, "claimed")
    assert troubles(sight, "claimed") == []
    offer = offer_coupon(shop.buyer, Coupon.objects.get(owner=shop.buyer).pk)
    other = enter(friend, f"/g/{offer.token}", 390)
    other.page.get_by_role("button", name="Take the coupon").press("Enter")
    expect(other.page.get_by_role("heading", name="The coupon is yours")).to_be_visible()
    assert Coupon.objects.get(owner=friend).pk == offer.coupon_id
