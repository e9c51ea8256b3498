"""The till while its network is cut or slow within a sale: asked after, given up, never charged twice."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from merchants.models.merchants import Role
from payments.flows.give_up_sale import give_up_sale
from payments.models import GivenUpSale
from tests.cast import Cast, signed_in
from tests.pages_till.conftest import COLLECTING, TILL, Enter, code_of
from tests.pages_till.test_browser import answer, charge, charged, heard, open_till, sales
from tests.pages_till_buyer.test_browser import elsewhere

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)


def open_stopped(enter: Enter, cast: Cast) -> Page:
    """The page with a clock that the test moves, so that nothing depends on how fast the machine is."""
    page = enter(cast.member(Role.CASHIER), f"{TILL}/today").page
    page.clock.install()
    page.goto(page.url.replace("/today", ""))
    expect(page.locator("[data-till]")).to_have_attribute("data-now", "sell")
    return page


def lose_answer(page: Page) -> list[str]:
    """The server gets the sale, and its answer gets lost."""
    sent: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        sent.append(route.request.post_data or "")
        route.fetch()
        return route.abort()

    page.route(COLLECTING, lose)
    return sent


def lose_sale(page: Page) -> None:
    """The sale itself gets lost."""
    page.route(
        COLLECTING, lambda route: route.abort() if route.request.method == "POST" else route.fallback()
    )


def cut(page: Page) -> None:
    """From here on nothing about sales gets through."""
    page.route(f"**{TILL}/sales/**", lambda route: route.abort())


def mend(page: Page) -> None:
    page.unroute(f"**{TILL}/sales/**")


def unknown(page: Page) -> None:
    expect(page.get_by_role("heading", name="We do not know yet")).to_be_visible()
    heard(page, re.compile("We do not know yet whether CN¥30.00 was paid."))


def test_an_answer_that_got_lost_is_asked_after(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    sent = lose_answer(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.clock.run_for(1_500)
    answer(page, "Paid")
    assert len(sent) == 1
    assert charged(cast) == 3_000
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('livetill-till:'))") == []


def test_a_sale_that_got_lost_is_given_up_by_itself(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_sale(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    expect(page.locator("span[data-ends]")).to_contain_text("given up by itself")
    for _second in range(22):
        page.clock.run_for(1_000)
    answer(page, "Nothing was charged")
    heard(page, "Given up. Nothing was charged.")
    assert charged(cast) == 0
    assert GivenUpSale.objects.filter(merchant=cast.merchant).count() == 1


def test_a_sale_that_went_through_unheard_is_reversed(enter: Enter, cast: Cast) -> None:
    """No answer, no network to ask after it, then the network again: a real reverse."""
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    for _second in range(30):
        page.clock.run_for(1_000)
    expect(page.get_by_role("heading", name="Giving the sale up")).to_be_visible()
    expect(page.locator("[data-stage=giving] [data-how]")).to_contain_text("No connection. Trying again in")
    assert charged(cast) == 3_000
    mend(page)
    page.get_by_role("button", name="Try now").click()
    answer(page, "Reversed")
    heard(page, "It had gone through and was reversed. Nothing is charged.")
    assert charged(cast) == 0
    assert [sale.state for sale in sales(cast)] == ["reversed"]


def test_giving_up_is_tried_until_it_is_heard(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.get_by_role("button", name="Give it up now").click()
    expect(page.get_by_role("heading", name="Giving the sale up")).to_be_visible()
    for _second in range(10):
        page.clock.run_for(1_000)
    mend(page)
    page.clock.run_for(9_000)
    answer(page, "Reversed")
    assert charged(cast) == 0


@pytest.mark.parametrize("is_lost_before", [True, False])
def test_a_reload_in_the_middle_is_the_same_sale(enter: Enter, cast: Cast, is_lost_before: bool) -> None:
    page = open_stopped(enter, cast)
    cut(page)
    lose_sale(page) if is_lost_before else lose_answer(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    kept = page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    unknown(page)
    mend(page)
    page.get_by_role("button", name="Give it up now" if is_lost_before else "Ask now").click()
    answer(page, "Nothing was charged" if is_lost_before else "Paid")
    assert charged(cast) == (0 if is_lost_before else 3_000)
    assert not re.search("66[0-9]{16}", kept)


def test_a_window_that_was_closed_leaves_its_sale_to_the_next(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    cut(page)
    lose_answer(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    context, address = page.context, page.url
    page.close(run_before_unload=False)
    fresh = context.new_page()
    fresh.goto(address)
    answer(fresh, "Paid")
    assert charged(cast) == 3_000


def test_a_server_that_stumbles_is_asked_again(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    page.route(
        COLLECTING,
        lambda route: (
            route.fulfill(status=503, body="away") if route.request.method == "POST" else route.fallback()
        ),
    )
    charge(page, code_of(cast.buyer))
    unknown(page)
    page.get_by_role("button", name="Give it up now").click()
    answer(page, "Nothing was charged")
    assert charged(cast) == 0


def test_a_slow_answer_is_given_up_and_reversed_when_it_arrives_late(enter: Enter, cast: Cast) -> None:
    """The sale reaches the server only after it was given up: it never happens."""
    page = open_stopped(enter, cast)
    held: list[Route] = []
    page.route(
        COLLECTING,
        lambda route: held.append(route) if route.request.method == "POST" else route.fallback(),
    )
    charge(page, code_of(cast.buyer))
    expect(page.get_by_role("heading", name="Collecting…")).to_be_visible()
    page.clock.run_for(9_000)
    unknown(page)
    page.get_by_role("button", name="Give it up now").click()
    answer(page, "Nothing was charged")
    late = page.context.request.post(
        held[0].request.url, data=held[0].request.post_data, headers=held[0].request.headers
    )
    assert late.status == 409
    assert charged(cast) == 0
    assert sales(cast) == []


def test_another_till_gave_it_up_meanwhile(enter: Enter, cast: Cast) -> None:
    page = open_stopped(enter, cast)
    lose_answer(page)
    cut(page)
    charge(page, code_of(cast.buyer))
    unknown(page)
    reference = page.evaluate("Object.keys(localStorage).find(key => key.startsWith('livetill-till:'))")
    elsewhere(lambda: give_up_sale(cast.merchant, reference.split(":")[-1]))
    mend(page)
    page.clock.run_for(2_000)
    answer(page, "Reversed")
    assert charged(cast) == 0


def test_without_a_network_nothing_is_sent(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    page.context.set_offline(True)
    charge(page, code_of(cast.buyer))
    expect(page.locator("[data-wrong=code]")).to_contain_text("No connection. Nothing was sent")
    page.context.set_offline(False)
    page.get_by_role("button", name="Collect").click()
    answer(page, "Paid")
    assert charged(cast) == 3_000


def test_who_is_signed_out_hears_it_and_goes_on_after_signing_in(enter: Enter, cast: Cast) -> None:
    page = open_till(enter, cast).page
    name = settings.SESSION_COOKIE_NAME
    page.context.clear_cookies(name=name)
    charge(page, code_of(cast.buyer))
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    again = signed_in(cast.member(Role.CASHIER)).cookies[name].value
    page.context.add_cookies([{"name": name, "value": again, "url": page.url}])
    page.get_by_role("button", name="Sign in").click()
    unknown(page)
    page.get_by_role("button", name="Give it up now").click()
    answer(page, "Nothing was charged")
    assert charged(cast) == 0
