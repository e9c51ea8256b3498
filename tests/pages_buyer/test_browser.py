"""The main path in a real Chromium at 360 px, pages that change by themselves, looks of every state."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any, Literal

import pytest
import zxingcpp
from django.conf import settings as site_settings
from django.db import connection
from django.test import Client
from PIL import Image
from playwright.sync_api import Page, expect

from common import clock, drains
from merchants import sms
from orders.flows.cancel_order import cancel_order
from orders.flows.redeem_order import redeem_order
from orders.models import Order, PrintedCode
from tests.cast import (
    Cast,
    make_merchant,
    make_order,
    make_paid_order,
    make_phone,
    make_product,
    pay,
    signed_in,
)
from tests.look.conftest import Look, Sight
from tests.pages_buyer.conftest import convert

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]

PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def served(site: str, settings: Any) -> str:
    """Addresses that codes and the sandbox bank hold lead to the served site."""
    settings.BASE_URL = site
    settings.DEBUG = True
    return site


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The last text to each phone."""
    sent: dict[str, str] = {}
    monkeypatch.setattr(sms, "send", sent.__setitem__)
    return sent


@pytest.fixture
def working() -> Iterator[None]:
    """The worker's part: what carries callbacks and news, again and again."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.2):
            for name in ("sandbox_callbacks", "gateway_inbox", "outbox"):
                drains.run(name)
        connection.close()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    yield
    stop.set()
    worker.join(10)


def as_person(sight: Sight, client: Client, site: str) -> Page:
    """Let a page's browser be signed in as a client of Django's is."""
    session = client.cookies[site_settings.SESSION_COOKIE_NAME].value
    cookie = {"name": site_settings.SESSION_COOKIE_NAME, "value": session, "url": site}
    sight.page.context.add_cookies([cookie])  # type: ignore[list-item]
    return sight.page


def read_codes(page: Page, selector: str) -> set[str]:
    """What a phone's camera would read of a part of the page."""
    shot = Image.open(BytesIO(page.locator(selector).first.screenshot())).convert("L")
    return {found.text for found in zxingcpp.read_barcodes(shot)}


def test_from_shop_to_receipt(
    look: Look, cast: Cast, served: str, texts: dict[str, str], working: None
) -> None:
    sight = look(f"/s/{cast.merchant.slug}")
    page, phone = sight.page, make_phone()
    page.get_by_role("button", name="One more: By code").click(click_count=2)
    expect(page.locator("[data-total]")).to_have_text("CN¥120.00")
    page.get_by_role("button", name="Place the order").click()

    expect(page.get_by_text("Waiting for payment")).to_be_visible()
    order = Order.objects.get(merchant=cast.merchant)
    assert read_codes(page, ".lt-qr-paper") == {f"{served}/pay/{order.live_token}"}
    expect(page.locator(".lt-countdown")).to_contain_text(re.compile(r"\d+:\d\d left"))
    page.get_by_role("link", name="Pay now").click()

    page.get_by_label("Your phone number").last.fill(phone)
    page.get_by_role("button", name="Text me a code").click()
    page.get_by_label("Code").fill(texts[phone][:6])
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("link", name="Top up and come back").click()
    page.get_by_role("button", name="Top up").click()
    expect(page.get_by_text("CN¥200.00 in it")).to_be_visible()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Pay CN¥120.00").click()

    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(page.get_by_text("You are now a customer of Our shop.").first).to_be_visible()
    ticket = order.items.order_by("pk").first()
    assert ticket is not None
    assert read_codes(page, ".lt-ticket-qr") == {ticket.code}
    assert sight.overflow() <= 0
    assert sight.complaints == []


