"""The dashboard in a real Chromium: the counter's day, and every page on phone and desk, light and dark."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

import pytest
from django.conf import settings as site_settings
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from common import drains
from merchants.flows.add_endpoint import add_endpoint
from merchants.flows.create_key import create_key
from merchants.flows.invite_member import invite_member
from merchants.models import Person
from orders.flows.create_printed_code import create_printed_code
from orders.flows.redeem_order import redeem_order
from orders.models import Order, Product
from tests.cast import PASSWORD, make_order, make_paid_order, make_product, pay, signed_in
from tests.look.conftest import Sight
from tests.pages_dashboard.conftest import HOME, Shop, make_customer, make_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]

PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
LONG = "超级无敌豪华至尊龙井茶礼盒" * 6


@pytest.fixture(autouse=True)
def served(site: str, settings: Any) -> str:
    """Addresses that codes hold lead to the served site; endpoints on this machine may be added."""
    settings.BASE_URL = site
    settings.DEBUG = True
    return site


Enter = Callable[..., Sight]


@pytest.fixture
def enter(browser: Browser, served: str) -> Any:
    """Opens a page of the dashboard as somebody who is signed in."""
    contexts = []

    def open_(
        person: Person, path: str = "", width: int = 1280, scheme: Literal["light", "dark"] = "light"
    ) -> Sight:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en"
        )
        contexts.append(context)
        name = site_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": signed_in(person).cookies[name].value, "url": served}])
        sight = Sight(context.new_page())
        sight.page.on(
            "console",
            lambda said: sight.complaints.append(said.text) if said.type in {"error", "warning"} else None,
        )
        sight.page.on("pageerror", lambda error: sight.complaints.append(str(error)))
        sight.page.goto(served + HOME + path)
        return sight

    yield open_
    for context in contexts:
        context.close()


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


def heard(page: Page) -> Any:
    """What a screen reader was told last."""
    return page.locator("#announcer")


def test_a_day_at_the_counter(enter: Enter, browser: Browser, served: str) -> None:
    """Sign in, make a product, take an order, see it paid by itself, redeem by code."""
    shop = make_shop()
    sight = enter(shop.buyer, "open")
    page = sight.page
    page.context.clear_cookies()
    page.goto(served + HOME)
    page.fill("[name=login]", shop.people["owner"].email or "")
    page.fill("[name=password]", PASSWORD)
    page.locator("form button.btn-primary").click()
    expect(page.locator("h1")).to_have_text("Overview")

    page.get_by_role("link", name="Products").click()
    page.get_by_role("link", name="New product").click()
    page.fill("[name=name]", "Jasmine tea")
    page.fill("[name=price]", "12.5")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("link", name="Jasmine tea")).to_be_visible()

    page.get_by_role("link", name="Orders", exact=True).click()
    page.get_by_role("link", name="New order").first.click()
    page.get_by_role("button", name="One more of Jasmine tea").click()
    page.get_by_role("button", name="One more of Jasmine tea").click()
    expect(page.locator("[data-order-total] output")).to_have_text("CN¥25.00")
    page.get_by_role("button", name="Place and show the code").click()
    expect(page.get_by_role("img", name="QR code to pay order")).to_be_visible()

    order = Order.objects.get(merchant=shop.merchant)
    elsewhere(lambda: pay(order, shop.buyer))
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(heard(page)).to_have_text(f"Order {order.number} is paid.")

    code = order.items.order_by("pk")[0].code
    page.goto(served + HOME + "redeem")
    page.keyboard.type(f"{code[:4]} {code[4:8]}-{code[8:]}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This unit", exact=True)).to_be_visible()
    page.get_by_role("button", name="Redeem this unit").click()
    expect(page.get_by_role("status").filter(has_text="1 more unit of this order waits")).to_be_visible()
    assert order.items.filter(state="redeemed").count() == 1
    assert sight.complaints == []


def test_lists_follow_what_happens(enter: Enter) -> None:
    shop = make_shop()
    overview, orders = enter(shop.people["owner"]), enter(shop.people["cashier"], "orders")
    made: list[Order] = []
    elsewhere(lambda: made.append(make_order(shop.merchant, shop.product).order))
    for sight in (overview, orders):
        expect(sight.page.locator("main").get_by_text(made[0].number)).to_be_visible()
    expect(heard(overview.page)).to_contain_text(made[0].number)
    assert overview.complaints == orders.complaints == []


def test_an_open_order_changes_by_itself(enter: Enter) -> None:
    shop = make_shop()
    order = make_order(shop.merchant, shop.product).order
    sight = enter(shop.people["owner"], f"orders/{order.public_id}")
    expect(sight.page.get_by_role("link", name="Show to pay")).to_be_visible()
    elsewhere(lambda: pay(order, shop.buyer))
    expect(sight.page.get_by_role("heading", name="Units and their codes")).to_be_visible()
    expect(heard(sight.page)).to_have_text(f"Order {order.number}: Paid.")
    elsewhere(lambda: redeem_order(shop.merchant, order.pk))
    expect(heard(sight.page)).to_have_text(f"Order {order.number}: Redeemed.")
    assert sight.complaints == []


def test_cancelling_asks_first_and_works_by_keyboard(enter: Enter) -> None:
    shop = make_shop()
    order = make_order(shop.merchant, shop.product).order
    page = enter(shop.people["owner"], f"orders/{order.public_id}").page
    button = page.get_by_role("button", name="Cancel order").first
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    assert Order.objects.get(pk=order.pk).state == "placed"
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Cancel order").click()
    expect(page.locator("#toasts")).to_contain_text("was cancelled")
    assert Order.objects.get(pk=order.pk).state == "cancelled"


def test_the_export_downloads_and_says_so(enter: Enter) -> None:
    shop = make_shop()
    customer = make_customer(shop)
    page = enter(shop.people["owner"], "customers").page
    with page.expect_download() as caught:
        page.get_by_role("link", name="Export as CSV").click()
    assert caught.value.suggested_filename.endswith(".csv")
    assert customer.public_id in caught.value.path().read_text()
    expect(page.locator("#toasts")).to_contain_text("The file is ready")


def test_steps_are_arranged_and_a_session_that_ended_leads_to_sign_in(enter: Enter, served: str) -> None:
    shop = make_shop()
    page = enter(shop.people["manager"], "steps").page
    page.select_option("[name=new]", "tag")
    page.get_by_role("button", name="Add").click()
    page.fill("[name=tag-1]", "茶友")
    page.get_by_role("button", name="Move up").nth(1).click()
    expect(page.locator("[name=tag-0]")).to_have_value("茶友")
    page.get_by_role("button", name="Save the steps").click()
    expect(page.locator("#toasts")).to_contain_text("Saved")
    page.goto(served + HOME)
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/**", timeout=PATIENCE_MS)


def test_the_sheet_prints_on_a4_without_the_frame(enter: Enter) -> None:
    shop = make_shop()
    for place in range(7):
        create_printed_code(shop.merchant, kind="table", name=f"Table {place}")
    page = enter(shop.people["owner"], "codes/sheet").page
    page.emulate_media(media="print")
    expect(page.locator(".lt-side")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") + page.pdf(format="A4").count(b"/Type /Page ") <= 2


# --- every page, as it stands on phone and desk -------------------------------------------------


def full_shop() -> tuple[Shop, dict[str, str]]:
    """A shop with one of everything, long names among them; the addresses of its pages."""
    shop = make_shop()
    merchant = shop.merchant
    merchant.name = "月光下名字特别特别长的老字号手工茶馆与糕点铺 Extraordinarily Long Named House"
    merchant.save(update_fields=["name"])
    long_named = make_product(merchant, 999_999, name=LONG, stock=3)
    customer = make_customer(shop)
    paid = make_paid_order(merchant, shop.buyer, shop.product, quantity=2)
    placed = make_order(merchant, long_named).order
    redeem_order(merchant, paid.order.pk, paid.items[0].code)
    create_printed_code(merchant, kind="table", name="靠窗的七号桌，带插座的那一张长桌")
    endpoint = add_endpoint(merchant, "http://127.0.0.1:9/" + "long-path-" * 12, ["*"]).endpoint
    create_key(merchant, "Web shop", ["orders:read"])
    invite_member(merchant, "a-very-long-address-of-somebody@some-long-domain.example", "cashier")
    drains.run("outbox")
    order, item = paid.order.public_id, paid.items
    paths = (
        "", "funnel", "orders", "orders?q=nothing", "orders?since=2026-02-02&until=2026-02-01", "orders/new",
        f"orders/{order}", f"orders/{placed.public_id}", f"orders/{placed.public_id}/show",
        f"orders/{order}/show", "redeem", f"redeem/{order}", f"redeem/{order}?code={item[0].code}",
        f"redeem/{order}?code={item[1].code}", f"redeem/{placed.public_id}", f"redeem/{order}?done=1",
        "products", "products/new", f"products/{long_named.public_id}", "products?archived=1",
        "codes", "codes/new", "codes/sheet", "payments", "money",
        "customers", f"customers/{customer.public_id}", f"customers/{customer.public_id}/merge",
        f"customers/{customer.public_id}/erase", "steps", "team", "keys", "webhooks",
        f"webhooks/{endpoint.public_id}", "settings", "open",
    )  # fmt: skip
    return shop, dict.fromkeys(paths, "")


def troubles(sight: Sight, path: str) -> list[str]:
    """What is wrong with a page as it stands: too wide, barriers, complaints of the console."""
    answers = (" 422 ", "favicon")
    said = [text for text in sight.complaints if not any(known in text for known in answers)]
    found = [f"{path}: {text}" for text in (*said, *sight.barriers())]
    if sight.overflow() > 0:
        found.append(f"{path}: {sight.overflow()} px too wide")
    sight.complaints.clear()
    return found


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]
)
def test_every_page_fits_and_has_no_barrier(enter: Enter, served: str, width: int, scheme: Any) -> None:
    shop, paths = full_shop()
    sight = enter(shop.people["owner"], "", width, scheme)
    found = []
    for path in paths:
        sight.page.goto(served + HOME + path)
        sight.page.wait_for_load_state("load")
        sight.page.wait_for_timeout(250)  # what rises in has come to rest
        found += troubles(sight, path)
    assert "\n".join(found) == ""


@pytest.mark.parametrize("width", [360, 1280])
def test_empty_pages_fit_and_have_no_barrier(enter: Enter, served: str, width: int) -> None:
    shop = make_shop()
    Product.objects.filter(merchant=shop.merchant).delete()
    sight = enter(shop.people["owner"], "", width)
    found = []
    for path in ("", "funnel", "orders", "orders/new", "products", "codes", "payments", "money", "customers"):
        sight.page.goto(served + HOME + path)
        sight.page.wait_for_timeout(250)
        found += troubles(sight, path)
    assert "\n".join(found) == ""
