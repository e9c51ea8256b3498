"""The pages of refunds in a real Chromium: deciding by keys, photos large, phone and desk, light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from refunds.flows.decide_refund import reject_refund
from refunds.models import Refund
from tests.cast import make_product
from tests.pages_calls.conftest import HOME, Enter, enter as enter
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_dashboard.conftest import Shop, make_shop
from tests.pages_dashboard.test_browser import LONG, troubles
from tests.pages_dashboard.test_refunds import REFUNDS, RULES, asked, wait

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]


def states(*refunds: Refund) -> list[str]:
    return [Refund.objects.get(pk=refund.pk).state for refund in refunds]


def test_deciding_by_keys(enter: Enter) -> None:
    shop = make_shop()
    older, refund = wait(shop), wait(shop)
    sight = enter(shop.people["manager"], f"{REFUNDS}/{refund.public_id}")
    page = sight.page
    page.keyboard.press("j")
    page.wait_for_url(f"**/{older.public_id}")
    page.keyboard.press("r")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("A jar, worn.")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rejected. The buyer reads your reason.")).to_be_visible()
    page.keyboard.press("k")
    page.wait_for_url(f"**/{refund.public_id}")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog").get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Approved. The money goes back the way it came.")).to_be_visible()
    assert states(older, refund) == ["rejected", "approved"]
    assert sight.complaints == []


def test_keys_can_be_switched_off(enter: Enter) -> None:
    shop = make_shop()
    refund = wait(shop)
    page = enter(shop.people["manager"], f"{REFUNDS}/{refund.public_id}").page
    page.get_by_label("Keyboard").uncheck()
    page.reload()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_label("Keyboard").check()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_photos_are_turned_by_keys(enter: Enter) -> None:
    shop = make_shop()
    refund = wait(shop, photos=3)
    sight = enter(shop.people["manager"], f"{REFUNDS}/{refund.public_id}")
    page = sight.page
    page.locator("a[data-photo]").nth(1).focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="Photos")
    place = viewer.locator("output")
    expect(place).to_have_text("2 / 3")
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text("3 / 3")
    page.keyboard.press("ArrowRight")
    expect(viewer.locator("img")).to_have_attribute("alt", "Photo 1 of 3")
    keep_picture(page, "refunds-viewer")
    assert sight.barriers() == []
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page.locator("a[data-photo]").nth(1)).to_be_focused()
    assert sight.complaints == []


def test_several_are_ticked_and_decided(enter: Enter) -> None:
    shop = make_shop()
    first, second, third = wait(shop), wait(shop), wait(shop)
    sight = enter(shop.people["manager"], REFUNDS)
    page = sight.page
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_role("button", name="Reject those ticked").click()
    page.get_by_label("Reason").fill("Worn.")
    page.get_by_role("button", name="Reject them").click()
    expect(page.get_by_role("heading", name="What became of them")).to_be_visible()
    page.get_by_label("All on this page").check()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No refund waits for you")).to_be_visible()
    assert states(first, second, third) == ["approved", "approved", "rejected"]
    assert sight.complaints == []


def full_shop() -> tuple[Shop, list[str]]:
    """A shop with refunds in several states; the addresses of its pages."""
    shop = make_shop()
    refunds = [wait(shop, photos=number) for number in (3, 1, 2)]
    long = asked(shop.merchant, make_product(shop.merchant, 900_000, name=LONG[:110]), shop.buyer)
    Refund.objects.filter(pk=long.pk).update(reason=LONG * 4)
    reject_refund(shop.merchant, refunds[0].pk, "Worn.")
    one = [f"{REFUNDS}/{refund.public_id}" for refund in (refunds[0], long)]
    return shop, [REFUNDS, REFUNDS + "?state=all", REFUNDS + "?state=failed", *one, RULES]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_is_sound(enter: Enter, width: int, scheme: Any) -> None:
    shop, addresses = full_shop()
    wrong = []
    for number, address in enumerate(addresses):
        sight = enter(shop.people["owner"], address, width, scheme)
        keep_picture(sight.page, f"refunds-{number}-{width}-{scheme}")
        wrong += troubles(sight, address.removeprefix(HOME))
    assert wrong == []
