"""`POST call-records`: what a call does, and every reason why one does nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from common.models import OutboxEvent
from orders.models import Binding, CallRecord, CallRules, Order
from orders.models.orders import Item
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of, settle_calls, state_of
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.fixture
def shop(cast: Cast) -> Cast:
    make_numbers(cast.merchant)
    return cast


@pytest.fixture
def order(shop: Cast) -> dict[str, Any]:
    return call_order(shop)


def test_a_number_is_bound_when_the_order_is_paid_and_not_before(shop: Cast) -> None:
    order = shop.order(shop.call_product, buyer_phone=shop.buyer.phone)
    assert order["service_number"] is None
    assert shop.pay(shop.buyer_key, order).status == 201
    paid = shop.owner_key.get(f"orders/{order['id']}").body
    assert paid["service_number"].startswith("+86171")
    binding = Binding.objects.get(order__number=order["number"])
    assert (binding.valid_from, binding.valid_until) == (
        Order.objects.get(number=order["number"]).paid_at,
        Order.objects.get(number=order["number"]).redeem_until,
    )


def test_orders_redeemed_otherwise_take_no_number(shop: Cast) -> None:
    assert shop.paid_order()["service_number"] is None
    assert not Binding.objects.filter(merchant=shop.merchant).exists()


def test_a_call_redeems_the_order_and_releases_its_money(shop: Cast, order: dict[str, Any]) -> None:
    held = shop.owner_key.get("balance").body
    call = a_call(shop.buyer.phone, order["service_number"])
    answer = push(shop.owner_key, call)
    assert (answer.status, answer.body) == (
        200,
        {"accepted": 1, "duplicates": 0, "rejected": [], "redeemed": [order["id"]]},
    )
    assert state_of(order) == "redeemed"
    assert reason_of(shop.owner_key, call) == ("redeemed", None)
    now = shop.owner_key.get("balance").body
    assert now["held"] == held["held"] - order["amount"]
    assert now["available"] == held["available"] + order["amount"]
    events = OutboxEvent.objects.filter(subject=order["id"], name__endswith="redeemed")
    assert {event.name: event.payload["by"] for event in events} == {
        "item.redeemed": "call",
        "order.redeemed": "call",
    }


@pytest.mark.parametrize("way", ["both", "text"])
def test_a_call_from_the_number_and_a_text_count_too(shop: Cast, order: dict[str, Any], way: str) -> None:
    if way == "both":
        call = a_call(order["service_number"], shop.buyer.phone)
    else:
        call = a_call(shop.buyer.phone, order["service_number"], kind="sms", answered_at=None, ended_at=None)
    assert push(shop.owner_key, call).body["redeemed"] == [order["id"]]


@pytest.mark.parametrize(
    "spelling", ["{0}", "0{0}", "0086{0}", "86{0}", "+86 {0}", "tel:+86{0}", "sip:{0}@10.0.0.1"]
)
def test_other_spellings_of_the_numbers(shop: Cast, order: dict[str, Any], spelling: str) -> None:
    national = str(shop.buyer.phone).removeprefix("+86")
    called = order["service_number"].removeprefix("+86")
    call = a_call(spelling.format(national), spelling.format(called))
    assert push(shop.owner_key, call).body["redeemed"] == [order["id"]], spelling


def test_duplicates_are_counted_and_change_nothing(shop: Cast, order: dict[str, Any]) -> None:
    call = a_call(shop.buyer.phone, order["service_number"])
    first = push(shop.owner_key, call, call)
    assert (first.body["accepted"], first.body["duplicates"]) == (1, 1)
    again = push(shop.owner_key, {**call, "caller": "+8613900000000"})
    assert again.body == {"accepted": 0, "duplicates": 1, "rejected": [], "redeemed": []}
    assert CallRecord.objects.filter(merchant=shop.merchant).count() == 1


def test_malformed_records_are_rejected_by_their_place_and_the_others_taken(
    shop: Cast, order: dict[str, Any]
) -> None:
    good = a_call(shop.buyer.phone, order["service_number"])
    bad: list[tuple[Any, str]] = [
        ("no object", "invalid"),
        (None, "null"),
        ({**good, "call_id": 5}, "invalid"),
        ({name: value for name, value in good.items() if name != "provider"}, "required"),
        ({**good, "started_at": "yesterday"}, "invalid"),
        ({**good, "started_at": "2026-01-01T00:00:00"}, "invalid"),
        ({**good, "kind": "fax"}, "invalid_choice"),
        ({**good, "called": "12"}, "invalid_phone"),
        ({**good, "caller": "no number"}, "invalid_phone"),
        ({**good, "caller": "x" * 81}, "max_length"),
        ({**good, "ended_at": "2020-01-01T00:00:00Z"}, "invalid"),
        (a_call(shop.buyer.phone, order["service_number"], clock.now() + timedelta(minutes=6)), "in_future"),
    ]
    calls = [one for one, _code in bad]
    answer = push(shop.owner_key, *calls[:6], good, *calls[6:])
    assert answer.status == 200
    places = [*range(6), *range(7, 13)]
    assert [(one["index"], one["code"]) for one in answer.body["rejected"]] == [
        (place, code) for place, (_one, code) in zip(places, bad, strict=True)
    ]
    assert all(one["detail"] for one in answer.body["rejected"])
    assert (answer.body["accepted"], answer.body["redeemed"]) == (1, [order["id"]])


def test_what_is_no_array_or_too_long_is_refused_whole(shop: Cast) -> None:
    assert shop.owner_key.post("call-records", {"provider": "x"}).code == "invalid"
    assert shop.owner_key.post("call-records", [None] * 1001).code == "invalid"
    assert shop.owner_key.post("call-records", b"[").status == 400
    assert push(shop.owner_key).body == {"accepted": 0, "duplicates": 0, "rejected": [], "redeemed": []}


def test_a_clock_that_is_a_little_ahead_is_believed(shop: Cast, order: dict[str, Any]) -> None:
    call = a_call(shop.buyer.phone, order["service_number"], clock.now() + timedelta(minutes=4))
    assert push(shop.owner_key, call).body["redeemed"] == [order["id"]]


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"caller": "+8613987654321"}, ("unmatched", "no_binding")),
        ({"caller": None}, ("unmatched", "caller_withheld")),
        ({"caller": ""}, ("unmatched", "caller_withheld")),
        ({"caller": "Anonymous"}, ("unmatched", "caller_withheld")),
        ({"called": "+8613900000001"}, ("unmatched", "no_binding")),
        ({"answered_at": None}, ("ignored", "not_answered")),
        ({"started_at": "2026-01-01T00:00:00Z"}, ("unmatched", "outside_window")),
    ],
)
def test_calls_that_redeem_nothing(
    shop: Cast, order: dict[str, Any], change: dict[str, Any], outcome: tuple[str, str]
) -> None:
    call = {**a_call(shop.buyer.phone, order["service_number"]), **change}
    assert push(shop.owner_key, call).body["redeemed"] == []
    assert reason_of(shop.owner_key, call) == outcome
    assert state_of(order) == "paid"
    match = shop.owner_key.get("call-records", match=outcome[0]).body["results"]
    assert [row["call_id"] for row in match] == [call["call_id"]]


def test_before_the_payment_a_call_redeems_nothing(shop: Cast) -> None:
    order = shop.order(shop.call_product, buyer_phone=shop.buyer.phone)
    numbers = shop.owner_key.get("service-numbers").body["results"]
    call = a_call(shop.buyer.phone, numbers[0]["number"], clock.now() - timedelta(minutes=1))
    assert push(shop.owner_key, call).body["redeemed"] == []
    assert reason_of(shop.owner_key, call) == ("unmatched", "order_not_paid")
    shop.pay(shop.buyer_key, order)
    settle_calls()
    assert state_of(order) == "paid", "it was made before the payment"


def test_a_record_that_came_before_its_payment_was_known_is_matched_again(cast: Cast) -> None:
    (number,) = make_numbers(cast.merchant, 1)
    order = cast.order(cast.call_product, buyer_phone=cast.buyer.phone)
    call = a_call(cast.buyer.phone, number.number, clock.now() + timedelta(minutes=2))
    push(cast.owner_key, call)
    assert reason_of(cast.owner_key, call) == ("unmatched", "order_not_paid")
    cast.pay(cast.buyer_key, order)
    settle_calls()
    assert reason_of(cast.owner_key, call) == ("redeemed", None)
    assert state_of(order) == "redeemed"


def test_a_second_call_finds_it_redeemed(shop: Cast, order: dict[str, Any]) -> None:
    first, second = (a_call(shop.buyer.phone, order["service_number"]) for _ in range(2))
    assert push(shop.owner_key, first, second).body["redeemed"] == [order["id"]]
    late = a_call(shop.buyer.phone, order["service_number"])
    push(shop.owner_key, late)
    for call in (second, late):
        assert reason_of(shop.owner_key, call) == ("ignored", "already_redeemed")


def test_an_order_redeemed_at_the_counter_is_no_calls_any_more(shop: Cast, order: dict[str, Any]) -> None:
    shop.owner_key.post(f"orders/{order['id']}/redeem", {})
    call = a_call(shop.buyer.phone, order["service_number"])
    push(shop.owner_key, call)
    assert reason_of(shop.owner_key, call) == ("ignored", "already_redeemed")


def test_late_records_mean_the_order_of_their_time_even_when_the_number_was_bound_again(cast: Cast) -> None:
    CallRules.objects.create(merchant=cast.merchant, cool_down_hours=0)
    (number,) = make_numbers(cast.merchant, 1)
    first = call_order(cast)
    told_late = a_call(cast.buyer.phone, number.number)
    cast.owner_key.post(f"orders/{first['id']}/redeem", {})
    with clock.moved(timedelta(hours=1)):
        second = call_order(cast)
        assert second["service_number"] == number.number
        push(cast.owner_key, told_late)
        assert reason_of(cast.owner_key, told_late) == ("ignored", "already_redeemed")
        assert state_of(second) == "paid"
        assert push(cast.owner_key, a_call(cast.buyer.phone, number.number)).body["redeemed"] == [
            second["id"]
        ]


def test_a_clock_that_may_be_off_takes_no_call_from_the_order_of_its_time(cast: Cast) -> None:
    """Bound again right away: a second call about the first order, told late, is not about the next one."""
    CallRules.objects.create(merchant=cast.merchant, cool_down_hours=0, tolerance_seconds=600)
    (number,) = make_numbers(cast.merchant, 1)
    first = call_order(cast)
    paid_at = Order.objects.get(number=first["number"]).paid_at
    assert paid_at is not None
    push(cast.owner_key, a_call(cast.buyer.phone, number.number, paid_at))
    second = call_order(cast)
    assert second["service_number"] == number.number
    again = a_call(cast.buyer.phone, number.number, paid_at)
    assert push(cast.owner_key, again).body["redeemed"] == []
    assert reason_of(cast.owner_key, again) == ("ignored", "already_redeemed")
    assert state_of(second) == "paid"


def test_each_order_of_a_buyer_has_its_own_number(shop: Cast) -> None:
    orders = [call_order(shop) for _ in range(3)]
    assert len({order["service_number"] for order in orders}) == 3
    chosen = orders[1]
    call = a_call(shop.buyer.phone, chosen["service_number"])
    assert push(shop.owner_key, call).body["redeemed"] == [chosen["id"]]
    assert [state_of(order) for order in orders] == ["paid", "redeemed", "paid"]


def test_a_number_serves_several_buyers(cast: Cast) -> None:
    (number,) = make_numbers(cast.merchant, 1)
    mine = call_order(cast)
    theirs = cast.order(cast.call_product, buyer_phone=cast.second_buyer.phone)
    assert cast.pay(cast.second_key, theirs).status == 201
    shown = cast.owner_key.get("service-numbers").body["results"]
    assert shown == [
        {"id": number.public_id, "number": number.number, "state": "bound", "active_bindings": 2}
    ]
    push(cast.owner_key, a_call(cast.second_buyer.phone, number.number))
    assert (state_of(mine), state_of(theirs)) == ("paid", "redeemed")


def test_a_pool_without_a_number_left_lets_the_order_through_with_its_codes(cast: Cast) -> None:
    make_numbers(cast.merchant, 1)
    first, second = call_order(cast), call_order(cast)
    assert first["service_number"]
    assert (second["service_number"], second["state"]) == (None, "paid")
    code = {"item_code": second["items"][0]["code"]}
    assert cast.owner_key.post(f"orders/{second['id']}/redeem", code).status == 200


def test_a_pair_cools_down_before_it_means_another_order(cast: Cast) -> None:
    (number,) = make_numbers(cast.merchant, 1)
    first = call_order(cast)
    push(cast.owner_key, a_call(cast.buyer.phone, first["service_number"]))
    assert cast.owner_key.get("service-numbers").body["results"][0]["state"] == "cooling"
    assert call_order(cast)["service_number"] is None
    with clock.moved(timedelta(hours=25)):
        assert cast.owner_key.get("service-numbers").body["results"][0]["state"] == "free"
        assert call_order(cast)["service_number"] == number.number


def test_only_what_is_redeemed_by_call_is(shop: Cast) -> None:
    lines = [{"product": one.public_id, "quantity": 1} for one in (shop.call_product, shop.code_product)]
    order = shop.owner_key.post("orders", {"lines": lines, "buyer_phone": shop.buyer.phone}).body
    shop.pay(shop.buyer_key, order)
    paid = shop.owner_key.get(f"orders/{order['id']}").body
    push(shop.owner_key, a_call(shop.buyer.phone, paid["service_number"]))
    states = dict(Item.objects.filter(order__number=order["number"]).values_list("redeem_by", "state"))
    assert states == {"call": "redeemed", "code": "issued"}
    assert state_of(order) == "paid"


def test_another_merchants_key_touches_nothing(shop: Cast, order: dict[str, Any]) -> None:
    call = a_call(shop.buyer.phone, order["service_number"])
    assert push(shop.other_key, call).body["redeemed"] == []
    assert state_of(order) == "paid"
    assert reason_of(shop.other_key, call) == ("unmatched", "no_binding")
    assert shop.owner_key.get("call-records").body["results"] == []
    assert push(shop.owner_key, call).body["redeemed"] == [order["id"]]


def test_rules_of_the_merchant(shop: Cast, order: dict[str, Any]) -> None:
    pair = (shop.buyer.phone, order["service_number"])
    rules = CallRules.objects.create(merchant=shop.merchant, least_seconds=120)
    short = a_call(*pair)
    push(shop.owner_key, short)
    assert reason_of(shop.owner_key, short) == ("ignored", "too_short")
    rules.least_seconds, rules.switchboards = 0, [str(shop.buyer.phone)]
    rules.save()
    through = a_call(*pair)
    push(shop.owner_key, through)
    assert reason_of(shop.owner_key, through) == ("unmatched", "switchboard")
    rules.switchboards, rules.least_trust = [], 3
    rules.save()
    claimed = a_call(*pair)
    push(shop.owner_key, claimed)
    assert reason_of(shop.owner_key, claimed) == ("unmatched", "not_trusted")
    rules.least_trust, rules.answered_only = 1, False
    rules.save()
    assert push(shop.owner_key, a_call(*pair, answered_at=None)).body["redeemed"] == [order["id"]]
