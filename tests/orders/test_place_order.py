"""`POST orders`: prices are fixed, stock is taken, a live code is born."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from common.models import OutboxEvent
from common.money import MAX_AMOUNT_MINOR
from merchants.models import Person
from orders.models import Item, Order, Product, RedeemBy
from tests.cast import Answer, Cast, make_product, unknown_id


def place(cast: Cast, *lines: tuple[Any, Any], **more: Any) -> Answer:
    asked = [{"product": getattr(product, "public_id", product), "quantity": n} for product, n in lines]
    return cast.owner_key.post("orders", {"lines": asked, **more})


def test_an_order_as_surface_describes_it(cast: Cast) -> None:
    answer = place(cast, (cast.code_product, 2), (cast.none_product, 1), note="No sugar")
    assert answer.status == 201
    order = answer.body
    assert (order["state"], order["amount"], order["currency"]) == ("placed", 16_000, "CNY")
    assert [item["price"] for item in order["items"]] == [6_000, 6_000, 4_000]
    assert {item["state"] for item in order["items"]} == {"issued"}
    assert [item["product"] for item in order["items"]][2] == cast.none_product.public_id
    assert order["note"] == "No sugar"
    assert order["service_number"] is None
    assert order["redeem_until"] is None
    assert set(order["live_code"]) == {"token", "url", "qr"}


def test_the_codes_and_addresses(cast: Cast) -> None:
    order = place(cast, (cast.code_product, 20)).body
    codes = [item["code"] for item in order["items"]]
    assert len(set(codes)) == 20
    assert all(code.isdigit() and len(code) == 16 for code in codes)
    live = order["live_code"]
    assert live["url"] == f"http://testserver/pay/{live['token']}"
    assert "/o/" in order["page_url"]
    assert live["token"] not in order["page_url"], "the order's page shows item codes"
    assert live["token"] != order["id"]


def test_what_is_answered_is_what_is_read_later(cast: Cast) -> None:
    placed = place(cast, (cast.code_product, 100), (cast.call_product, 100)).body
    assert cast.owner_key.get(f"orders/{placed['id']}").body == placed
    assert cast.owner_key.get("orders").body["results"][0] == placed


def test_the_price_is_fixed_when_placed(cast: Cast) -> None:
    order = place(cast, (cast.code_product, 1)).body
    Product.objects.filter(pk=cast.code_product.pk).update(price_minor=1, name="Cheap now")
    assert cast.pay(cast.buyer_key, order).body["amount"] == 6_000
    assert cast.owner_key.get(f"orders/{order['id']}").body["items"][0]["name"] == "By code"


def test_the_time_to_pay_is_the_merchants(cast: Cast) -> None:
    cast.merchant.pay_within_seconds = 90
    cast.merchant.save(update_fields=["pay_within_seconds"])
    order = place(cast, (cast.code_product, 1)).body
    placed, expires = parse_datetime(order["placed_at"]), parse_datetime(order["expires_at"])
    assert placed is not None
    assert expires is not None
    assert expires - placed == timedelta(seconds=90)


def test_one_event_is_written_with_it(cast: Cast) -> None:
    order = place(cast, (cast.code_product, 1)).body
    (event,) = OutboxEvent.objects.filter(subject=order["id"])
    assert (event.name, event.merchant_id) == ("order.placed", cast.merchant.pk)
    assert event.actor.startswith("key:")


@pytest.mark.parametrize("spelling", ["{0}", "{1}", " {0} ", "+86 {1}", "0086{1}"])
def test_the_buyer_by_phone_in_any_spelling(cast: Cast, spelling: str) -> None:
    phone = cast.buyer.phone or ""
    order = place(cast, (cast.code_product, 1), buyer_phone=spelling.format(phone, phone[3:])).body
    assert Order.objects.get(live_token=order["live_code"]["token"]).buyer == cast.buyer


def test_a_new_phone_becomes_a_buyer_once(cast: Cast) -> None:
    for _ in range(2):
        assert place(cast, (cast.code_product, 1), buyer_phone="+8613712345678").status == 201
    assert Person.objects.filter(phone="+8613712345678").count() == 1


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"buyer_phone": "123"}, {"buyer_phone": "invalid_phone"}),
        ({"buyer_phone": "x" * 41}, {"buyer_phone": "max_length"}),
        ({"buyer_phone": 13800138000}, {"buyer_phone": "invalid"}),
        ({"buyer_phone": "+86138\x00"}, {"buyer_phone": "null_characters_not_allowed"}),
        ({"buyer_phone": ""}, {"buyer_phone": "blank"}),
        ({"note": "x" * 501}, {"note": "max_length"}),
        ({"note": 5}, {"note": "invalid"}),
        ({"note": None}, {"note": "null"}),
        ({"note": "a\x00"}, {"note": "null_characters_not_allowed"}),
        ({"lines": []}, {"lines": "empty"}),
        ({"lines": None}, {"lines": "null"}),
        ({"lines": "x"}, {"lines": "not_a_list"}),
        ({"lines": {"0": {}}}, {"lines": "not_a_list"}),
        ({"lines": [1]}, {"lines.0": "invalid"}),
        ({"lines": [[]]}, {"lines.0": "invalid"}),
        ({"lines": [{}]}, {"lines.0.product": "required", "lines.0.quantity": "required"}),
    ],
    ids=str,
)
def test_bad_input_names_the_field(cast: Cast, more: dict[str, Any], fields: dict[str, str]) -> None:
    lines = [{"product": cast.code_product.public_id, "quantity": 1}]
    answer = cast.owner_key.post("orders", {"lines": lines, **more})
    assert (answer.status, answer.code, answer.fields) == (422, "invalid", fields)
    assert not Order.objects.filter(merchant=cast.merchant).exists()


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (0, "min_value"),
        (-1, "min_value"),
        (201, "max_value"),
        (10**400, "max_value"),
        ("1", "invalid"),
        (1.0, "invalid"),
        (1.5, "invalid"),
        (True, "invalid"),
        (None, "null"),
        ([], "invalid"),
        (1e300, "invalid"),
    ],
)
def test_a_quantity_is_a_whole_number_from_1(cast: Cast, quantity: Any, code: str) -> None:
    answer = place(cast, (cast.code_product, quantity))
    assert (answer.status, answer.fields) == (422, {"lines.0.quantity": code})


def test_a_product_that_is_not_there_or_not_ours_is_422(cast: Cast) -> None:
    archived = make_product(cast.merchant)
    Product.objects.filter(pk=archived.pk).update(archived_at=archived.created_at)
    for product in (cast.other_product, archived, unknown_id("prd")):
        answer = place(cast, (cast.code_product, 1), (product, 1))
        assert (answer.status, answer.fields) == (422, {"lines.1.product": "unknown_product"})


@pytest.mark.parametrize(
    "product", ["", "x", "prd_", "prd_" + "z" * 32, "ord_" + "0" * 32, "PRD_" + "0" * 32]
)
def test_what_is_no_id_is_as_unknown(cast: Cast, product: str) -> None:
    answer = place(cast, (product, 1))
    assert (answer.status, answer.fields) == (422, {"lines.0.product": "unknown"})


@pytest.mark.parametrize("product", [1, None, [], {}, True])
def test_an_id_is_a_string(cast: Cast, product: Any) -> None:
    answer = place(cast, (product, 1))
    assert (answer.status, list(answer.fields)) == (422, ["lines.0.product"])


def test_too_many_lines_and_too_many_units(cast: Cast) -> None:
    answer = place(cast, *[(cast.code_product, 1)] * 51)
    assert (answer.status, answer.fields) == (422, {"lines": "max_length"})
    assert place(cast, (cast.code_product, 200)).status == 201
    answer = place(cast, (cast.code_product, 200), (cast.call_product, 1))
    assert (answer.status, answer.fields) == (422, {"lines": "too_many_units"})


def test_an_amount_over_the_limit(cast: Cast) -> None:
    dear, cheap = make_product(cast.merchant, MAX_AMOUNT_MINOR), make_product(cast.merchant, 1)
    assert place(cast, (dear, 1)).status == 201
    answer = place(cast, (dear, 1), (cheap, 1))
    assert (answer.status, answer.fields) == (422, {"lines": "amount_too_large"})
    assert place(cast, (dear, 200)).fields == {"lines": "amount_too_large"}


def test_limited_stock_is_taken_and_never_oversold(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=3)
    assert place(cast, (scarce, 2)).status == 201
    assert place(cast, (scarce, 2)).code == "out_of_stock"
    assert Product.objects.get(pk=scarce.pk).stock == 1
    assert place(cast, (scarce, 1)).status == 201
    assert place(cast, (scarce, 1)).status == 409


def test_the_same_product_on_two_lines_counts_together(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=3)
    assert place(cast, (scarce, 2), (scarce, 2)).code == "out_of_stock"
    assert Product.objects.get(pk=scarce.pk).stock == 3
    order = place(cast, (scarce, 1), (scarce, 2)).body
    assert (len(order["items"]), order["amount"]) == (3, 3_000)


def test_one_line_out_of_stock_takes_nothing_at_all(cast: Cast) -> None:
    there, gone = make_product(cast.merchant, stock=5), make_product(cast.merchant, stock=0)
    for lines in ([(there, 1), (gone, 1)], [(gone, 1), (there, 1)]):
        assert place(cast, *lines).code == "out_of_stock"
    assert Product.objects.get(pk=there.pk).stock == 5
    assert not Item.objects.filter(product=there).exists()


def test_a_stopped_merchant_takes_no_orders(cast: Cast) -> None:
    cast.merchant.stopped_reason = "Under review"
    cast.merchant.save(update_fields=["stopped_reason"])
    answer = place(cast, (cast.code_product, 1))
    assert (answer.status, answer.code) == (409, "merchant_closed")
    assert "review" not in answer.body["detail"]


def test_any_text_survives_in_a_note(cast: Cast) -> None:
    for note in ("", "请不要放糖 🍬", "<script>alert(1)</script>", "%s %d {0}", "\u202e"):
        assert place(cast, (cast.code_product, 1), note=note).body["note"] == note


def test_fields_that_nobody_knows_are_left_aside(cast: Cast) -> None:
    answer = place(cast, (cast.code_product, 1), amount=1, state="paid", id="ord_x", __proto__=1)
    assert (answer.status, answer.body["state"], answer.body["amount"]) == (201, "placed", 6_000)


def test_the_number_of_queries_does_not_grow_with_the_order(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    scarce = [make_product(cast.merchant, redeem_by=RedeemBy.CALL) for _ in range(20)]
    place(cast, (cast.code_product, 1))
    with django_assert_max_num_queries(8):
        assert place(cast, *[(product, 10) for product in scarce]).status == 201
