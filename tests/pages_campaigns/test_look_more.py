"""Coupons on the page of a live code, a campaign's plots: phone and desk, light and dark, both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from common import clock, drains
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, CampaignFigure
from customers.flows import issue_to_segments as flow
from customers.flows.begin_segment import DRAIN
from customers.flows.set_tags import set_tags
from orders.models import Order
from payments.flows.set_pin import set_pin
from payments.pins import check_pin
from tests.cast import PASSWORD, Cast, make_order
from tests.coupons.stage import issue, make_campaign
from tests.look.conftest import browser as browser, site as site
from tests.pages_calls.conftest import Enter, enter as enter, open_as
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_campaigns.conftest import campaign_of
from tests.pages_dashboard.conftest import HOME, make_customer, make_shop
from tests.pages_dashboard.test_browser import troubles
from tests.pages_till_buyer.test_browser import elsewhere
from tests.pages_till_buyer.test_look_till import speak

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
SIZES = ((390, "light", "en"), (390, "dark", "zh-hans"), (1280, "light", "zh-hans"), (1280, "dark", "en"))


def full_hand(cast: Cast) -> Order:
    """An order, and coupons that fit and that don't."""
    terms: tuple[dict[str, Any], ...] = (
        {"name": "Half of it", "kind": "percent", "value": 50},
        {"name": "Five off", "value": 500},
        {"name": "A campaign with a name of many words, on rainy days only", "value": 300},
        {"name": "Small one", "value": 100},
        {"name": "From a hundred on", "minimum_spend": 10_000},
        {"name": "From tomorrow", "starts_at": (clock.now() + timedelta(days=1)).isoformat()},
    )
    for each in terms:
        issue(cast, make_campaign(cast, **each))
    return make_order(cast.merchant, cast.code_product).order


@pytest.mark.parametrize(("width", "scheme", "language"), SIZES)
def test_the_page_to_pay(enter: Enter, cast: Cast, site: str, width: int, scheme: Any, language: str) -> None:
    order = full_hand(cast)
    sight = enter(cast.buyer, "/me/", width, scheme)
    page, found = sight.page, []
    speak(page, language, site)

    def see(name: str) -> None:
        page.wait_for_timeout(400)
        keep_picture(page, f"{name}-{language}-{width}-{scheme}")
        found.extend(troubles(sight, name))

    page.goto(f"{site}/pay/{order.live_token}")
    see("pay")
    page.locator("summary").first.click()
    page.locator("summary").last.click()
    see("pay-unfolded")
    Campaign.objects.filter(merchant=cast.merchant, name="Half of it").update(state="paused")
    page.locator(".lt-pay-form button.btn-primary").click()
    expect(page.locator(".alert")).to_be_visible()
    expect(page.locator("[name=coupon]:checked")).to_have_count(0)
    see("pay-refused")
    page.locator("[name=coupon]").first.check()
    page.locator(".lt-pay-form button.btn-primary").click()
    expect(page.locator(".lt-result")).to_be_visible()
    see("pay-receipt")
    assert [said for said in found if "409" not in said] == []


def test_the_button_follows_the_choice(enter: Enter, cast: Cast) -> None:
    issue(cast, make_campaign(cast, value=1_000), cast.poor_buyer.phone)
    order = make_order(cast.merchant, cast.code_product).order
    page = enter(cast.poor_buyer, f"/pay/{order.live_token}", 390).page
    button = page.locator(".lt-pay-form button.btn-primary")
    expect(button).to_have_text("Pay CN¥50.00")
    expect(page.locator("#short")).to_contain_text("CN¥50.00 too little")
    page.get_by_label("Without a coupon").press("Space")
    expect(button).to_have_text("Pay CN¥60.00")
    expect(page.locator("#short")).to_contain_text("CN¥60.00 too little")
    assert "amount=6000" in (page.locator("#short a").get_attribute("href") or "")


def test_it_works_without_scripts(browser: Browser, cast: Cast, site: str) -> None:
    coupon = issue(cast, make_campaign(cast))
    order = make_order(cast.merchant, cast.code_product).order
    size: Any = {"width": 390, "height": 800}
    sight = open_as(
        browser, site, cast.buyer, f"/pay/{order.live_token}", viewport=size, java_script_enabled=False
    )
    page = sight.page
    expect(page.locator(f"[value='{coupon}:4000']")).to_be_checked()
    expect(page.get_by_text("CN¥40.00 to pay")).to_be_visible()
    page.get_by_label("Without a coupon").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_text("CN¥60.00 to Our shop")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme", "language"), SIZES)