def test_the_order_page_changes_when_it_is_paid_elsewhere(look: Look, cast: Cast) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    sight = look(f"/o/{placed.order.page_token}")
    expect(sight.page.get_by_text("Waiting for payment")).to_be_visible()
    pay(placed.order, cast.second_buyer)
    expect(sight.page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(sight.page.locator("#announcer")).to_have_text("Paid. Thank you.")
    redeem_order(cast.merchant, placed.order.pk)
    expect(sight.page.get_by_role("heading", name="Redeemed")).to_be_visible()
    # it may still be undone at the counter
    assert sight.page.locator("#order").get_attribute("hx-trigger") == "every 10s, live:now"
    assert sight.complaints == []


def test_the_paying_page_changes_when_somebody_else_pays(look: Look, cast: Cast, served: str) -> None:
    order = make_order(cast.merchant, cast.code_product).order
    sight = look("/")
    page = as_person(sight, signed_in(cast.buyer), served)
    page.goto(f"{served}/pay/{order.live_token}")
    expect(page.get_by_role("button", name="Pay CN¥60.00")).to_be_visible()
    pay(order, cast.second_buyer)
    expect(page.get_by_role("heading", name="Already paid")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("This order is paid already.")
    assert sight.complaints == []


@pytest.mark.parametrize(("answer", "heading"), [("Approve", "Paid"), ("Decline", "To pay at Our shop")])
def test_to_the_bank_and_back(
    look: Look, cast: Cast, served: str, working: None, answer: str, heading: str
) -> None:
    order = make_order(cast.merchant, cast.code_product).order
    sight = look("/")
    page = as_person(sight, signed_in(cast.poor_buyer), served)
    page.goto(f"{served}/pay/{order.live_token}")
    page.get_by_label("What the sandbox shall do").select_option("redirect")
    page.get_by_role("button", name="Pay CN¥60.00").click()
    page.get_by_role("button", name=answer).click()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    if answer == "Decline":
        expect(page.get_by_text("Your last attempt was declined").first).to_be_visible()
    assert sight.complaints == []


def test_an_impatient_second_tap_pays_once(look: Look, cast: Cast, served: str) -> None:
    order = make_order(cast.merchant, cast.code_product).order
    sight = look("/")
    page = as_person(sight, signed_in(cast.buyer), served)
    page.goto(f"{served}/pay/{order.live_token}")
    page.get_by_role("button", name="Pay CN¥60.00").dblclick()
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert order.payments.count() == 1


def test_quantities_without_scripts(cast: Cast, served: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{served}/s/{cast.merchant.slug}")
    page.get_by_role("button", name="One more: By code").click()
    page.get_by_role("button", name="One more: By code").click()
    page.get_by_role("button", name="Place the order").last.click()
    expect(page.get_by_text("By code × 2")).to_be_visible()
    context.close()


def test_the_keyboard_alone_is_enough_to_order(look: Look, cast: Cast) -> None:
    page = look(f"/s/{cast.merchant.slug}").page
    page.get_by_label("How many: By code").focus()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("By code × 2")).to_be_visible()


State = Callable[[Cast], tuple[str, Any]]


def _order_page(change: Callable[[Cast, Order], Any] | None = None) -> State:
    def made(cast: Cast) -> tuple[str, Any]:
        order = make_order(cast.merchant, cast.code_product, quantity=2).order
        if change is not None:
            change(cast, order)
        return f"/o/{order.page_token}", None

    return made


def _pay_page(who: str = "", change: Callable[[Cast, Order], Any] | None = None) -> State:
    def made(cast: Cast) -> tuple[str, Any]:
        order = make_order(cast.merchant, cast.code_product, quantity=2).order
        if change is not None:
            change(cast, order)
        return f"/pay/{order.live_token}", getattr(cast, who) if who else None

    return made


def _receipt(cast: Cast) -> tuple[str, Any]:
    order = make_order(cast.merchant, cast.code_product).order
    pay(order, cast.buyer, consent=True)
    convert()
    return f"/pay/{order.live_token}/done", cast.buyer


def _code(cast: Cast, **more: Any) -> tuple[str, Any]:
    code = PrintedCode.objects.create(merchant=cast.merchant, kind="table", name="Table 7", **more)
    return f"/c/{code.token}", None


def _full_shop(cast: Cast) -> tuple[str, Any]:
    make_product(cast.merchant, stock=0, name="A thing with a very long name that is sold out at present")
    make_product(cast.merchant, 99_999_999, stock=3, name="Dear and rare")
    return f"/s/{cast.merchant.slug}", cast.buyer


def _expire(cast: Cast, order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=clock.now() - timedelta(minutes=1))


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STATES: dict[str, State] = {
    "front": lambda cast: ("/", None),
    "shop": _full_shop,
    "shop empty": lambda cast: (f"/s/{make_merchant('New').slug}", None),
    "shop closed": lambda cast: (f"/s/{make_merchant('Shut', stopped_reason='A test').slug}", None),
    "code": _code,
    "code retired": lambda cast: _code(cast, retired_at=clock.now()),
    "order": _order_page(),
    "order paid": _order_page(lambda cast, order: pay(order, cast.buyer)),
    "order cancelled": _order_page(lambda cast, order: cancel_order(cast.merchant, order.pk)),
    "order expired": _order_page(_expire),
    "pay nobody": _pay_page(),
    "pay": _pay_page("buyer"),
    "pay poor": _pay_page("poor_buyer"),
    "pay waiting": _pay_page(
        "buyer", lambda cast, order: pay(order, cast.buyer, "sandbox", scenario="redirect")
    ),
    "pay paid": _pay_page("", lambda cast, order: pay(order, cast.buyer)),
    "pay expired": _pay_page("buyer", _expire),
    "receipt": _receipt,
    "wallet": lambda cast: ("/me/", make_paid_order(cast.merchant, cast.buyer).order.buyer),
    "wallet empty": lambda cast: ("/me/", cast.poor_buyer),
    "history": lambda cast: ("/me/movements", cast.buyer),
    "top-up": lambda cast: ("/me/top-up?amount=99900&next=/me/", cast.poor_buyer),
    "orders": lambda cast: ("/me/orders", make_paid_order(cast.merchant, cast.buyer).order.buyer),
    "orders none": lambda cast: ("/me/orders", cast.poor_buyer),
    "account": lambda cast: ("/me/account", cast.buyer),
}


@pytest.mark.parametrize("name", STATES)
def test_every_state_fits_and_has_no_barrier(look: Look, cast: Cast, served: str, name: str) -> None:
    """On a phone in daylight and in the dark, at a desk, in English and in Chinese."""
    path, person = STATES[name](cast)
    sight = look("/healthz")
    page = sight.page if person is None else as_person(sight, signed_in(person), served)
    sight.complaints.clear()
    for language, width in (("en", 360), ("zh-hans", 1280)):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": served}])
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.goto(served + path)
            assert sight.overflow() <= 0
            assert sight.barriers() == []
    assert [said for said in sight.complaints if "410" not in said] == []
