"""The till by camera: a buyer holds the phone before it. A browser of its own, a file of its own."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from merchants.models.merchants import Role
from payments.models import Payment
from tests.cast import Cast
from tests.pages_till.conftest import TILL, Filmed, code_of, open_as

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)
PHONE = {"width": 390, "height": 800}


def test_a_code_before_the_camera_is_collected_with(
    filmed: Filmed, site: str, settings: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BASE_URL = site
    cashier = cast.member(Role.CASHIER)
    # The film is made before the browser starts, which may take a while on a slow machine.
    monkeypatch.setattr("payments.payment_codes.LIVES_FOR", payments_live_long())
    monkeypatch.setattr("payments.flows.make_payment_code.LIVES_FOR", payments_live_long())
    sight = open_as(filmed(code_of(cast.buyer)), site, cashier, TILL, viewport=PHONE)
    page = sight.page
    page.get_by_label("To be paid").fill("12.50")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible(timeout=30_000)
    sale = Payment.objects.get(merchant=cast.merchant)
    assert (sale.amount_minor, sale.state, sale.channel) == (1_250, "succeeded", "counter")
    assert page.evaluate("document.querySelector('video').srcObject.active") is False
    page.get_by_role("link", name="Next sale").click()
    # The same phone is still there, and its code is not tried again at once.
    page.keyboard.press("F2")
    expect(page.locator("[data-camera-said=looking]")).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1_000)
    assert Payment.objects.filter(merchant=cast.merchant).count() == 1
    page.keyboard.press("F2")
    expect(page.get_by_role("button", name="Use the camera")).to_be_visible()
    assert sight.complaints == []


def payments_live_long() -> Any:
    from datetime import timedelta

    return timedelta(minutes=10)


def test_another_kind_of_code_is_said_to_be_one(filmed: Filmed, site: str, cast: Cast) -> None:
    sight = open_as(filmed("134567890123456789"), site, cast.member(Role.CASHIER), TILL, viewport=PHONE)
    sight.page.get_by_role("button", name="Use the camera").click()
    expect(sight.page.locator("[data-camera-said=other]")).to_be_visible(timeout=30_000)
    assert sight.barriers() == []
    assert sight.complaints == []
