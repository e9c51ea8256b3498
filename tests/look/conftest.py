"""A served site and a real browser that reports what the console says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
AXE = next((Path(settings.BASE_DIR) / "tests" / "vendor").glob("axe-core-*/axe.min.js"))


@pytest.fixture
def site(committed: None) -> Iterator[str]:
    """The project served on a free port of this machine."""
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, port=0)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Playwright keeps an event loop in this thread, which Django would refuse to meet."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield from _chromium()


def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Sight:
    """A page, and what its console complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """How far, in pixels, the page is wider than the window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def barriers(self) -> list[str]:
        """What axe finds serious or worse. It is brought in past the page's policy, by the debugger."""
        debugger = self.page.context.new_cdp_session(self.page)
        debugger.send("Runtime.evaluate", {"expression": AXE.read_text()})
        found: Any = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{entry['id']}: {node['html'][:200]}"
            for entry in found["violations"]
            if entry["impact"] in {"serious", "critical"}
            for node in entry["nodes"]
        ]


Look = Callable[..., Sight]


@pytest.fixture
def look(browser: Browser, site: str) -> Iterator[Look]:
    """Opens a path at a width, light or dark."""
    contexts = []

    def open_(path: str, width: int = 360, scheme: Any = "light", locale: str = "en") -> Sight:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale
        )
        contexts.append(context)
        sight = Sight(context.new_page())
        sight.page.on(
            "console",
            lambda said: sight.complaints.append(said.text) if said.type in {"error", "warning"} else None,
        )
        sight.page.on("pageerror", lambda error: sight.complaints.append(str(error)))
        sight.page.goto(site + path)
        sight.page.wait_for_load_state("networkidle")
        return sight

    yield open_
    for context in contexts:
        context.close()
