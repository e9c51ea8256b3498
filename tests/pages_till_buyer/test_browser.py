"""The payment code in a real Chromium: renewed, offline for a while, and what comes of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from io import BytesIO

import pytest
import zxingcpp
from django.db import connection
from PIL import Image
from playwright.sync_api import Page, Route, expect

from coupons.refusals import CouponRefused
from payments.flows.set_pin import set_pin
from payments.models import PaymentCode
from payments.refusals import PinRequired
from tests.cast import Cast
from tests.coupons.stage import armed, issue, make_campaign
from tests.look.conftest import Sight
from tests.pages_till_buyer.conftest import Enter, collect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("committed")]
expect.set_options(timeout=15_000)

PIN = "135790"
PHONE = 390


def elsewhere(work: Callable[[], object]) -> None:
    """Do something in another connection while the browser waits."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def shown(page: Page) -> str:
    """The code on the page, once there is one."""
    expect(page.locator(".lt-code-digits")).to_be_visible()
    return re.sub(r"\s", "", page.locator(".lt-code-digits").inner_text())


def changed(page: Page, before: str) -> str:
    """The next code on the page."""
    expect(page.locator(".lt-code-digits")).not_to_have_text(" ".join(re.findall(".{1,4}", before)))
    return shown(page)


def open_code(enter: Enter, cast: Cast, width: int = PHONE) -> tuple[Sight, str]:
    sight = enter(cast.buyer, "/me/pay", width)
    return sight, shown(sight.page)


def open_stopped(enter: Enter, cast: Cast) -> tuple[Page, str]:
    """The page with a clock that the test moves, so that nothing depends on how fast the machine is."""
    page = enter(cast.buyer, "/me/").page
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.clock.install()
    page.goto(page.url + "pay")
    return page, shown(page)


def count_codes(cast: Cast) -> int:
    return PaymentCode.objects.filter(buyer=cast.buyer).count()


# --- shown, read, renewed --------------------------------------------------------------------


def test_both_pictures_are_read_from_the_screen(enter: Enter, cast: Cast) -> None:
    sight, code = open_code(enter, cast)
    for picture in (".lt-code-bars", ".lt-code-square"):
        seen = Image.open(BytesIO(sight.page.locator(picture).screenshot(scale="device")))
        read = zxingcpp.read_barcode(seen)
        assert read is not None, picture
        assert read.text == code
    assert sight.page.locator(".lt-code-square").bounding_box()["width"] >= 240  # type: ignore[index]
    assert sight.page.locator(".lt-code-bars").bounding_box()["width"] >= 300  # type: ignore[index]
    assert sight.complaints == []


def test_it_renews_itself_before_the_end(enter: Enter, cast: Cast) -> None:
    page, first = open_stopped(enter, cast)
    expect(page.locator("[data-left-text]")).to_have_text(re.compile(r"New code in \d+ s"))
    page.clock.run_for(40_000)
    assert shown(page) == first
    page.clock.run_for(6_000)
    second = changed(page, first)
    page.clock.run_for(46_000)
    third = changed(page, second)
    elsewhere(lambda: collect(cast, third, 500))
    page.clock.run_for(1_500)
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()


def test_a_page_nobody_looks_at_stops_renewing_and_goes_on_when_seen(enter: Enter, cast: Cast) -> None:
    page, first = open_stopped(enter, cast)
    hide(page, True)
    page.clock.run_for(46_000)  # a glance at another page is no reason to stop
    second = changed(page, first)
    page.clock.run_for(600_000)
    expect(page.get_by_text("The code has rested.")).to_be_visible()
    assert shown(page) == second
    made = count_codes(cast)
    hide(page, False)
    changed(page, second)
    assert count_codes(cast) == made + 1


