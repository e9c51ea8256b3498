"""`POST orders/{id}/redeem`: the counter's way; the unit's money leaves escrow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from common.models import OutboxEvent
from tests.cast import Answer, Cast, make_order, make_product, unknown_id

pytestmark = pytest.mark.usefixtures("agrees")


def redeem(cast: Cast, order: dict[str, Any], code: str | None = None) -> Answer:
    return cast.owner_key.post(f"orders/{order['id']}/redeem", {} if code is None else {"item_code": code})


def balance(cast: Cast) -> tuple[int, int, int]:
    found = cast.owner_key.get("balance").body
    return found["available"], found["held"], found["debt"]


def test_one_item_by_its_code(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 2)
    assert balance(cast) == (0, 12_000, 0)
    answer = redeem(cast, order, order["items"][1]["code"])
    assert (answer.status, answer.body["state"]) == (200, "paid")
    assert [item["state"] for item in answer.body["items"]] == ["issued", "redeemed"]
    assert answer.body["items"][1]["redeemed_at"] is not None
    assert balance(cast) == (6_000, 6_000, 0)
    assert cast.owner_key.get(f"orders/{order['id']}").body == answer.body


def test_the_last_item_redeems_the_order(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 2)
    redeem(cast, order, order["items"][0]["code"])
    assert redeem(cast, order, order["items"][1]["code"]).body["state"] == "redeemed"
    assert balance(cast) == (12_000, 0, 0)


def test_the_whole_order(cast: Cast) -> None:
    order = cast.paid_order(cast.call_product, 3)
    answer = redeem(cast, order)
    assert (answer.status, answer.body["state"]) == (200, "redeemed")
    assert balance(cast) == (27_000, 0, 0)
    names = OutboxEvent.objects.filter(subject=order["id"]).values_list("name", flat=True)
    assert sorted(names).count("item.redeemed") == 3
    assert sorted(names).count("order.redeemed") == 1


def test_an_empty_body_is_the_whole_order(cast: Cast) -> None:
    order = cast.paid_order()
    assert cast.owner_key.post(f"orders/{order['id']}/redeem").body["state"] == "redeemed"


def test_the_fee_is_taken_half_up_unit_by_unit(cast: Cast) -> None:
    cast.merchant.fee_basis_points = 250
    cast.merchant.save(update_fields=["fee_basis_points"])
    product = make_product(cast.merchant, 1_020)
    order = cast.paid_order(product, 2)
    redeem(cast, order, order["items"][0]["code"])
    assert balance(cast) == (1_020 - 26, 1_020, 0), "25.5 is 26"
    redeem(cast, order)
    assert balance(cast) == (2 * (1_020 - 26), 0, 0)


def test_twice_is_already_redeemed_and_moves_nothing(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 2)
    code = order["items"][0]["code"]
    redeem(cast, order, code)
    answer = redeem(cast, order, code)
    assert (answer.status, answer.code) == (409, "already_redeemed")
    assert balance(cast) == (6_000, 6_000, 0)
    redeem(cast, order)
    assert redeem(cast, order).code == "already_redeemed"
    assert balance(cast) == (12_000, 0, 0)


@pytest.mark.parametrize("code", ["0" * 16, "x", "1", "1234 5678 9012 3456"])
def test_an_unknown_code(cast: Cast, code: str) -> None:
    answer = redeem(cast, cast.paid_order(), code)
    assert (answer.status, answer.code) == (404, "unknown_code")


def test_a_code_of_another_order_is_unknown_here(cast: Cast) -> None:
    one, other = cast.paid_order(), cast.paid_order()
    assert redeem(cast, one, other["items"][0]["code"]).code == "unknown_code"
    assert cast.owner_key.get(f"orders/{other['id']}").body["state"] == "paid"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "blank"),
        (None, "null"),
        (1, "invalid"),
        ([], "invalid"),
        ("1" * 33, "max_length"),
        (True, "invalid"),
        ("a\x00", "null_characters_not_allowed"),
        (chr(0xD800), "surrogate_characters_not_allowed"),
    ],
)
def test_bad_input(cast: Cast, code: Any, why: str) -> None:
    order = cast.paid_order()
    answer = cast.owner_key.post(f"orders/{order['id']}/redeem", {"item_code": code})
    assert (answer.status, answer.fields) == (422, {"item_code": why})


def test_before_it_is_paid(cast: Cast) -> None:
    order = cast.order()
    for code in (None, order["items"][0]["code"]):
        answer = redeem(cast, order, code)
        assert (answer.status, answer.code) == (409, "not_paid")


def test_cancelled_or_expired_unpaid_is_not_paid(cast: Cast) -> None:
    cancelled, expired = cast.order(), cast.order()
    cast.owner_key.post(f"orders/{cancelled['id']}/cancel")
    assert redeem(cast, cancelled).code == "not_paid"
    with clock.moved(timedelta(hours=1)):
        drains.run("expire_orders")
        assert redeem(cast, expired).code == "not_paid"


def test_after_its_time_is_expired(cast: Cast) -> None:
    cast.merchant.redeem_within_days = 2
    cast.merchant.save(update_fields=["redeem_within_days"])
    order = cast.paid_order()
    with clock.moved(timedelta(days=2, seconds=1)):
        answer = redeem(cast, order)
        assert (answer.status, answer.code) == (409, "expired")
    assert redeem(cast, order).status == 200


def test_what_needs_no_redemption_is_invalid_state_and_stays_paid(cast: Cast) -> None:
    order = cast.paid_order(cast.none_product)
    for code in (None, order["items"][0]["code"]):
        answer = redeem(cast, order, code)
        assert (answer.status, answer.code) == (409, "invalid_state")
    assert balance(cast) == (0, 4_000, 0)


def test_a_whole_order_leaves_aside_what_needs_no_redemption(cast: Cast) -> None:
    placed = make_order(cast.merchant, cast.code_product, cast.none_product)
    order = cast.owner_key.get(f"orders/{placed.order.public_id}").body
    cast.pay(cast.buyer_key, order)
    answer = redeem(cast, order)
    assert {item["redeem_by"]: item["state"] for item in answer.body["items"]} == {
        "code": "redeemed",
        "none": "issued",
    }
    assert answer.body["state"] == "paid"
    assert balance(cast) == (6_000, 4_000, 0)
    assert redeem(cast, order).code == "already_redeemed"


def test_the_holding_time_releases_what_needs_no_redemption(cast: Cast) -> None:
    cast.merchant.holding_seconds = 3_600
    cast.merchant.save(update_fields=["holding_seconds"])
    order = cast.paid_order(cast.none_product, 2)
    with clock.moved(timedelta(minutes=59)):
        drains.run("release_items")
        assert balance(cast) == (0, 8_000, 0)
    with clock.moved(timedelta(minutes=61)):
        assert drains.run("release_items") >= 2
        assert drains.run("release_items") == 0
    assert balance(cast) == (8_000, 0, 0)
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "paid"


def test_the_stranger_gets_404(cast: Cast) -> None:
    order = cast.paid_order()
    code = order["items"][0]["code"]
    for caller, order_id in ((cast.other_key, order["id"]), (cast.owner_key, unknown_id("ord"))):
        for body in ({}, {"item_code": code}):
            answer = caller.post(f"orders/{order_id}/redeem", body)
            assert (answer.status, answer.code) == (404, "not_found")
    assert balance(cast) == (0, 6_000, 0)
