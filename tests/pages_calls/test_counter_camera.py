"""The counter by camera: a buyer holds an item's code before it. A browser of its own, a file of its own."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.cast import make_paid_order
from tests.pages_calls.conftest import HOME, Filmed, open_as
from tests.pages_dashboard.conftest import make_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)
PHONE = {"width": 390, "height": 800}


def test_a_code_before_the_camera_is_redeemed(filmed: Filmed, site: str, settings: Any) -> None:
    settings.BASE_URL = site
    shop = make_shop()
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    code = placed.items[0].code
    sight = open_as(filmed(code), site, shop.people["cashier"], HOME + "redeem", viewport=PHONE)
    page = sight.page
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_url(f"**/redeem/{placed.order.public_id}?code={code}", timeout=30_000)
    expect(page.get_by_text("This unit", exact=True)).to_be_visible()
    assert placed.order.items.filter(state="issued").count() == 1
    page.get_by_role("button", name="Redeem this unit").click()
    expect(page.get_by_role("status").filter(has_text="Redeemed")).to_be_visible()
    assert placed.order.items.get().state == "redeemed"
    page.get_by_role("link", name="Next code").click()
    expect(page.locator("[data-camera-said=looking]")).to_be_visible()
    page.wait_for_timeout(1_000)  # it is still there, and is not looked up again at once
    assert page.url.endswith("/dashboard/redeem")
    assert sight.complaints == []


def test_a_code_of_something_else_is_said_to_be_another(filmed: Filmed, site: str) -> None:
    shop = make_shop()
    sight = open_as(
        filmed("https://elsewhere.example/"), site, shop.people["cashier"], HOME + "redeem", viewport=PHONE
    )
    sight.page.get_by_role("button", name="Use the camera").click()
    expect(sight.page.locator("[data-camera-said=other]")).to_be_visible(timeout=30_000)
    assert sight.barriers() == []
    sight.page.get_by_role("button", name="Stop the camera").click()
    expect(sight.page.get_by_role("button", name="Use the camera")).to_be_focused()
    assert sight.complaints == []
