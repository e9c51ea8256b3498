"""Every page of paying at a till as it stands on phone and desk, light and dark, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site_settings
from playwright.sync_api import Page, expect

from common import clock
from coupons.models import Campaign
from coupons.refusals import CouponRefused
from ledger.refusals import InsufficientFunds
from payments.flows.set_pin import set_pin
from payments.refusals import PinRequired
from tests.cast import WALLET_MINOR, Cast
from tests.coupons.stage import armed, issue, make_campaign
from tests.look.conftest import Sight
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_dashboard.test_browser import troubles
from tests.pages_till_buyer.conftest import Enter, collect
from tests.pages_till_buyer.test_browser import PHONE, PIN, elsewhere, shown

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
SIZES = ((PHONE, "light"), (PHONE, "dark"), (1280, "light"), (360, "dark"))


def full_wallet(cast: Cast) -> None:
    """Coupons of every kind."""
    soon = (clock.now() + timedelta(days=1)).isoformat()
    paused = make_campaign(cast, name="Rainy days")
    for terms in (
        {"name": "First cup", "kind": "percent", "value": 10, "cap": 3_000, "minimum_spend": 10_000},
        {"name": "只限春茶 " * 5, "products": [cast.code_product.public_id, cast.call_product.public_id]},
        {"name": "From tomorrow", "starts_at": soon},
    ):
        issue(cast, make_campaign(cast, **terms))
    issue(cast, paused)
    cast.owner_key.post(f"campaigns/{paused}/pause")
    issue(cast, make_campaign(cast, name="Last summer"))
    Campaign.objects.filter(merchant=cast.merchant, name="Last summer").update(state="closed")
    armed(cast)


def speak(page: Page, language: str, site: str) -> None:
    name = site_settings.LANGUAGE_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": language, "url": site}])


@dataclass
class Tour:
    """Goes from page to page and notes what is wrong with each."""

    cast: Cast
    sight: Sight
    site: str
    name: str
    found: list[str] = field(default_factory=list)

    def see(self, name: str, path: str = "") -> None:
        """Look at a page, or at the one that is open."""
        if path:
            self.sight.page.goto(self.site + path)
        self.sight.page.wait_for_timeout(400)  # what rises in has come to rest
        keep_picture(self.sight.page, f"{name}-{self.name}")
        self.found.extend(troubles(self.sight, name))

    def code(self) -> str:
        """Open the code's page."""
        self.sight.page.goto(self.site + "/me/pay")
        return shown(self.sight.page)

    def refused(self, name: str, amount_minor: int, why: type[Exception]) -> None:
        """Look at what comes of a code that is refused."""
        code = self.code()

        def refuse() -> None:
            with pytest.raises(why):
                collect(self.cast, code, amount_minor, f"r-{name}")

        elsewhere(refuse)
        expect(self.sight.page.locator(".lt-result")).to_be_visible()
        self.see(name)


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_fits_and_has_no_barrier(
    enter: Enter, cast: Cast, site: str, width: int, scheme: Any, language: str
) -> None:
    full_wallet(cast)
    sight = enter(cast.buyer, "/me/", width, scheme)
    speak(sight.page, language, site)
    tour = Tour(cast, sight, site, f"{language}-{width}-{scheme}")
    tour.code()
    tour.see("code-armed")
    Campaign.objects.filter(merchant=cast.merchant, name="Twenty off").update(minimum_spend_minor=50_000)
    tour.see("coupons", "/me/coupons")
    tour.refused("refused", 9_000, CouponRefused)
    tour.refused("short", WALLET_MINOR + 1_234, InsufficientFunds)
    tour.see("pin-none", "/me/pay/pin")
    set_pin(cast.buyer, PIN)
    tour.see("pin", "/me/pay/pin")
    tour.refused("pin-asked", 60_000, PinRequired)
    code = tour.code()
    tour.see("code")
    elsewhere(lambda: collect(cast, code, 5_000, "r-paid"))
    expect(sight.page.locator(".lt-result")).to_be_visible()
    tour.see("paid")
    sight.page.reload()
    tour.see("receipt")
    for name, path in (("used", "coupons?show=used"), ("ended", "coupons?show=ended"), ("wallet", "")):
        tour.see(name, f"/me/{path}")
    tour.see("account", "/me/account")
    assert "\n".join(tour.found) == ""
