"""Every face of the till as it stands on phone and desk, light and dark, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from merchants.models.merchants import Role
from payments.flows.collect_at_till import collect_at_till
from payments.flows.reverse_payment import reverse_payment
from payments.till import CollectAsk, bill_line
from tests.cast import Cast
from tests.coupons.stage import armed
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_dashboard.test_browser import LONG, troubles
from tests.pages_till.conftest import TILL, Enter, code_of, scan
from tests.pages_till.test_network import cut, lose_sale
from tests.pages_till_buyer.test_look_till import speak

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)
SIZES = ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark"), (360, "light"))


class Tour:
    """Goes from face to face and notes what is wrong with each."""

    def __init__(self, cast: Cast, sight: Any, name: str) -> None:
        self.cast, self.sight, self.name = cast, sight, name
        self.found: list[str] = []

    @property
    def page(self) -> Page:
        return self.sight.page  # type: ignore[no-any-return]

    def see(self, name: str) -> None:
        self.page.wait_for_timeout(400)  # what rises in has come to rest
        keep_picture(self.page, f"till-{name}-{self.name}")
        said = troubles(self.sight, name)
        # What is refused and what is cut off here on purpose is no complaint.
        self.found.extend(trouble for trouble in said if "Failed to load resource" not in trouble)

    def charge(self, amount: str, code: str = "") -> None:
        self.page.locator("[name=amount]").fill(amount)
        scan(self.page, code or code_of(self.cast.buyer))

    def stage(self, name: str) -> None:
        expect(self.page.locator("[data-till]")).to_have_attribute("data-now", name)

    def next(self) -> None:
        self.page.keyboard.press("Escape")
        self.stage("sell")


def some_sales(cast: Cast) -> str:
    """One with everything on it, one reversed; the address of the former."""
    lines = [bill_line(cast.code_product, 2), {**bill_line(cast.call_product, 1), "name": LONG}]
    armed(cast, name="A campaign with quite a long name for spring and summer")
    whole = collect_at_till(
        CollectAsk(cast.merchant, code_of(cast.buyer), 21_000, "number-" + "x" * 50, lines)
    )
    other = collect_at_till(CollectAsk(cast.merchant, code_of(cast.buyer), 5_000, "r-2"))
    reverse_payment(cast.merchant, other.pk, "The guest changed their mind")
    return f"{TILL}/payments/{whole.public_id}"


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_face_fits_and_has_no_barrier(
    enter: Enter, cast: Cast, site: str, width: int, scheme: Any, language: str
) -> None:
    sale = some_sales(cast)
    sight = enter(cast.member(Role.CASHIER), "/dashboard/orders", width, scheme)
    speak(sight.page, language, site)
    tour = Tour(cast, sight, f"{language}-{width}-{scheme}")
    page = tour.page
    page.goto(site + TILL)
    tour.see("empty")
    page.locator("[name=amount]").fill("1234567.89")
    page.locator("[data-items] summary").click()
    page.locator("[data-step='1']").first.click()
    page.locator("[data-step='1']").nth(1).click()
    tour.see("products")
    armed(cast, name="Twenty off the second cup")
    tour.charge("100.00")
    tour.stage("result")
    tour.see("paid")
    tour.next()
    tour.charge("100000.00")
    tour.stage("result")
    tour.see("short")
    tour.next()
    tour.charge("", code_of(cast.buyer))
    tour.see("amount-first")
    lose_sale(page)
    cut(page)
    tour.next()
    tour.charge("30.00")
    tour.stage("unknown")
    tour.see("unknown")
    page.locator("[data-give-up]").click()
    tour.stage("giving")
    tour.see("giving")
    page.unroute(f"**{TILL}/sales/**")
    page.locator("[data-stage=giving] [data-ask-now]").click()
    tour.stage("result")
    tour.see("given-up")
    for name, path in (("day", f"{TILL}/today"), ("sale", sale)):
        page.goto(site + path)
        tour.see(name)
    page.locator("[data-dialog=reverse]").click()
    tour.see("reverse")
    page.emulate_media(media="print")
    page.keyboard.press("Escape")
    keep_picture(page, f"till-paper-{tour.name}")
    assert "\n".join(tour.found) == ""
