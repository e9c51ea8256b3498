"""`GET, POST products`."""

from __future__ import annotations

from typing import Any

import pytest

from common.money import MAX_AMOUNT_MINOR
from tests.cast import Cast

GOOD = {"name": "Tea", "price": 1_200, "currency": "CNY", "redeem_by": "code"}


def test_a_product_is_made_and_listed(cast: Cast) -> None:
    answer = cast.owner_key.post("products", {**GOOD, "stock": 7, "image": "https://shop.example/tea.png"})
    assert answer.status == 201
    made = answer.body
    assert made["id"].startswith("prd_")
    assert (made["price"], made["currency"], made["stock"]) == (1_200, "CNY", 7)
    assert cast.owner_key.get("products").body["results"][0] == made


def test_without_stock_it_never_runs_out(cast: Cast) -> None:
    assert cast.owner_key.post("products", GOOD).body["stock"] is None
    assert cast.owner_key.post("products", {**GOOD, "stock": None}).body["stock"] is None
    assert cast.owner_key.post("products", {**GOOD, "stock": 0}).body["stock"] == 0


@pytest.mark.parametrize("redeem_by", ["call", "code", "none"])
def test_the_three_ways_to_redeem(cast: Cast, redeem_by: str) -> None:
    assert cast.owner_key.post("products", {**GOOD, "redeem_by": redeem_by}).body["redeem_by"] == redeem_by


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "blank"),
        ("name", "   ", "blank"),
        ("name", None, "null"),
        ("name", 1, "invalid"),
        ("name", ["Tea"], "invalid"),
        ("name", "x" * 121, "max_length"),
        ("name", "a\x00b", "null_characters_not_allowed"),
        ("price", 0, "min_value"),
        ("price", -1, "min_value"),
        ("price", MAX_AMOUNT_MINOR + 1, "max_value"),
        ("price", 10**400, "max_value"),
        ("price", "100", "invalid"),
        ("price", 100.0, "invalid"),
        ("price", 99.5, "invalid"),
        ("price", True, "invalid"),
        ("price", None, "null"),
        ("price", [100], "invalid"),
        ("currency", "USD", "unknown_currency"),
        ("currency", "cny", "unknown_currency"),
        ("currency", "CN", "min_length"),
        ("currency", "CNYX", "max_length"),
        ("currency", 156, "invalid"),
        ("redeem_by", "phone", "invalid_choice"),
        ("redeem_by", "", "invalid_choice"),
        ("redeem_by", None, "null"),
        ("redeem_by", True, "invalid_choice"),
        ("redeem_by", {"a": []}, "invalid_choice"),
        ("stock", -1, "min_value"),
        ("stock", 10**10, "max_value"),
        ("stock", "3", "invalid"),
        ("stock", 1.5, "invalid"),
        ("stock", False, "invalid"),
        ("image", "no address", "invalid"),
        ("image", "javascript:alert(1)", "invalid"),
        ("image", "http://[", "invalid"),
        ("image", "https://shop.example/" + "x" * 500, "max_length"),
    ],
)
def test_bad_input_names_the_field(cast: Cast, field: str, value: Any, code: str) -> None:
    answer = cast.owner_key.post("products", {**GOOD, field: value})
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.fields == {field: code}


@pytest.mark.parametrize("field", ["name", "price", "currency", "redeem_by"])
def test_what_is_required(cast: Cast, field: str) -> None:
    asked = {name: value for name, value in GOOD.items() if name != field}
    assert cast.owner_key.post("products", asked).fields == {field: "required"}


def test_the_largest_price_is_a_price(cast: Cast) -> None:
    assert cast.owner_key.post("products", {**GOOD, "price": MAX_AMOUNT_MINOR}).status == 201


def test_a_name_in_any_script_survives(cast: Cast) -> None:
    for name in ("茉莉龙珠 🍵", 'quotes " and \\', "<b>bold</b>", "a\nb", "é" * 120):
        assert cast.owner_key.post("products", {**GOOD, "name": name}).body["name"] == name


def test_the_stranger_sees_none_of_them(cast: Cast) -> None:
    cast.owner_key.post("products", GOOD)
    mine = {row["id"] for row in cast.owner_key.get("products").body["results"]}
    theirs = {row["id"] for row in cast.other_key.get("products").body["results"]}
    assert theirs == {cast.other_product.public_id}
    assert not mine & theirs
