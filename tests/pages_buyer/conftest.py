"""Buyers' pages from the front door: Django's client, and a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from common import drains
from orders.models import Order
from tests.cast import Cast, signed_in
from tests.look.conftest import browser as browser, look as look, site as site


@pytest.fixture
def nobody() -> Client:
    """A browser in which nobody has signed in."""
    return Client()


@pytest.fixture
def buyer(cast: Cast) -> Client:
    """The buyer's browser."""
    return signed_in(cast.buyer)


def field_of(response: Any, name: str) -> str:
    """What a hidden field of the page holds."""
    text = response.content.decode()
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, f"no field {name}"
    return found[1]


def text_of(response: Any) -> str:
    """The page's words, without its markup."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", bare)


def pay_on_page(client: Client, order: Order, source: str = "wallet", **more: Any) -> Any:
    """Open what the live code opens, and send its form."""
    address = f"/pay/{order.live_token}"
    form = client.get(address)
    sent = {"payment": field_of(form, "payment"), "source": source, **more}
    return client.post(address, sent)


def convert() -> None:
    """Let the news of payments arrive where customers are made."""
    drains.run("outbox")
