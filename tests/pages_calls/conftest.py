"""A shop whose orders are redeemed by calls, and browsers, one of them with a camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import qrcode
from django.conf import settings as site_settings
from django.db import connections
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from qrcode.image.pil import PilImage

from merchants.models import Person
from orders.models import Product, RedeemBy
from tests.cast import make_product, signed_in
from tests.look.conftest import ARGUMENTS, CHROMIUM, Sight, browser as browser, look as look, site as site
from tests.pages_dashboard.conftest import HOME, Shop, owner as owner, shop as shop

Enter = Callable[..., Sight]


@pytest.fixture
def by_call(shop: Shop) -> Product:
    """Something of the shop that is redeemed by a call."""
    return make_product(shop.merchant, 9_000, RedeemBy.CALL, name="Foot bath")


def open_as(browser: Browser, site: str, person: Person | None, path: str, **more: Any) -> Sight:
    """A new window on a page, signed in; its console is listened to."""
    context = browser.new_context(locale="en", **more)
    if person is not None:
        name = site_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": signed_in(person).cookies[name].value, "url": site}])
    sight = Sight(context.new_page())
    sight.page.on(
        "console",
        lambda said: sight.complaints.append(said.text) if said.type in {"error", "warning"} else None,
    )
    sight.page.on("pageerror", lambda error: sight.complaints.append(str(error)))
    sight.page.goto(site + path)
    return sight


@pytest.fixture
def enter(browser: Browser, site: str, settings: Any) -> Iterator[Enter]:
    """Opens a page as somebody (None: nobody)."""
    settings.BASE_URL = site
    opened: list[Sight] = []

    def open_(
        person: Person | None, path: str, width: int = 1280, scheme: Literal["light", "dark"] = "light"
    ) -> Sight:
        size: Any = {"width": width, "height": 800}
        opened.append(open_as(browser, site, person, path, viewport=size, color_scheme=scheme))
        return opened[-1]

    yield open_
    for sight in opened:
        sight.page.context.close()


def film(folder: Path, text: str) -> Path:
    """A film of somebody who holds a QR code of `text` before the camera."""
    code = qrcode.make(text, box_size=8, image_factory=PilImage).get_image().convert("RGB")
    frame = Image.new("RGB", (640, 480), (120, 118, 110))
    frame.paste(code, ((640 - code.width) // 2, (480 - code.height) // 2))
    path = folder / "camera.mjpeg"
    with path.open("wb") as out:
        for turn in range(10):
            frame.rotate(turn - 5, fillcolor=(120, 118, 110)).save(out, "JPEG", quality=85)
    return path


Filmed = Callable[[str], Browser]


@pytest.fixture
def filmed(tmp_path: Path, site: str) -> Iterator[Filmed]:
    """A Chromium of its own whose camera shows a code."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        started: list[Browser] = []

        def start(text: str) -> Browser:
            flags = (
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film(tmp_path, text)}",
            )
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *flags])
            started.append(chromium)
            return chromium

        yield start
        for chromium in started:
            chromium.close()
        connections.close_all()  # those of this event loop, which ends with Playwright


__all__ = ["HOME", "Client", "Enter", "Filmed", "Page", "Shop", "open_as"]