def hide(page: Page, is_hidden: bool) -> None:
    """What the browser says when somebody turns to another page, or back."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        is_hidden,
    )


def test_a_page_left_open_for_long_rests_until_it_is_asked(enter: Enter, cast: Cast) -> None:
    page, code = open_stopped(enter, cast)
    for _renewal in range(20):
        page.clock.run_for(46_000)
        code = changed(page, code)
    page.clock.run_for(61_000)
    expect(page.get_by_text("This code has ended.")).to_be_visible()
    page.clock.run_for(120_000)
    assert count_codes(cast) == 21
    page.locator("[data-rested] button").click()
    changed(page, code)


# --- the connection --------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_again_and_is_the_same_code(enter: Enter, cast: Cast) -> None:
    page, first = open_stopped(enter, cast)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or len(lost) >= 2:
            route.continue_()
            return
        lost.append(route.request.post_data or "")
        route.fetch()  # it arrives, and its answer does not
        route.abort()

    page.route("**/me/pay", lose)
    page.clock.run_for(46_000)
    for _again in range(30):
        page.clock.run_for(1_000)
        if len(lost) >= 2 and shown(page) != first:
            break
        page.wait_for_timeout(100)
    second = changed(page, first)
    assert lost[0] == lost[1]
    assert count_codes(cast) == 2
    assert PaymentCode.objects.get(buyer=cast.buyer, ended_at=None).created_at
    elsewhere(lambda: collect(cast, second, 500))


def test_offline_for_a_few_seconds_is_not_noticed_for_longer_is_said(enter: Enter, cast: Cast) -> None:
    page, first = open_stopped(enter, cast)
    page.context.set_offline(True)
    notice = page.locator("[data-notice]")
    page.clock.run_for(2_000)
    expect(notice).to_be_hidden()
    page.clock.run_for(5_000)
    expect(notice).to_have_text("No connection. This code still works until its time ends.")
    page.clock.run_for(41_000)  # the renewal gets no answer
    assert shown(page) == first
    elsewhere(lambda: collect(cast, first, 500))
    page.context.set_offline(False)
    page.clock.run_for(5_000)
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(notice).to_be_hidden()
    assert count_codes(cast) == 1


def test_offline_beyond_the_end_covers_the_code_and_brings_a_new_one_later(enter: Enter, cast: Cast) -> None:
    page, first = open_stopped(enter, cast)
    page.context.set_offline(True)
    page.clock.run_for(62_000)
    expect(page.locator("[data-cover]")).to_be_visible()
    expect(page.locator("[data-notice]")).to_have_text(
        "No connection. A new code comes as soon as there is one."
    )
    page.context.set_offline(False)
    page.clock.run_for(5_000)
    changed(page, first)
    expect(page.locator("[data-cover]")).to_be_hidden()


def test_whoever_was_signed_out_meanwhile_is_asked_to_sign_in(enter: Enter, cast: Cast) -> None:
    page, _code = open_stopped(enter, cast)
    page.context.clear_cookies()
    page.clock.run_for(2_000)
    page.wait_for_url("**/accounts/login/**")


# --- what comes of it ------------------------------------------------------------------------------


def test_paid_while_open(enter: Enter, cast: Cast) -> None:
    armed(cast)
    sight, code = open_code(enter, cast)
    page = sight.page
    expect(page.get_by_text("Comes off at Our shop")).to_be_visible()
    elsewhere(lambda: collect(cast, code, 10_000))
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("Paid: CN¥80.00 to Our shop.")
    expect(page.get_by_text("−CN¥20.00")).to_be_visible()
    page.reload()
    expect(page.get_by_text("CN¥80.00 to Our shop")).to_be_visible()
    assert sight.complaints == []


def test_refused_with_its_reason_and_on_without_the_coupon_by_keyboard(enter: Enter, cast: Cast) -> None:
    armed(cast, minimum_spend=10_000)
    sight, code = open_code(enter, cast)
    page = sight.page

    def refuse() -> None:
        with pytest.raises(CouponRefused):
            collect(cast, code, 9_000)

    elsewhere(refuse)
    expect(page.get_by_role("heading", name="The coupon was refused")).to_be_visible()
    expect(page.get_by_text("The bill is below the coupon's minimum spend.", exact=True)).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("Nothing was taken.")
    page.get_by_role("button", name="Go on without the coupon").press("Enter")
    second = shown(page)
    elsewhere(lambda: collect(cast, second, 9_000, "r-2"))
    expect(page.get_by_text("CN¥90.00 to Our shop", exact=True)).to_be_visible()
    assert sight.complaints == []


def test_the_pin_is_asked_typed_wrongly_and_rightly_by_keyboard(enter: Enter, cast: Cast) -> None:
    set_pin(cast.buyer, PIN)
    sight, code = open_code(enter, cast)
    page = sight.page

    def refuse() -> None:
        with pytest.raises(PinRequired):
            collect(cast, code, 60_000)

    elsewhere(refuse)
    field = page.get_by_label("PIN", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not the PIN.").first).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("this code pays any amount")).to_be_visible()
    second = shown(page)
    elsewhere(lambda: collect(cast, second, 60_000, "r-2"))
    expect(page.get_by_text("CN¥600.00 to Our shop", exact=True)).to_be_visible()


def test_with_the_pin_said_a_code_is_not_exchanged_for_one_without(enter: Enter, cast: Cast) -> None:
    set_pin(cast.buyer, PIN)
    page, first = open_stopped(enter, cast)
    page.get_by_text("Paying much? Enter the PIN first").click()
    page.get_by_label("PIN", exact=True).fill(PIN)
    page.get_by_role("button", name="Show a code with the PIN").click()
    second = changed(page, first)
    page.clock.run_for(55_000)
    assert shown(page) == second
    expect(page.locator("[data-left-text]")).to_have_text(re.compile(r"Works for \d s more"))
    page.clock.run_for(6_000)
    changed(page, second)
    expect(page.get_by_text("this code pays any amount")).to_be_hidden()


def test_who_types_the_pin_is_not_disturbed_by_a_renewal(enter: Enter, cast: Cast) -> None:
    set_pin(cast.buyer, PIN)
    page, first = open_stopped(enter, cast)
    page.get_by_text("Paying much? Enter the PIN first").click()
    field = page.get_by_label("PIN", exact=True)
    field.type("135")
    page.clock.run_for(46_000)
    changed(page, first)
    expect(field).to_be_focused()
    expect(field).to_have_value("135")


def test_two_pages_do_not_fight(enter: Enter, cast: Cast) -> None:
    first, _code = open_code(enter, cast)
    second, code = open_code(enter, cast)
    expect(first.page.get_by_role("heading", name="This code has ended")).to_be_visible()
    assert shown(second.page) == code
    first.page.get_by_role("button", name="Show a new code here").click()
    shown(first.page)
    expect(second.page.get_by_role("heading", name="This code has ended")).to_be_visible()


def test_from_the_coupon_to_the_code_by_keyboard(enter: Enter, cast: Cast) -> None:
    issue(cast, make_campaign(cast))
    page = enter(cast.buyer, "/me/coupons", PHONE).page
    page.get_by_role("button", name="Use for the next payment").press("Enter")
    page.wait_for_url("**/me/pay")
    shown(page)
    page.get_by_role("button", name="Pay without it").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The coupon is back among your coupons.")
    shown(page)
    expect(page.get_by_text("Choose a coupon (1)")).to_be_visible()
