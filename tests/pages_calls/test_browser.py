"""Calls in a real Chromium: a scanner at the counter, a buyer's page that changes by itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from common import clock
from merchants.models import Merchant
from orders.flows.add_numbers import add_numbers
from orders.flows.decide_objection import decide_objection
from orders.flows.receive_calls import receive_calls
from orders.flows.redeem_order import redeem_order
from orders.flows.unredeem_order import unredeem_order
from orders.gateways.base import CallFact
from orders.models import Objection, RedeemBy
from tests.cast import make_paid_order, make_product
from tests.pages_calls.conftest import HOME, Enter
from tests.pages_calls.test_look_calls import keep_picture
from tests.pages_dashboard.conftest import make_shop
from tests.pages_dashboard.test_browser import troubles

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)


def elsewhere(work: Callable[[], object]) -> None:
    """Do something in another connection while the browser waits."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def scan(page: Page, code: str, end: str = "Enter") -> None:
    """What a handheld scanner does: digits at once, then its last key."""
    for digit in code:
        page.keyboard.press(digit)
    if end:
        page.keyboard.press(end)


@pytest.mark.parametrize("end", ["Enter", "Tab", ""])
def test_a_scanner_works_anywhere_on_the_page(enter: Enter, end: str) -> None:
    shop = make_shop()
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    sight = enter(shop.people["cashier"], HOME + "redeem")
    page = sight.page
    page.get_by_role("heading", name="Redeem").click()
    expect(page.locator("[name=code]")).not_to_be_focused()
    scan(page, placed.items[0].code, end)
    expect(page.get_by_text("This unit", exact=True)).to_be_visible()
    assert sight.complaints == []


def test_a_scan_never_presses_the_button_that_has_the_focus(enter: Enter) -> None:
    shop = make_shop()
    first, second = (make_paid_order(shop.merchant, shop.buyer, shop.product) for _order in range(2))
    page = enter(shop.people["cashier"], f"{HOME}redeem?code={first.items[0].code}").page
    page.get_by_role("button", name="Redeem this unit").focus()
    scan(page, second.items[0].code)
    page.wait_for_url(f"**/redeem/{second.order.public_id}?code={second.items[0].code}")
    assert first.items[0].__class__.objects.get(pk=first.items[0].pk).state == "issued"


def test_a_scan_replaces_what_was_typed_wrongly(enter: Enter) -> None:
    shop = make_shop()
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    page = enter(shop.people["cashier"], f"{HOME}redeem?code=1234").page
    expect(page.get_by_text("An item's code has 16 digits.")).to_be_visible()
    scan(page, placed.items[0].code)
    expect(page.get_by_text("This unit", exact=True)).to_be_visible()


