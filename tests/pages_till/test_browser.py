"""The till in a real Chromium: a day by keyboard, a scanner, a network that is cut within a sale."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from merchants.models.merchants import Role
from payments.flows.set_pin import set_pin
from payments.models import Payment, PaymentKind
from payments.queries import wallet_of
from tests.cast import CNY, WALLET_MINOR, Cast, make_member, make_merchant
from tests.look.conftest import Sight
from tests.pages_till.conftest import TILL, Enter, code_of, scan

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)

PHONE = 390


def open_till(enter: Enter, cast: Cast, width: int = 1280) -> Sight:
    sight = enter(cast.member(Role.CASHIER), TILL, width)
    expect(sight.page.locator("[data-till]")).to_have_attribute("data-now", "sell")
    return sight


def sales(cast: Cast) -> list[Payment]:
    return list(Payment.objects.filter(merchant=cast.merchant, kind=PaymentKind.TILL).order_by("pk"))


def charged(cast: Cast) -> int:
    return WALLET_MINOR - wallet_of(cast.buyer, CNY)


def answer(page: Page, title: str) -> None:
    """The big answer, and what a screen reader was told."""
    expect(page.locator("#till-sale").get_by_role("heading", name=title)).to_be_visible()


def heard(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#announcer")).to_have_text(words)


def amount(page: Page) -> Any:
    return page.get_by_label("To be paid")


# --- a day at the counter --------------------------------------------------------------------


def test_three_sales_by_keyboard_alone(enter: Enter, cast: Cast) -> None:
    sight = open_till(enter, cast)
    page = sight.page
    for turn in range(1, 4):
        expect(amount(page)).to_be_focused()
        page.keyboard.type(f"{turn}.50")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Payment code", exact=True)).to_be_focused()
        code = code_of(cast.buyer)
        page.keyboard.type(f"{code[:6]} {code[6:12]} {code[12:]}")
        page.keyboard.press("Enter")
        answer(page, "Paid")
        heard(page, f"Paid: CN¥{turn}.50.")
        expect(page.get_by_role("link", name="Next sale")).to_be_focused()
        page.wait_for_timeout(500)
        page.keyboard.press("Enter")
        expect(page.locator("[data-till]")).to_have_attribute("data-now", "sell")
    assert [sale.amount_minor for sale in sales(cast)] == [150, 250, 350]
    assert sight.complaints == []


def test_every_control_is_reached_by_tab_and_seen(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    amount(page).focus()
    reached = []
    for _press in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.name"))
    text = " ".join(reached)
    for name in ("code", "Collect", "Choose products", "By keyboard"):
        assert name in text
    ring = page.evaluate(
        "(() => { document.querySelector('input[name=amount]').focus();"
        " return getComputedStyle(document.querySelector('.lt-till-amount')).boxShadow; })()"
    )
    assert ring != "none"


def test_the_keypad(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast, PHONE).page
    pad = page.get_by_role("group", name="Keypad")
    for key in ("1", "2", ".", "5", "0", "9"):
        pad.get_by_role("button", name=key, exact=True).click()
    expect(amount(page)).to_have_value("12.50")  # a third decimal is none
    pad.get_by_role("button", name="Erase the last digit").click()
    expect(amount(page)).to_have_value("12.5")
    heard(page, "CN¥12.50")
    page.keyboard.press("Escape")
    expect(amount(page)).to_have_value("")


@pytest.mark.parametrize(
    ("typed", "stands"),
    [("007", "7"), (".5", "0.5"), ("1,5", "1.5"), ("1.2.3", "1.23"), ("12x", "12"), ("99999999", "9999999")],
)
def test_what_is_typed_becomes_an_amount(enter: Enter, cast: Cast, typed: str, stands: str) -> None:
    page = open_till(enter, cast).page
    page.keyboard.type(typed)
    expect(amount(page)).to_have_value(stands)


def test_a_currency_without_small_change_has_no_point(enter: Enter, cast: Cast) -> None:
    merchant = make_merchant("Tokyo", currency="JPY")
    page = enter(make_member(merchant), TILL).page
    page.keyboard.type("12.5")
    expect(amount(page)).to_have_value("125")
    page.get_by_role("button", name="00", exact=True).click()
    expect(amount(page)).to_have_value("12500")


# --- a handheld scanner ----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["Enter", "Tab", ""])
@pytest.mark.parametrize("place", ["amount", "code", "nowhere", "button", "quantity"])
def test_a_scan_collects_wherever_the_focus_is(enter: Enter, cast: Cast, end: str, place: str) -> None:
    sight = open_till(enter, cast)
    page = sight.page
    if place == "quantity":
        page.get_by_text("Choose products").click()
        page.get_by_role("button", name="One more of By code").click()
    amount(page).fill("20")
    if place == "code":
        page.get_by_label("Payment code", exact=True).focus()
    elif place == "nowhere":
        page.evaluate("document.activeElement.blur()")
    elif place == "button":
        page.get_by_role("button", name="Collect").focus()
    elif place == "quantity":
        page.get_by_label(re.compile("^By code")).focus()
    scan(page, code_of(cast.buyer), end)
    answer(page, "Paid")
    assert [sale.amount_minor for sale in sales(cast)] == [2_000]
    assert [line["quantity"] for line in sales(cast)[0].lines] == [1] * (place == "quantity")
    assert sight.complaints == []


def test_a_slow_scanner_fills_no_amount(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    amount(page).fill("3")
    amount(page).focus()
    scan(page, code_of(cast.buyer), pause_ms=120)
    answer(page, "Paid")
    assert [sale.amount_minor for sale in sales(cast)] == [300]


def test_a_scanner_whose_end_comes_late_presses_nothing(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    amount(page).fill("3")
    amount(page).focus()
    ended = scan(page, code_of(cast.buyer), end="")
    answer(page, "Paid")
    page.wait_for_timeout(500)  # long enough for the answer to take an Enter by hand
    scan(page, "", end="Enter", began=ended + 0.7)
    answer(page, "Paid")
    scan(page, "", end="Enter", began=ended + 2)
    expect(page.locator("[data-till]")).to_have_attribute("data-now", "sell")


def test_a_scan_before_the_amount_waits_for_it(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    scan(page, code_of(cast.buyer))
    expect(amount(page)).to_have_value("")
    heard(page, "The code is read. Type what is to be paid.")
    expect(amount(page)).to_be_focused()
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    answer(page, "Paid")
    assert [sale.amount_minor for sale in sales(cast)] == [800]


def test_another_kind_of_code_is_said_to_be_one(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    amount(page).fill("4")
    amount(page).focus()
    for other in ("6901234567892", "134567890123456789"):
        scan(page, other)
        expect(page.locator("[data-wrong=code]")).to_contain_text("That was another kind of code.")
        expect(amount(page)).to_have_value("4")
        amount(page).focus()
    assert sales(cast) == []


def test_after_a_refusal_the_next_scan_collects_the_same_amount(enter: Enter, cast: Cast) -> None:
    sight = open_till(enter, cast)
    page = sight.page
    set_pin(cast.buyer, "135790")
    page.keyboard.type("600")
    first = code_of(cast.buyer)
    scan(page, first)
    answer(page, "The buyer's PIN is needed")
    heard(page, re.compile("The buyer's PIN is needed. Nothing was charged."))
    scan(page, first)  # the scanner fires twice
    page.wait_for_timeout(300)
    answer(page, "The buyer's PIN is needed")
    scan(page, code_of(cast.buyer, "135790"))
    answer(page, "Paid")
    assert [sale.amount_minor for sale in sales(cast)] == [60_000]
    assert [said for said in sight.complaints if "409" not in said] == []


def test_a_press_that_comes_twice_is_one_sale(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    amount(page).fill("5")
    page.get_by_label("Payment code", exact=True).fill(code_of(cast.buyer))
    page.get_by_role("button", name="Collect").dblclick()
    answer(page, "Paid")
    assert len(sales(cast)) == 1


def test_products_make_the_amount(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast, PHONE).page
    page.get_by_text("Choose products").click()
    page.get_by_role("button", name="One more of By code").click()
    page.get_by_role("button", name="One more of By code").click()
    expect(amount(page)).to_have_value("120.00")
    page.get_by_label("Find a product").fill("call")
    page.get_by_label("Find a product").press("Enter")
    expect(page.get_by_text("Not redeemed")).to_have_count(0)
    page.get_by_role("button", name="One more of By call").click()
    expect(amount(page)).to_have_value("210.00")
    scan(page, code_of(cast.buyer))
    answer(page, "Paid")
    (sale,) = sales(cast)
    assert {line["name"]: line["quantity"] for line in sale.lines} == {"By code": 2, "By call": 1}
    page.get_by_role("link", name="Next sale").click()
    expect(amount(page)).to_have_value("")
    expect(page.get_by_text("Together")).to_be_hidden()


def charge(page: Page, code: str, price: str = "30") -> None:
    amount(page).fill(price)
    scan(page, code)


# --- reversing ---------------------------------------------------------------------------------


def test_a_sale_is_reversed_by_keyboard(enter: Enter, cast: Cast) -> None:
    sight = open_till(enter, cast, PHONE)
    page = sight.page
    charge(page, code_of(cast.buyer))
    answer(page, "Paid")
    page.get_by_role("link", name="Receipt").press("Enter")
    page.get_by_role("button", name="Reverse").first.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("Wrong price")
    dialog.get_by_label("Why").press("Enter")
    expect(page.get_by_role("heading", name="Reversed")).to_be_visible()
    expect(page.get_by_text("Wrong price")).to_be_visible()
    assert charged(cast) == 0
    assert sight.complaints == []
