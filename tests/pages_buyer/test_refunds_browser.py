"""Asking for a refund in a real Chromium at 360 px: photos one after the other, a page that follows."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from refunds.flows.decide_refund import reject_refund
from refunds.models import Refund
from tests.cast import Cast, make_paid_order, signed_in
from tests.look.conftest import Look
from tests.pages_buyer.test_browser import as_person, served as served
from tests.refunds.stage import a_photo, ask, carry_out, trust

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]


def picked(*names: str) -> list[Any]:
    return [{"name": name, "mimeType": "image/jpeg", "buffer": a_photo()} for name in names]


def test_photos_are_gathered_and_the_page_follows_the_money(look: Look, cast: Cast, served: str) -> None:
    trust(cast.buyer)
    unit = make_paid_order(cast.merchant, cast.buyer, cast.code_product).items[0]
    sight = look("/healthz")
    page = as_person(sight, signed_in(cast.buyer), served)
    page.goto(f"{served}/refund?code={unit.code}")
    photos = page.get_by_label("Photos of what is wrong")
    photos.set_input_files(picked("one.jpg"))
    photos.set_input_files(picked("two.jpg", "three.jpg"))
    chosen = page.get_by_role("list", name="Chosen photos").get_by_role("listitem")
    expect(chosen).to_have_count(3)
    page.get_by_role("button", name="Take photo 1 away").click()
    expect(chosen).to_have_count(2)
    expect(page.locator("#announcer")).to_have_text("Photos chosen: 2")
    page.get_by_label("What is wrong with it?").fill("It is torn.")
    assert sight.overflow() <= 0
    assert sight.barriers() == []
    page.get_by_role("button", name="Ask for the money back").click()

    expect(page.get_by_text("The money is on its way", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Photo 2 of 2")).to_be_visible()
    carry_out()
    expect(page.get_by_text("The money went back", exact=True)).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("Refunded. The money went back the way you paid.")
    assert sight.complaints == []


def _rejected(cast: Cast) -> Refund:
    unit = make_paid_order(cast.merchant, cast.buyer, cast.code_product).items[0]
    assert ask(cast.buyer_key, unit.code, [a_photo(), a_photo()]).status == 201
    refund = Refund.objects.get(item=unit)
    return reject_refund(cast.merchant, refund.pk, "Worn for weeks, " * 12)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_has_no_barrier(look: Look, cast: Cast, served: str, scheme: Any) -> None:
    refund = _rejected(cast)
    paths = (
        "/refund",
        f"/refund?code={refund.item.code}",
        "/me/refunds",
        f"/me/refunds/{refund.public_id}",
        "/me/reputation",
        f"/o/{refund.order.page_token}",
    )
    sight = look("/healthz", scheme=scheme)
    page = as_person(sight, signed_in(cast.buyer), served)
    sight.complaints.clear()
    for language, width in (("en", 360), ("zh-hans", 1280)):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": served}])
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(reduced_motion="reduce")
        for path in paths:
            page.goto(served + path)
            assert sight.overflow() <= 0, path
            assert sight.barriers() == [], path
    assert sight.complaints == []
