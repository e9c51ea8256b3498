"""A cashier at the till's page: what is sent, what a page says, codes of buyers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from playwright.sync_api import Page

from merchants.models import Person
from merchants.models.merchants import Role
from payments.flows.make_payment_code import make_payment_code
from payments.models import Payment, PaymentKind
from tests.cast import Cast, make_member, signed_in
from tests.pages_calls.conftest import (
    Enter,
    Filmed,
    browser as browser,
    enter as enter,
    filmed as filmed,
    open_as,
    site as site,
)
from tests.pages_dashboard.conftest import words as bare_words

TILL = "/dashboard/till"
COLLECTING = re.compile(rf"{TILL}(\?|$)")
"""Where a sale is sent to; nothing else."""

SCRIPT = {"HX-Request": "true"}
"""What the page's script says of itself."""

ENDS = {"Enter": 13, "Tab": 9}


def words(answer: Any) -> str:
    """The page's words as people read them."""
    return unescape(bare_words(answer))


@pytest.fixture
def cashier(cast: Cast) -> Client:
    """The browser of somebody at the counter of the cast's shop."""
    return signed_in(cast.member(Role.CASHIER))


@pytest.fixture
def stranger(cast: Cast) -> Client:
    """The browser of somebody who works for another shop."""
    return signed_in(make_member(cast.other_merchant))


def code_of(buyer: Person, pin: str | None = None) -> str:
    """A code that the buyer shows."""
    return make_payment_code(buyer, pin).digits


def sell(
    client: Client,
    code: str,
    amount: str = "100.00",
    reference: str = "",
    *,
    chosen: Mapping[str, str] | None = None,
    script: bool = True,
) -> Any:
    """What the till answers when a sale is sent, by its script or by a form alone; `chosen`: how many of
    which product."""
    told = {"reference": reference or str(uuid4()), "code": code, "amount": amount, **(chosen or {})}
    return client.post(TILL, told, headers=SCRIPT if script else {})


def sold(
    client: Client,
    buyer: Person,
    amount: str = "100.00",
    reference: str = "",
    chosen: Mapping[str, str] | None = None,
) -> Payment:
    """A sale that went through."""
    number = reference or str(uuid4())
    answer = sell(client, code_of(buyer), amount, number, chosen=chosen)
    assert answer.status_code == 201, words(answer)
    return Payment.objects.get(kind=PaymentKind.TILL, till_reference=number, payer=buyer)


def ask(client: Client, reference: str) -> Any:
    """What the script hears of a sale."""
    return client.get(f"{TILL}/sales/{reference}", headers=SCRIPT)


def give_up(client: Client, reference: str) -> Any:
    """What the script hears when it gives a sale up."""
    return client.post(f"{TILL}/sales/{reference}/give-up", headers=SCRIPT)


def word(answer: Any) -> str:
    """What the part that changes says in one word."""
    found = re.search(r'id="till-sale"[^>]* data-word="([a-z_]*)"', answer.content.decode())
    assert found, answer.content.decode()[:400]
    return found[1]


def scan(page: Page, code: str, end: str = "Enter", pause_ms: int = 5, began: float = 0) -> float:
    """What a handheld scanner sends, and when it ended. The keys bear their own times, so that nothing
    depends on how fast the machine is."""
    keyboard = page.context.new_cdp_session(page)
    began = began or time.time()
    keys = [{"key": sign, "text": sign, "code": f"Digit{sign}"} for sign in code]
    if end:
        keys.append({"key": end, "code": end, "text": "\r" if end == "Enter" else ""})
    for place, key in enumerate(keys):
        number = ENDS.get(key["key"]) or ord(key["key"])
        at = began + place * pause_ms / 1000
        told = {**key, "windowsVirtualKeyCode": number, "timestamp": at}
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown" if key["text"] else "rawKeyDown", **told})
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **told, "text": ""})
    keyboard.detach()
    return began + len(keys) * pause_ms / 1000


__all__ = ["Client", "Enter", "Filmed", "open_as", "words"]
