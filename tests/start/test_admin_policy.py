"""The admin in a browser, under its content policy: nothing is blocked that it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from tests.start.house import House

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.embedded]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A house with a member of staff."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there")
    made = House().start()
    yield made
    made.end()


@pytest.fixture
def page(house: House) -> Iterator[Page]:
    """A browser's page, signed in to the admin."""
    told = house.run("demo", "--json")
    assert told.returncode == 0, told.stderr[-3000:]
    demo = json.loads(told.stdout)["staff"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        made = browser.new_page(base_url=f"http://127.0.0.1:{house.port}")
        made.goto("/admin/login/")
        made.fill("input[name=login]", demo["login"])
        made.fill("input[name=password]", demo["password"])
        made.press("input[name=password]", "Enter")
        made.wait_for_url("**/admin/")
        yield made
        browser.close()


def test_no_page_of_the_admin_has_a_violation(page: Page) -> None:
    """Every list, a search, a form; a new version of the library may need other hashes."""
    blocked: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            blocked.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: blocked.append(f"{page.url}: {error}"))
    page.goto("/admin/")
    links = page.eval_on_selector_all("a[href^='/admin/']", "found => found.map(a => a.getAttribute('href'))")
    lists = sorted({link for link in links if link.count("/") == 4})
    assert len(lists) > 5
    for path in [*lists, "/admin/merchants/merchant/?q=x", "/admin/password_change/"]:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status < 400 or path.endswith("password_change/"), path
        page.wait_for_timeout(200)
    assert not blocked
