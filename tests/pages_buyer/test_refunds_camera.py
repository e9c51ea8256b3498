"""The item's code read by the camera where a refund is asked for. A browser of its own, a file of its own."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.cast import Cast, make_paid_order
from tests.look.conftest import site as site
from tests.pages_calls.conftest import Filmed, filmed as filmed, open_as

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]


def test_the_camera_fills_the_code_in(filmed: Filmed, cast: Cast, site: str, settings: Any) -> None:
    settings.BASE_URL = site
    unit = make_paid_order(cast.merchant, cast.buyer, cast.code_product).items[0]
    sight = open_as(filmed(unit.code), site, cast.buyer, "/refund")
    sight.page.get_by_role("button", name="Use the camera").click()
    expect(sight.page.get_by_label("Code of the item")).to_have_value(unit.code, timeout=30_000)
    expect(sight.page.get_by_role("button", name="Use the camera")).to_be_visible()
    assert sight.complaints == []
