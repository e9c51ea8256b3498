"""A buyer who pays at a till: browsers, codes read off the page, a till that collects."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from django.test import Client

from payments.flows.collect_at_till import collect_at_till
from payments.models import Payment
from payments.till import CollectAsk
from tests.cast import Cast, signed_in
from tests.pages_calls.conftest import (
    Enter,
    browser as browser,
    enter as enter,
    look as look,
    site as site,
)

_numbers = count()
SCRIPT = {"HX-Request": "true"}
"""What the page's script says of itself."""


@pytest.fixture
def buyer(cast: Cast) -> Client:
    """The buyer's browser."""
    return signed_in(cast.buyer)


def ask(client: Client, request: str = "", **more: str) -> Any:
    """What the page's script gets when it asks for a code."""
    name = request or f"request-of-a-test-{next(_numbers)}"
    return client.post("/me/pay", {"request": name, **more}, headers=SCRIPT)


def digits(answer: Any) -> str:
    """The code on a page, without its gaps."""
    found = re.search(r'<p class="lt-code-digits">(.*?)</p>', answer.content.decode())
    assert found, answer.content.decode()[:400]
    return re.sub(r"<[^>]+>|\s", "", found[1])


def fact(answer: Any, name: str) -> str:
    """What the changing part says of itself: `word`, `code`, `left-ms`, `say`."""
    found = re.search(rf'data-{name}="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1]


def state(client: Client, code: str) -> Any:
    """What the page hears of a code."""
    return client.get("/me/pay/state", {"code": code}, headers=SCRIPT)


def collect(cast: Cast, code: str, amount_minor: int, reference: str = "r-1") -> Payment:
    """The till of the cast's shop collects."""
    return collect_at_till(CollectAsk(cast.merchant, code, amount_minor, reference))


__all__ = ["Client", "Enter"]
