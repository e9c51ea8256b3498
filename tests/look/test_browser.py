"""The look in a real browser: no complaint of the policy, no barrier, nothing wider than the window."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.look.conftest import Look

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.urls("tests.look.urls")]

PAGES = [
    "/styleguide",
    "/styleguide?errors&toasts",
    "/styleguide/buyer",
    "/styleguide/public",
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/password/reset/",
    "/accounts/signup/",
]


@pytest.fixture(autouse=True)
def _style_guide(settings: Settings) -> None:
    settings.DEBUG = True


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_sound(look: Look, path: str, width: int, scheme: Any) -> None:
    sight = look(path, width, scheme)
    assert sight.complaints == []
    assert sight.overflow() == 0
    assert sight.barriers() == []
    assert sight.page.get_attribute("html", "data-bs-theme") == scheme


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", [403, 404, 429, 500, 503])
def test_error_pages_are_sound(look: Look, code: int, scheme: Any) -> None:
    sight = look(f"/styleguide/error/{code}", 360, scheme)
    assert [text for text in sight.complaints if f"status of {code}" not in text] == []
    assert sight.overflow() == 0
    assert sight.barriers() == []
    assert len(sight.page.inner_text(".lt-quiet-id code")) >= 8


def test_a_live_part_is_swapped_and_announced_once(look: Look) -> None:
    page = look("/styleguide").page
    page.wait_for_selector("#sample[data-live-state=placed]")
    page.wait_for_selector("#sample[data-live-state=paid]", timeout=6000)
    page.wait_for_function("document.getElementById('announcer').textContent === 'Paid. Thank you.'")
    assert "every" not in str(page.get_attribute("#sample", "hx-trigger"))


def test_a_live_part_that_did_not_change_stays_the_same_element(look: Look) -> None:
    page = look("/styleguide").page
    page.route("**/styleguide/live*", lambda route: route.fulfill(body=page.evaluate("sample.outerHTML")))
    page.evaluate("sample.mark = 'same'")
    with page.expect_response("**/styleguide/live*"):
        pass
    page.wait_for_timeout(200)
    assert page.evaluate("sample.mark") == "same"
    assert page.inner_text("#announcer") == ""


def test_plots_are_drawn_and_told(look: Look) -> None:
    page = look("/styleguide", 1280).page
    page.wait_for_selector("[data-plot] canvas")
    assert page.locator("[data-plot]").count() == page.locator("[data-plot] canvas").count() == 3
    assert "CN¥702.00" in str(page.text_content("table[aria-labelledby=plot-sales-title]"))


def test_the_theme_is_switched_and_kept(look: Look) -> None:
    page = look("/styleguide/buyer").page
    page.click("[data-theme-switch]")
    page.click("[data-theme-switch]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert page.get_attribute("[data-theme-switch]", "aria-label") == "Theme: dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_the_language_follows_the_browser_and_the_switch(look: Look) -> None:
    page = look("/styleguide/buyer", locale="zh-CN").page
    assert page.get_attribute("html", "lang") == "zh-hans"
    page.click(".lt-language button")
    page.wait_for_selector("html[lang=en]")
    assert page.url.endswith("/styleguide/buyer")


def test_a_question_is_asked_by_keyboard_too(look: Look) -> None:
    page = look("/styleguide").page
    page.focus("[data-dialog=cancel-order]")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog:not([open])", state="attached")
    assert page.evaluate("document.activeElement.getAttribute('data-dialog')") == "cancel-order"


def test_a_value_is_copied(look: Look) -> None:
    page = look("/styleguide").page
    page.click("[data-copy=link]")
    page.wait_for_function("document.querySelector('[data-copy=link]').textContent.includes('Copied')")


def test_a_form_is_sent_once_however_often_it_is_tapped(look: Look) -> None:
    page = look("/accounts/login/code/").page
    page.fill("#id_login", "not a phone")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate(
        "() => { const f = document.querySelector('main form'); f.requestSubmit(); f.requestSubmit(); }"
    )
    page.wait_for_selector("#id_login_error")
    assert len(sent) == 1


def test_the_menu_folds_on_a_phone(look: Look) -> None:
    page = look("/styleguide").page
    assert not page.is_visible("#side-menu")
    page.click(".navbar-toggler")
    page.wait_for_selector("#side-menu.show")
    assert page.get_attribute(".navbar-toggler", "aria-expanded") == "true"


def test_the_skip_link_leads_to_the_content(look: Look) -> None:
    page = look("/styleguide").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "lt-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
