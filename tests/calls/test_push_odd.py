"""`POST call-records` with what nobody should send: only the odd record is refused, the others count."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from common.fields import moment_out
from merchants.models.merchants import Role
from orders.models import CallRecord
from tests.calls.stage import a_call, call_order, make_numbers, push, reason_of, state_of
from tests.cast import Cast, signed_in

pytestmark = pytest.mark.usefixtures("agrees")


@pytest.fixture
def shop(cast: Cast) -> Cast:
    make_numbers(cast.merchant)
    return cast


@pytest.fixture
def order(shop: Cast) -> dict[str, Any]:
    return call_order(shop)


ODD: dict[str, list[Any]] = {
    "provider": ["", "a\x00b", "\ud800", "x" * 41, 1, [], None],
    "call_id": ["", " ", "a\x00b", "\udfff", "x" * 201, 10**40, {}, None],
    "caller": ["\ud800", "\x00", 13800138001, 1e300, [], {}, "+" * 80, "+49 181 12345678901"],
    "called": ["", None, "\ud800", "\x00", 13800138001, True, "+9" * 40],
    "started_at": [
        "",
        None,
        0,
        1e10,
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00+99:99",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "99999-01-01T00:00:00Z",
        "\ud800",
        "9" * 5000,
    ],
    "answered_at": ["", 0, False, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "\x00"],
    "ended_at": ["", 0, [], "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "now"],
    "kind": ["", None, 5, True, 1.5, "CALL", "fax", "\ud800", "\x00", "x" * 10_000, {"call": 1}, ["call"]],
}


@pytest.mark.parametrize("field", ODD)
def test_one_odd_value_refuses_its_record_alone(shop: Cast, order: dict[str, Any], field: str) -> None:
    good = [
        a_call("+8613900000001", order["service_number"]),
        a_call(shop.buyer.phone, order["service_number"]),
    ]
    odd = [{**a_call(shop.buyer.phone, order["service_number"]), field: value} for value in ODD[field]]
    answer = push(shop.owner_key, good[0], *odd, good[1])
    assert answer.status == 200, answer.body
    assert [one["index"] for one in answer.body["rejected"]] == list(range(1, len(odd) + 1))
    assert all(one["code"] and one["detail"] for one in answer.body["rejected"])
    assert (answer.body["accepted"], answer.body["redeemed"]) == (2, [order["id"]])


def test_whatever_is_nested_how_deep_is_no_fault_of_ours(shop: Cast) -> None:
    """Either it can't be read, or its record is refused; it is never repeated in the answer."""
    call = a_call("+8613900000001", "+8613900000002")
    for depth in range(700, 1100, 4):
        body = json.dumps({**call, "kind": 0}).replace('"kind": 0', f'"kind": {"[" * depth}{"]" * depth}')
        answer = shop.owner_key.post("call-records", f"[{body}]".encode())
        assert answer.status in (200, 400), (depth, answer.body)
        if answer.status == 200:
            assert [one["code"] for one in answer.body["rejected"]] == ["invalid_choice"]


def test_an_end_that_is_far_ahead_is_refused(shop: Cast, order: dict[str, Any]) -> None:
    now = clock.now()
    call = a_call(shop.buyer.phone, order["service_number"])
    answer = push(shop.owner_key, {**call, "ended_at": moment_out(now + timedelta(hours=1))})
    assert [(one["index"], one["code"]) for one in answer.body["rejected"]] == [(0, "in_future")]
    assert (answer.body["accepted"], state_of(order)) == (0, "paid")


def test_pages_show_the_oldest_and_the_newest_that_is_taken(
    shop: Cast, order: dict[str, Any], settings: Any
) -> None:
    old = a_call(shop.buyer.phone, order["service_number"], started_at="1970-01-01T00:00:00Z")
    push(shop.owner_key, old, a_call("+8613900000001", order["service_number"]))
    assert reason_of(shop.owner_key, old) == ("unmatched", "outside_window")
    owner = signed_in(shop.member(Role.OWNER))
    for zone in ("Asia/Shanghai", "America/New_York"):
        settings.TIME_ZONE = zone
        assert owner.get("/dashboard/calls").status_code == 200
        for record in CallRecord.objects.filter(merchant=shop.merchant):
            assert owner.get(f"/dashboard/calls/{record.public_id}").status_code == 200


def test_of_two_of_one_call_at_once_the_first_is_believed(shop: Cast) -> None:
    """However many there are, and in whatever order their ids come."""
    orders = [call_order(shop) for _ in range(5)]
    missed = [a_call(shop.buyer.phone, order["service_number"], answered_at=None) for order in orders]
    strangers = [a_call("+8613900000001", orders[0]["service_number"]) for _ in range(60)]
    answered = [a_call(shop.buyer.phone, one["called"], call_id=one["call_id"]) for one in missed]
    others = [{**one, "caller": shop.buyer.phone} for one in strangers]
    answer = push(shop.owner_key, *missed, *strangers, *others, *answered)
    assert (answer.body["accepted"], answer.body["duplicates"]) == (65, 65)
    assert answer.body["redeemed"] == []
    assert {reason_of(shop.owner_key, one) for one in missed} == {("ignored", "not_answered")}
    assert [state_of(order) for order in orders] == ["paid"] * 5
