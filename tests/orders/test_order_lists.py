"""`GET orders`, `GET orders/{id}`: filters, pages, and who sees what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from tests.cast import Answer, Caller, Cast, make_order, unknown_id


def ids_of(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [row["id"] for row in answer.body["results"]]


def walk(caller: Caller, address: str | None, direction: str = "next") -> Iterator[list[str]]:
    """The pages from an address on, as a client follows them."""
    for _page in range(50):
        if address is None:
            return
        answer = caller.get(address.removeprefix("http://testserver"))
        yield ids_of(answer)
        address = answer.body[direction]
    raise AssertionError("the pages have no end")


def test_newest_first(cast: Cast) -> None:
    placed = [cast.order()["id"] for _ in range(5)]
    assert ids_of(cast.owner_key.get("orders")) == placed[::-1]


def test_pages_hold_everything_once(cast: Cast) -> None:
    placed = [make_order(cast.merchant, cast.code_product).order.public_id for _ in range(23)]
    pages = list(walk(cast.owner_key, "/api/v1/orders?limit=5"))
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert [one for page in pages for one in page] == placed[::-1]


def test_the_last_page_that_is_full_has_no_next(cast: Cast) -> None:
    for _ in range(4):
        cast.order()
    assert [len(page) for page in walk(cast.owner_key, "/api/v1/orders?limit=2")] == [2, 2]


def test_rows_that_come_in_meanwhile_move_nothing(cast: Cast) -> None:
    old = [make_order(cast.merchant, cast.code_product).order.public_id for _ in range(9)]
    first = cast.owner_key.get("orders", limit=3)
    seen = ids_of(first)
    new = [make_order(cast.merchant, cast.code_product).order.public_id for _ in range(4)]
    for page in walk(cast.owner_key, first.body["next"]):
        seen += page
    assert seen == old[::-1]
    assert ids_of(cast.owner_key.get("orders", limit=4)) == new[::-1]


def test_previous_leads_back_and_to_what_is_new(cast: Cast) -> None:
    old = [make_order(cast.merchant, cast.code_product).order.public_id for _ in range(6)]
    first = cast.owner_key.get("orders", limit=2)
    assert first.body["previous"] is None
    second = cast.owner_key.get(first.body["next"].removeprefix("http://testserver"))
    back = cast.owner_key.get(second.body["previous"].removeprefix("http://testserver"))
    assert ids_of(back) == ids_of(first)
    new = [make_order(cast.merchant, cast.code_product).order.public_id for _ in range(3)]
    pages = list(walk(cast.owner_key, second.body["previous"], "previous"))
    assert sorted(one for page in pages for one in page) == sorted([*old[4:], *new])
    there_and_back = cast.owner_key.get(back.body["next"].removeprefix("http://testserver"))
    assert ids_of(there_and_back) == ids_of(second)


def test_filters_stay_in_the_addresses_of_other_pages(cast: Cast) -> None:
    for _ in range(3):
        cast.owner_key.post(f"orders/{cast.order()['id']}/cancel")
        cast.order()
    first = cast.owner_key.get("orders", state="cancelled", limit=2)
    assert "state=cancelled" in first.body["next"]
    pages = list(walk(cast.owner_key, "/api/v1/orders?state=cancelled&limit=2"))
    assert sum(map(len, pages)) == 3


@pytest.mark.parametrize("limit", [1, 100, "007"])
def test_limits_that_are_numbers_from_1_to_100(cast: Cast, limit: Any) -> None:
    assert cast.owner_key.get("orders", limit=limit).status == 200


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30, "", " ", "x", "1.5", "1e1", "٣", "+1", "0x1", "true"])
def test_other_limits_are_422(cast: Cast, limit: Any) -> None:
    answer = cast.owner_key.get("orders", limit=limit)
    assert (answer.status, answer.fields) == (422, {"limit": "invalid"})


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "o",
        "n",
        "o1",
        "ozz",
        "q" + "0" * 32,
        "o" + "z" * 32,
        "o" + "0" * 33,
        "😀",
        "cursor=",
        "o" * 5000,
        "http://[cursor=",
        "?cursor=x",
        "//cursor=o",
        "-1",
        "' OR 1=1 --",
    ],
)
def test_a_cursor_that_is_none_is_422(cast: Cast, cursor: str) -> None:
    answer = cast.owner_key.get("orders", cursor=cursor)
    assert (answer.status, answer.fields) == (422, {"cursor": "invalid"})


def test_a_cursor_of_another_merchant_shows_nothing_of_theirs(cast: Cast) -> None:
    for _ in range(3):
        cast.order()
    theirs = cast.owner_key.get("orders", limit=1).body["next"].rpartition("cursor=")[2]
    assert ids_of(cast.other_key.get("orders", cursor=theirs)) == []


def test_by_state(cast: Cast) -> None:
    placed, paid, cancelled = cast.order(), cast.paid_order(), cast.order()
    cast.owner_key.post(f"orders/{cancelled['id']}/cancel")
    for state, order in (("placed", placed), ("paid", paid), ("cancelled", cancelled)):
        assert ids_of(cast.owner_key.get("orders", state=state)) == [order["id"]]
    assert ids_of(cast.owner_key.get("orders", state="refunded")) == []
    answer = cast.owner_key.get("orders", state="PAID")
    assert (answer.status, answer.fields) == (422, {"state": "invalid"})


def test_by_time(cast: Cast) -> None:
    early = cast.order()
    with clock.moved(timedelta(hours=1)):
        between = clock.now()
    with clock.moved(timedelta(hours=2)):
        late = cast.order()
    moment = between.isoformat()
    assert ids_of(cast.owner_key.get("orders", created_after=moment)) == [late["id"]]
    assert ids_of(cast.owner_key.get("orders", created_before=moment)) == [early["id"]]
    zulu = moment.replace("+00:00", "Z")
    assert ids_of(cast.owner_key.get("orders", created_after=zulu)) == [late["id"]]
    both = cast.owner_key.get("orders", created_after=early["placed_at"], created_before=late["placed_at"])
    assert ids_of(both) == []


def test_a_plus_that_nobody_escaped_is_still_an_offset(cast: Cast) -> None:
    order = cast.order()
    path = "/api/v1/orders?created_after=2020-01-01T00:00:00+08:00"
    assert ids_of(cast.owner_key.get(path)) == [order["id"]]


@pytest.mark.parametrize(
    "moment",
    [
        "x",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-13-01T00:00:00Z",
        "24:00",
        "1700000000",
        "now",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2024-02-30T00:00:00Z",
    ],
)
def test_what_is_no_time_with_an_offset_is_422(cast: Cast, moment: str) -> None:
    for name in ("created_after", "created_before"):
        answer = cast.owner_key.get("orders", **{name: moment})
        assert (answer.status, answer.fields) == (422, {name: "invalid"})


@pytest.mark.parametrize("offset", ["+23:59", "-23:59", "-15:59:59", "+00:00", "Z"])
def test_any_offset_is_understood(cast: Cast, offset: str) -> None:
    """PostgreSQL itself knows offsets up to 16 hours only."""
    order = cast.order()
    answer = cast.owner_key.get("orders", created_after=f"2020-01-01T00:00:00{offset}")
    assert ids_of(answer) == [order["id"]]


def test_search(cast: Cast) -> None:
    order = cast.order(note="Table seven", buyer_phone=cast.buyer.phone)
    cast.order(note="Window")
    code = order["items"][0]["code"]
    spellings = [order["id"], order["number"], order["number"].lower(), code, cast.buyer.phone]
    spellings += [f"{code[:4]} {code[4:8]}-{code[8:]}", "seven", "TABLE", (cast.buyer.phone or "")[3:]]
    for text in spellings:
        assert ids_of(cast.owner_key.get("orders", q=text)) == [order["id"]], text
    for text in ("%", "_", "nothing", unknown_id("ord"), "1" * 16, "+8613999999999", "é" * 100, "\\", "'"):
        assert ids_of(cast.owner_key.get("orders", q=text)) == [], text
    assert len(ids_of(cast.owner_key.get("orders", q="  "))) == 2
    assert cast.owner_key.get("orders", q="x" * 101).fields == {"q": "invalid"}


def test_search_finds_nothing_of_others(cast: Cast) -> None:
    order = cast.order(note="secret words", buyer_phone=cast.buyer.phone)
    for text in (order["id"], order["number"], order["items"][0]["code"], cast.buyer.phone, "secret"):
        assert ids_of(cast.other_key.get("orders", q=text)) == []


def test_filters_together(cast: Cast) -> None:
    paid, unpaid = cast.paid_order(note="blue"), cast.order(note="blue")
    assert ids_of(cast.owner_key.get("orders", q="blue", state="paid")) == [paid["id"]]
    assert ids_of(cast.owner_key.get("orders", q="blue", state="placed")) == [unpaid["id"]]


def test_one_order_and_the_stranger_gets_404(cast: Cast) -> None:
    order = cast.order()
    assert cast.owner_key.get(f"orders/{order['id']}").body == order
    for caller, path in (
        (cast.other_key, order["id"]),
        (cast.owner_key, unknown_id("ord")),
        (cast.owner_key, order["id"].upper()),
        (cast.owner_key, order["id"] + "0"),
        (cast.owner_key, order["id"].removeprefix("ord_")),
        (cast.owner_key, order["items"][0]["id"]),
    ):
        answer = caller.get(f"orders/{path}")
        assert (answer.status, answer.code) == (404, "not_found")
    assert ids_of(cast.other_key.get("orders")) == []


def test_a_page_costs_the_same_number_of_queries_however_long(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make_order(cast.merchant, cast.code_product, quantity=2)
    cast.owner_key.get("balance")
    with django_assert_max_num_queries(4):
        assert len(ids_of(cast.owner_key.get("orders", limit=30))) == 30


def test_a_note_is_found_by_any_piece_of_it_in_any_language(cast: Cast) -> None:
    order = cast.order(note="靠窗的座位，谢谢 100% Ärger")
    cast.order(note="靠 窗 的 座 位 1000 arg")
    for text in ("靠窗", "座位，谢", "谢", "100%", "ärger", "% Ä", order["note"]):
        assert ids_of(cast.owner_key.get("orders", q=text)) == [order["id"]], text
    assert ids_of(cast.owner_key.get("orders", q="窗靠")) == []


def test_orders_of_another_time_are_found_by_it(cast: Cast) -> None:
    """The filters are bounds on ids too; both follow the clock."""
    placed = {}
    for days in (400, 40, 0):
        with clock.moved(-timedelta(days=days)):
            placed[days] = make_order(cast.merchant, cast.code_product).order.public_id
    now = clock.now()
    for after, before, found in ((500, 39, [40, 400]), (500, 41, [400]), (39, None, [0]), (50, 30, [40])):
        asked = {"created_after": (now - timedelta(days=after)).isoformat()}
        if before:
            asked["created_before"] = (now - timedelta(days=before)).isoformat()
        assert ids_of(cast.owner_key.get("orders", **asked)) == [placed[days] for days in found], asked


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time(cast: Cast, moment: str) -> None:
    cast.order()
    found = [
        ids_of(cast.owner_key.get("orders", **{name: moment})) for name in ("created_after", "created_before")
    ]
    assert sorted(map(len, found)) == [0, 1]