def test_a_campaigns_plots(enter: Enter, site: str, width: int, scheme: Any, language: str) -> None:
    shop = make_shop()
    campaign = campaign_of(shop.merchant, budget_minor=90_000, daily_budget_minor=9_000)
    for ago in range(0, 80, 2):
        day, many = clock.today() - timedelta(days=ago), 5 + ago % 7
        for measure, share in (("issued", 3), ("armed", 2), ("used", 2), ("given_back", 1), ("expired", 1)):
            money = {"cost_minor": many * share * 200, "sale_minor": many * share * 1_000}
            CampaignFigure.objects.create(
                campaign=campaign, day=day, measure=measure, count=many * share, **money
            )
    sight = enter(shop.people["owner"], HOME, width, scheme)
    speak(sight.page, language, site)
    found = []
    for name, path in (
        ("plots", f"campaigns/{campaign.public_id}?days=90"),
        ("all", f"campaigns/{campaign.public_id}?days=all"),
    ):
        sight.page.goto(site + HOME + path)
        sight.page.wait_for_load_state("networkidle")
        sight.page.wait_for_timeout(800)
        expect(sight.page.locator(".lt-plot-area canvas")).to_have_count(3)
        keep_picture(sight.page, f"{name}-{language}-{width}-{scheme}")
        found += troubles(sight, name)
    empty = campaign_of(shop.merchant, name="Nothing yet")
    sight.page.goto(f"{site}{HOME}campaigns/{empty.public_id}")
    sight.page.wait_for_timeout(400)
    keep_picture(sight.page, f"empty-{language}-{width}-{scheme}")
    found += troubles(sight, "empty")
    assert "\n".join(found) == ""


@pytest.mark.parametrize(("width", "scheme", "language"), SIZES)
def test_giving_to_a_segment(
    enter: Enter, site: str, width: int, scheme: Any, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "CHUNK", 2)
    shop = make_shop()
    campaign = campaign_of(shop.merchant, per_buyer_limit=1, total_quota=4)
    people = [make_customer(shop) for _ in range(6)]
    set_tags(shop.merchant, people[0].pk, ["tea", "regular", "a tag with a longer name"])
    issue_coupon(campaign.pk, people[0].person)  # type: ignore[arg-type]
    sight = enter(shop.people["owner"], HOME, width, scheme)
    page, found = sight.page, []
    speak(page, language, site)

    def see(name: str) -> None:
        page.wait_for_timeout(400)
        keep_picture(page, f"{name}-{language}-{width}-{scheme}")
        found.extend(troubles(sight, name))

    page.goto(f"{site}{HOME}campaigns/{campaign.public_id}/segment")
    page.locator("[name=min_orders]").fill("1")
    see("segment-new")
    page.locator("[name=do][value=count]").click()
    expect(page.locator("[name=do][value=give]")).to_be_visible()
    see("segment-counted")
    page.locator("[name=do][value=give]").click()
    expect(page.locator("[data-live]")).to_be_visible()
    elsewhere(flow.issue_to_segments)
    expect(page.locator("progress")).to_be_visible()
    elsewhere(flow.issue_to_segments)
    expect(page.locator("progress[value='2']")).to_be_visible()
    see("segment-under-way")
    elsewhere(lambda: drains.run(DRAIN))
    expect(page.get_by_role("table")).to_be_visible()
    see("segment-over")
    assert "\n".join(found) == ""


@pytest.mark.parametrize(("width", "scheme", "language"), SIZES)
def test_a_forgotten_pin(enter: Enter, cast: Cast, site: str, width: int, scheme: Any, language: str) -> None:
    set_pin(cast.buyer, "135790")
    sight = enter(cast.buyer, "/me/", width, scheme)
    page, found = sight.page, []
    speak(page, language, site)

    def see(name: str) -> None:
        page.wait_for_timeout(400)
        keep_picture(page, f"{name}-{language}-{width}-{scheme}")
        found.extend(troubles(sight, name))

    page.goto(f"{site}/me/pay/pin")
    see("pin-known")
    page.locator("a[href='/me/pay/pin/forgotten']").click()
    see("pin-prove")
    page.locator("a[href^='/accounts/reauthenticate/']").click()
    see("pin-password")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    see("pin-forgotten")
    page.locator("[name=pin]").fill("246813")
    page.locator("[name=again]").fill("246813")
    page.locator(".lt-pin-form button").click()
    page.wait_for_url("**/me/pay/pin")
    assert check_pin(cast.buyer, "246813")
    assert "\n".join(found) == ""
