"""Every page of calls as it stands on phone and desk, light and dark."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from common import clock
from orders.feed_health import WHY
from orders.feeds import sealed
from orders.flows.add_feed import FeedAsk, add_feed
from orders.flows.add_numbers import add_numbers
from orders.flows.receive_calls import receive_calls
from orders.flows.retire_number import retire_number
from orders.gateways.base import CallFact
from orders.models import CallRecord, PhoneFeed, RedeemBy
from tests.cast import make_buyer, make_paid_order, make_product
from tests.pages_calls.conftest import HOME, Enter
from tests.pages_dashboard.conftest import Shop, make_shop
from tests.pages_dashboard.test_browser import LONG, troubles

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
SHOTS = os.environ.get("LIVETILL_SHOTS")
"""A folder to keep pictures of the pages in, for looking at them."""


def keep_picture(page: Page, name: str) -> None:
    """Keep what the page looks like, where somebody wants to see it."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def full_shop() -> tuple[Shop, list[str]]:
    """A shop with calls of every kind; the addresses of its pages."""
    shop = make_shop()
    merchant, now = shop.merchant, clock.now()
    product = make_product(merchant, 9_000, RedeemBy.CALL, name=LONG)
    numbers = add_numbers(merchant, [f"010 8888 {place:04d}" for place in range(1, 31)]).added
    retire_number(merchant, numbers[-1].pk)
    paid = make_paid_order(merchant, shop.buyer, product, quantity=2).order
    buyer, service = shop.buyer.phone or "", paid.service_number
    make_paid_order(merchant, make_buyer(1_000_000), product)
    calls = (
        ("1", "", service, now), ("2", "+8613912345678", service, now), ("3", buyer, service, None),
        ("4", buyer, service, now), ("5", buyer, service, now), ("6", "+442079460000", service, now),
    )  # fmt: skip
    facts = [
        CallFact("kamailio", f"call-with-a-long-id-{place}@10.0.0.1", caller, called, now, answered)
        for place, caller, called, answered in calls
    ]
    receive_calls(merchant, facts)
    make_feeds(shop)
    told = {"dsn": "postgresql://reader:secret@10.0.0.5:5432/kamailio"}
    exchange = add_feed(merchant, FeedAsk("kamailio", "Exchange of the front desk, upstairs", told))
    pusher = add_feed(merchant, FeedAsk("alibaba", "Pool", {"signing_key": "a-long-signing-key"}))
    stranger = CallRecord.objects.filter(merchant=merchant, state="unmatched", caller="+8613912345678").get()
    open_order = make_paid_order(merchant, shop.buyer, product).order
    call = f"calls/{stranger.public_id}"
    return shop, [
        "calls", "calls?match=unmatched", "calls?match=ignored", "calls/rules", call,
        f"{call}?q={open_order.number}", f"{call}?order={open_order.public_id}",
        f"{call}?order={paid.public_id}", "numbers", "redeem",
        "feeds", "feeds/new", "feeds/new?kind=kamailio", f"feeds/{exchange.public_id}",
        f"feeds/{pusher.public_id}", f"redeem/{open_order.public_id}",
        f"redeem/{paid.public_id}?done=2",
    ]  # fmt: skip


def make_feeds(shop: Shop) -> None:
    """One that works, one that fails, one that is new, one that ended."""
    now = clock.now()
    counts = {why: 10**place for place, why in enumerate(WHY)}
    odd = {"rejected": counts, "rejected_from": now, "rejected_at": now, "refused_at": now}
    more: list[dict[str, Any]] = [
        {"polled_at": now, "last_record_at": now, "due_at": now, "caught_up_at": now, **odd},
        {"polled_at": now, "due_at": now - timedelta(hours=1), "failures": 7, "error": "no route " * 20},
        {},
        {"ended_at": now},
    ]
    for place, fields in enumerate(more):
        PhoneFeed.objects.create(
            merchant=shop.merchant,
            kind="kamailio",
            name=f"Exchange {place}",
            credentials_sealed=sealed({}),
            **fields,
        )


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]
)
def test_every_page_fits_and_has_no_barrier(enter: Enter, site: str, width: int, scheme: Any) -> None:
    shop, paths = full_shop()
    sight = enter(shop.people["owner"], HOME, width, scheme)
    found = []
    for place, path in enumerate(paths):
        sight.page.goto(site + HOME + path)
        sight.page.wait_for_load_state("load")
        sight.page.wait_for_timeout(400)
        found += troubles(sight, path)
        name = path.split("?")[0].replace("/", "-")[:16]
        keep_picture(sight.page, f"{place:02d}-{name}-{width}-{scheme}")
    assert "\n".join(found) == ""


def test_empty_pages_fit_and_have_no_barrier(enter: Enter, site: str) -> None:
    shop = make_shop()
    sight = enter(shop.people["owner"], HOME, 360)
    found = []
    for path in ("calls", "calls?match=unmatched", "calls?match=redeemed", "numbers", "feeds"):
        sight.page.goto(site + HOME + path)
        sight.page.wait_for_timeout(300)
        found += troubles(sight, path)
        keep_picture(sight.page, f"empty-{path[:14]}")
    assert "\n".join(found) == ""