def test_undoing_at_the_counter_by_keyboard(enter: Enter) -> None:
    shop = make_shop()
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    sight = enter(shop.people["cashier"], f"{HOME}redeem?code={placed.items[0].code}", 360)
    page = sight.page
    page.get_by_role("button", name="Redeem this unit").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Redeemed")).to_be_visible()
    keep_picture(page, "counter-done")
    page.get_by_role("button", name="Undo").first.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("Wrong guest")
    page.wait_for_timeout(500)  # what rises in has come to rest
    keep_picture(page, "counter-undo")
    assert troubles(sight, "undo") == []
    dialog.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("it can be redeemed again")
    assert placed.order.items.get().state == "issued"
    assert sight.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_buyers_page_from_the_number_to_the_decision(enter: Enter, scheme: str) -> None:
    shop = make_shop()
    product = make_product(shop.merchant, 9_000, RedeemBy.CALL, name="Foot bath")
    service = add_numbers(shop.merchant, ["+861088880001"]).added[0].number
    order = make_paid_order(shop.merchant, shop.buyer, product, quantity=2).order
    sight = enter(shop.buyer, f"/o/{order.page_token}", 360, scheme)
    page, found = sight.page, []

    def seen(name: str) -> None:
        page.wait_for_timeout(500)
        keep_picture(page, f"buyer-{name}-{scheme}")
        found.extend(troubles(sight, name))

    number = page.get_by_role("link", name="+86 10 8888 0001")
    expect(number).to_have_attribute("href", "tel:+861088880001")
    seen("number")
    now = clock.now()
    fact = CallFact("t", "1", shop.buyer.phone or "", service, now, now)
    elsewhere(lambda: receive_calls(shop.merchant, [fact]))
    expect(page.get_by_text("Redeemed by your call")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("All of it is redeemed.")
    seen("redeemed")
    page.get_by_role("button", name="That wasn't me").click()
    expect(page.get_by_role("heading", name="Held", level=1)).to_be_visible()
    seen("held")
    objection = Objection.objects.get(order=order)
    elsewhere(lambda: decide_objection(shop.merchant, objection.pk, uphold=True, note="Sorry."))
    expect(page.get_by_text("agreed: you can use it again")).to_be_visible()
    expect(number).to_be_visible()
    seen("upheld")
    assert found == []


def test_a_finished_page_hears_of_an_undoing_and_asks_no_more_in_the_end(enter: Enter) -> None:
    shop = make_shop()
    order = make_paid_order(shop.merchant, shop.buyer, shop.product).order
    redeem_order(shop.merchant, order.pk)
    page = enter(None, f"/o/{order.page_token}", 360).page
    live = page.locator("#order")
    expect(page.get_by_role("heading", name="Redeemed", level=1)).to_be_visible()
    elsewhere(lambda: unredeem_order(shop.merchant, order.pk))
    expect(page.get_by_role("heading", name="Paid", level=1)).to_be_visible()
    elsewhere(lambda: redeem_order(shop.merchant, order.pk))
    expect(page.locator("#announcer")).to_have_text("All of it is redeemed.")
    expect(live).to_have_attribute("hx-trigger", re.compile("every 10s"))
    page.evaluate("document.querySelector('#announcer').textContent = ''")
    elsewhere(lambda: Merchant.objects.filter(pk=shop.merchant.pk).update(undo_within_seconds=0))
    expect(live).to_have_attribute("hx-trigger", "live:now")
    expect(page.locator("#announcer")).to_have_text("")


def test_a_buyers_page_without_a_number(enter: Enter) -> None:
    shop = make_shop()
    product = make_product(shop.merchant, 9_000, RedeemBy.CALL, name="Foot bath")
    order = make_paid_order(shop.merchant, shop.buyer, product).order
    sight = enter(None, f"/o/{order.page_token}", 360)
    expect(sight.page.get_by_text("No phone number was free for this order")).to_be_visible()
    sight.page.wait_for_timeout(500)
    keep_picture(sight.page, "buyer-exhausted")
    assert troubles(sight, "exhausted") == []


def test_an_objection_is_decided_on_a_phone(enter: Enter) -> None:
    shop = make_shop()
    product = make_product(shop.merchant, 9_000, RedeemBy.CALL, name="Foot bath")
    service = add_numbers(shop.merchant, ["+861088880001"]).added[0].number
    order = make_paid_order(shop.merchant, shop.buyer, product).order
    now = clock.now()
    receive_calls(shop.merchant, [CallFact("t", "1", shop.buyer.phone or "", service, now, now)])
    buyer = enter(shop.buyer, f"/o/{order.page_token}", 360).page
    buyer.get_by_role("button", name="That wasn't me").click()
    expect(buyer.get_by_role("heading", name="Held", level=1)).to_be_visible()
    sight = enter(shop.people["manager"], HOME + "calls", 360)
    sight.page.wait_for_timeout(500)
    keep_picture(sight.page, "objection")
    assert troubles(sight, "calls") == []
    sight.page.get_by_role("button", name="The redemption stands").first.press("Enter")
    dialog = sight.page.get_by_role("dialog")
    dialog.get_by_label("Note to the buyer").fill("You were here at noon.")
    sight.page.wait_for_timeout(500)
    keep_picture(sight.page, "objection-dialog")
    assert troubles(sight, "dialog") == []
    dialog.get_by_role("button", name="It stands").click()
    expect(sight.page.locator("#toasts")).to_contain_text("The redemption stands")
    expect(buyer.get_by_text("You were here at noon.")).to_be_visible()
