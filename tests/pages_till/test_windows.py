"""Several windows of one till, a shop that was switched, a phone that slept: no sale is lost or undone."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Route, expect

from merchants.models import Member, Person
from merchants.models.merchants import Role
from payments.models import GivenUpSale
from tests.cast import Cast, make_merchant, signed_in
from tests.pages_till.conftest import COLLECTING, TILL, Enter, code_of
from tests.pages_till.test_browser import amount, answer, charge, charged, open_till, sales
from tests.pages_till.test_network import cut, lose_answer, lose_sale, mend, open_stopped, unknown
from tests.pages_till_buyer.test_browser import elsewhere

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)

KEYS = "Object.keys(localStorage).filter(key => key.startsWith('livetill-till:'))"
OUT = "You are signed out"


def works_also_at_the_first_shop(person: Person) -> str:
    merchant = make_merchant("A")  # the one that a new session begins with
    Member.objects.create(merchant=merchant, person=person, role=Role.CASHIER)
    return merchant.slug


def sign_in_anew(context: BrowserContext, person: Person, site: str) -> None:
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": signed_in(person).cookies[name].value, "url": site}])


def test_a_till_collects_for_the_shop_it_shows(enter: Enter, cast: Cast) -> None:
    person = cast.member(Role.CASHIER)
    page = enter(person, TILL).page
    expect(page.locator("[data-till]")).to_have_attribute("data-now", "sell")
    page.context.request.get(f"{page.url.split('?')[0]}?merchant={works_also_at_the_first_shop(person)}")
    charge(page, code_of(cast.buyer))
    answer(page, "Paid")
    assert [sale.amount_minor for sale in sales(cast)] == [3_000]


def test_signing_in_anew_comes_back_to_the_shop_of_the_sale(enter: Enter, cast: Cast) -> None:
    person = cast.member(Role.CASHIER)
    page = enter(person, TILL).page
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    works_also_at_the_first_shop(person)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    mend(page)
    page.get_by_role("button", name="Ask now").click()
    expect(page.get_by_role("heading", name=OUT)).to_be_visible()
    sign_in_anew(page.context, person, page.url)
    page.get_by_role("button", name="Sign in").click()
    answer(page, "Paid")
    assert charged(cast) == 3_000


def test_who_is_no_cashier_any_more_is_told(enter: Enter, cast: Cast) -> None:
    person = cast.member(Role.CASHIER)
    page = enter(person, TILL).page
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    elsewhere(lambda: Member.objects.filter(person=person).delete())
    mend(page)
    page.get_by_role("button", name="Ask now").click()
    expect(page.get_by_role("heading", name=OUT)).to_be_visible()


def test_a_sale_that_another_window_has_shown_is_not_given_up(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_sale(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.evaluate(f"{KEYS}.forEach(key => localStorage.removeItem(key))")
    for _second in range(30):
        page.clock.run_for(1_000)
    page.get_by_role("button", name="Give it up now").click()
    page.clock.run_for(10_000)
    expect(page.get_by_role("heading", name="We do not know yet")).to_be_visible()
    assert page.evaluate(KEYS) == []
    assert not GivenUpSale.objects.filter(merchant=cast.merchant).exists()


def test_a_phone_that_slept_asks_before_it_gives_up(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.clock.run_for(1_500)
    expect(page.locator("[data-stage=unknown] [data-how]")).to_contain_text("No connection")
    with page.expect_event("requestfailed"):  # the network is not back yet
        page.clock.fast_forward(120_000)
    expect(page.locator("[data-stage=unknown] [data-how]")).to_contain_text("No connection")
    mend(page)
    page.get_by_role("button", name="Ask now").click()
    answer(page, "Paid")
    assert charged(cast) == 3_000


def test_a_copied_window_leaves_the_sale_to_the_first(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    held: list[Route] = []
    page.route(
        COLLECTING, lambda route: held.append(route) if route.request.method == "POST" else route.fallback()
    )
    charge(page, code_of(cast.buyer))
    expect(page.get_by_role("heading", name="Collecting…")).to_be_visible()
    tab = page.evaluate("sessionStorage.getItem('livetill-till-tab')")
    copy = page.context.new_page()
    copy.add_init_script(f"sessionStorage.setItem('livetill-till-tab', '{tab}')")
    copy.goto(page.url)
    expect(copy.locator("[data-till]")).to_have_attribute("data-now", "sell")
    held[0].continue_()
    answer(page, "Paid")


def test_what_cannot_be_read_hides_no_sale(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    shop = f"livetill-till:{cast.merchant.slug}"
    page.evaluate(f"['{{', 'null', '3'].forEach((bad, n) => localStorage.setItem('{shop}:bad' + n, bad))")
    page.reload()
    unknown(page)
    mend(page)
    page.get_by_role("button", name="Ask now").click()
    answer(page, "Paid")
    assert page.evaluate(KEYS) == []


def test_products_found_late_bring_no_quantity_back(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(f"{TILL}/items"), hold)
    page.get_by_text("Choose products").click()
    page.get_by_role("button", name="One more of By code").click()
    page.get_by_label("Find a product").fill("call")
    page.get_by_label("Find a product").press("Enter")
    amount(page).focus()
    charge(page, code_of(cast.buyer))
    answer(page, "Paid")
    page.get_by_role("link", name="Next sale").click()
    held[0].continue_()
    expect(page.get_by_text("Not redeemed")).to_have_count(0)
    expect(page.get_by_label(re.compile("^By code"))).to_have_value("")


def test_what_is_wrong_with_a_field_is_tied_to_it(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    page.get_by_role("button", name="Collect").click()
    expect(amount(page)).to_have_attribute("aria-invalid", "true")
    expect(amount(page)).to_have_accessible_description("Type what is to be paid.")
    amount(page).fill("5")
    page.get_by_role("button", name="Collect").click()
    expect(amount(page)).not_to_have_attribute("aria-invalid", "true")
    expect(amount(page)).to_have_accessible_description("")
    code = page.get_by_label("Payment code", exact=True)
    expect(code).to_have_accessible_description("Scan or type the code on the buyer's phone.")


def test_what_another_window_is_giving_up_is_not_shown_as_paid(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.evaluate(
        f"{KEYS}.forEach(key => localStorage.setItem(key, JSON.stringify("
        "{...JSON.parse(localStorage.getItem(key)), isGivingUp: true, tab: 'another'})))"
    )
    mend(page)
    page.get_by_role("button", name="Ask now").click()
    answer(page, "Reversed")
    assert charged(cast) == 0
