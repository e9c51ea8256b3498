"""After paying: the receipt, for payer and buyer, and what became of the payer's consent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from merchants.models import Merchant
from tests.cast import Cast, make_order, make_paid_order, pay, signed_in
from tests.pages_buyer.conftest import convert, text_of
from tests.pages_buyer.test_order_page import refund_whole


@pytest.fixture
def with_card(cast: Cast) -> Merchant:
    """The shop, with somebody to turn to."""
    cast.merchant.contact_name, cast.merchant.contact_phone = "Mei", "+86 571 8888 0000"
    cast.merchant.save(update_fields=["contact_name", "contact_phone"])
    return cast.merchant


def receipt(client: Client, placed: Any, part: str = "") -> Any:
    return client.get(f"/pay/{placed.order.live_token}/done{part}")


def test_shows_what_was_paid_and_the_codes(cast: Cast, buyer: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
    page = receipt(buyer, placed)
    code = placed.items[0].code
    assert "CN¥60.00 to Our shop" in text_of(page)
    assert " ".join(code[place : place + 4] for place in range(0, 16, 4)) in text_of(page)
    assert f'href="/o/{placed.order.page_token}"' in page.content.decode()


def test_who_pays_for_another_sees_no_codes(cast: Cast) -> None:
    placed = make_order(cast.merchant, cast.code_product, buyer=cast.buyer)
    pay(placed.order, cast.second_buyer)
    payers = receipt(signed_in(cast.second_buyer), placed)
    assert "Whoever ordered has the codes" in text_of(payers)
    assert placed.items[0].code not in payers.content.decode().replace(" ", "")
    assert placed.order.page_token not in payers.content.decode()
    buyers = receipt(signed_in(cast.buyer), placed)
    assert placed.items[0].code in text_of(buyers).replace(" ", "")


def test_strangers_are_led_away(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer)
    for client in (nobody, signed_in(cast.second_buyer)):
        assert receipt(client, placed)["Location"] == f"/pay/{placed.order.live_token}"
        assert receipt(client, placed, "/state").status_code == 404


def test_before_it_is_paid_there_is_none(cast: Cast, buyer: Client) -> None:
    placed = make_order(cast.merchant, buyer=cast.buyer)
    assert receipt(buyer, placed)["Location"] == f"/pay/{placed.order.live_token}"


def test_without_consent_it_says_that_nothing_is_kept(cast: Cast, buyer: Client, with_card: Merchant) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer)
    convert()
    text = text_of(receipt(buyer, placed))
    assert "does not keep you as a customer" in text
    assert "8888 0000" not in text


def test_with_consent_it_says_so_when_it_has_happened(cast: Cast, buyer: Client, with_card: Merchant) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    pay(placed.order, cast.buyer, consent=True)
    before = receipt(buyer, placed, "/state").content.decode()
    assert 'data-live-state="coming"' in before
    assert "every 2s" in before
    convert()
    after = receipt(buyer, placed, "/state").content.decode()
    assert 'data-live-announce="You are now a customer of Our shop."' in after
    assert "every" not in after
    assert "8888 0000" in text_of(receipt(buyer, placed))
    assert "8888 0000" in text_of(buyer.get(f"/o/{placed.order.page_token}"))


def test_a_customer_who_comes_back(cast: Cast, buyer: Client) -> None:
    first, second = (make_order(cast.merchant, cast.code_product) for _time in range(2))
    for placed in (first, second):
        pay(placed.order, cast.buyer, consent=True)
        convert()
    assert "Welcome back" in text_of(receipt(buyer, second))


def test_refunded(cast: Cast, buyer: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
    refund_whole(placed.order)
    assert "Refunded" in text_of(receipt(buyer, placed))
