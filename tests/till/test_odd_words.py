"""Words that a till may send: none is answered with a 500, and what is refused is charged to nobody."""

from __future__ import annotations

from typing import Any

import pytest

from payments.models import Payment
from tests.cast import WALLET_MINOR, Cast, unknown_id
from tests.coupons.stage import collect, payment_code, wallet

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.mark.parametrize("word", ["", " ", "\x00", "a\x00b", "\ud800", "x" * 65, 1, None, [], {}, True])
def test_what_is_no_reference(cast: Cast, word: Any) -> None:
    code = payment_code(cast.buyer_key)
    assert collect(cast.owner_key, code, 100, word).status in (400, 422)
    assert not Payment.objects.filter(merchant=cast.merchant).exists()
    assert collect(cast.owner_key, code, 100, "r-1").status == 201


@pytest.mark.parametrize("word", ["☕" * 64, "a b", "'; --", "%s", "{0}", "-1", "0"])
def test_what_is_a_reference(cast: Cast, word: str) -> None:
    first = collect(cast.owner_key, payment_code(cast.buyer_key), 100, word)
    assert (first.status, first.body["reference"]) == (201, word)
    assert collect(cast.owner_key, payment_code(cast.buyer_key), 100, word).body == first.body
    assert wallet(cast.buyer_key) == WALLET_MINOR - 100


@pytest.mark.parametrize("word", ["", "\x00", "\ud800", "x" * 41, 660000000000000000, None, [], {}])
def test_what_is_no_code(cast: Cast, word: Any) -> None:
    answer = collect(cast.owner_key, word, 100, "r-1")
    assert answer.status in (400, 422)


@pytest.mark.parametrize(
    "lines",
    [
        "x",
        {},
        [1],
        [{}],
        [{"product": "prd_x", "quantity": 1}],
        [{"product": unknown_id("prd"), "quantity": 1}],
        [{"product": None, "quantity": 1}],
        [{"product": unknown_id("prd"), "quantity": 1}] * 51,
    ],
)
def test_what_are_no_lines(cast: Cast, lines: Any) -> None:
    code = payment_code(cast.buyer_key)
    refused = collect(cast.owner_key, code, 100, "r-1", lines=lines)
    assert refused.status == 422
    assert all(field.startswith("lines") for field in refused.fields)
    assert collect(cast.owner_key, code, 100, "r-1", lines=[]).status == 201


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", True, None, 10**9])
def test_what_is_no_quantity(cast: Cast, quantity: Any) -> None:
    lines = [{"product": cast.code_product.public_id, "quantity": quantity}]
    assert collect(cast.owner_key, payment_code(cast.buyer_key), 100, "r-1", lines=lines).status == 422


def test_another_shop_s_product_is_on_nobody_s_bill(cast: Cast) -> None:
    lines = [{"product": cast.other_product.public_id, "quantity": 1}]
    refused = collect(cast.owner_key, payment_code(cast.buyer_key), 100, "r-1", lines=lines)
    assert (refused.status, refused.fields) == (422, {"lines": "unknown"})


@pytest.mark.parametrize("reason", ["\x00", "x" * 301, 1, []])
def test_what_is_no_reason(cast: Cast, reason: Any) -> None:
    sale = collect(cast.owner_key, payment_code(cast.buyer_key), 100, "r-1").body
    assert cast.owner_key.post(f"payments/{sale['id']}/reverse", {"reason": reason}).status in (400, 422)
    assert cast.owner_key.post(f"payments/{sale['id']}/reverse", {"reason": ""}).status == 200


def test_another_currency(cast: Cast) -> None:
    code = payment_code(cast.buyer_key)
    refused = collect(cast.owner_key, code, 100, "r-1", currency="EUR")
    assert (refused.status, list(refused.fields)) == (422, ["currency"])
    assert collect(cast.owner_key, code, 100, "r-1", currency="CNY").status == 201
