"""Alibaba's pushes: who called whom, times as in China, what was not connected, and who may push."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from common import clock
from common.ids import new_id, public_id
from common.models import RememberedAnswer
from orders.feeds import push_address
from orders.gateways import alibaba
from orders.gateways.alibaba import CHINA, signature
from orders.models import PhoneFeed
from tests.calls.stage import call_order, make_numbers, state_of
from tests.cast import Answer, Cast
from tests.feeds.stage import a_feed, ago, told

pytestmark = pytest.mark.django_db

KEY = "signing-key-0123456789"
A, X, B = "13912345678", "17012345678", "13812345678"


@pytest.fixture
def feed(cast: Cast) -> PhoneFeed:
    return a_feed(cast.merchant, "alibaba", secrets={"signing_key": KEY}, due_at=None)


def in_china(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def a_report(call_id: str = "c1", began: datetime | None = None, **more: Any) -> dict[str, Any]:
    moment = began or ago(minutes=2)
    known = {
        "phone_no": A,
        "secret_no": X,
        "peer_no": B,
        "pool_key": "FC1",
        "sub_id": 1000023,
        "call_id": call_id,
        "call_type": 1,
        "call_time": in_china(moment),
        "ring_time": in_china(moment + timedelta(seconds=4)),
        "start_time": in_china(moment + timedelta(seconds=10)),
        "release_time": in_china(moment + timedelta(seconds=40)),
        "unconnected_cause": 0,
        "release_dir": 1,
    }
    return {**known, **more}


def push(cast: Cast, feed: PhoneFeed, body: Any, query: dict[str, str] | None = None) -> Answer:
    address = push_address(feed).removeprefix("http://testserver")
    if query is not None:
        address = f"{address.partition('?')[0]}?{urlencode(query)}"
    return cast.nobody.call("POST", address, body if isinstance(body, bytes) else json.dumps(body).encode())


def signed(**changed: str) -> dict[str, str]:
    query = {
        "signatureMethod": "HMAC-SHA1",
        "signatureNonce": "5c1f-é 号/+",
        "signatureVersion": "1.0",
        "timestamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "format": "JSON",
        **changed,
    }
    return {**query, "signature": signature(KEY, query)}


# --- what is told -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call_type", "caller", "kind"),
    [
        (0, A, "call"),
        (1, B, "call"),
        (4, A, "call"),
        (2, A, "sms"),
        (3, B, "sms"),
        (5, A, "sms"),
        ("1", B, "call"),
    ],
)
def test_who_reached_whom(cast: Cast, feed: PhoneFeed, call_type: Any, caller: str, kind: str) -> None:
    answer = push(cast, feed, [a_report(call_type=call_type)])
    assert (answer.status, answer.body["code"]) == (200, 0)
    record = told(cast.merchant)["c1"]
    assert (record.caller, record.called, record.kind) == (f"+86{caller}", f"+86{X}", kind)


def test_times_are_chinas(cast: Cast, feed: PhoneFeed) -> None:
    began = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    report = a_report(call_time="2026-03-02 00:30:00", start_time="2026-03-02 00:30:10")
    push(cast, feed, [{**report, "release_time": "2026-03-02 00:31:00"}])
    record = told(cast.merchant)["c1"]
    assert record.started_at == began
    assert record.answered_at == began + timedelta(seconds=10)
    assert record.ended_at == began + timedelta(seconds=60)


@pytest.mark.parametrize(
    "changed",
    [
        {"start_time": in_china(ago(seconds=60)), "release_time": in_china(ago(seconds=60))},
        {"unconnected_cause": 2},
        {"unconnected_cause": "2"},
        {"unconnected_cause": 1},
        {"call_type": 4},
        {"release_time": None},
    ],
)
def test_what_was_not_connected_was_not_answered(
    cast: Cast, feed: PhoneFeed, changed: dict[str, Any]
) -> None:
    same = {"start_time": a_report()["release_time"]} if changed.keys() == {"start_time"} else {}
    push(cast, feed, [a_report(**changed, **same)])
    assert told(cast.merchant)["c1"].answered_at is None


def test_a_push_redeems_and_the_same_again_changes_nothing(cast: Cast, feed: PhoneFeed) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    number = order["service_number"][3:]
    report = a_report(began=clock.now(), peer_no=str(cast.buyer.phone)[3:], secret_no=number)
    assert [push(cast, feed, [report, report]).status for _ in range(3)] == [200] * 3
    assert state_of(order) == "redeemed"
    assert len(told(cast.merchant)) == 1


def test_only_malformed_records_are_left_out(cast: Cast, feed: PhoneFeed) -> None:
    junk: list[Any] = [7, None, [], "x", {}, a_report("t", call_type=9), a_report(None), a_report("")]  # type: ignore[arg-type]
    junk += [
        a_report("u", call_time="soon", start_time=""),
        a_report("\x00"),
        a_report("v" * 5, peer_no=True),
    ]
    junk += [
        a_report("old", call_time="0001-01-01 00:00:00"),
        a_report("\ud800"),
        a_report("w", call_type=[]),
    ]
    answer = push(cast, feed, [a_report("first"), *junk, a_report("last", peer_no=None)])
    assert answer.status == 200
    assert set(told(cast.merchant)) == {"first", "last"}
    assert told(cast.merchant)["last"].reason == "caller_withheld"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"{}", b"7", b"[" * 100_000, [{}] * 1001])
def test_what_can_not_be_read_is_refused(cast: Cast, feed: PhoneFeed, body: Any) -> None:
    answer = push(cast, feed, body)
    assert (answer.status, answer.code) == (422, "unreadable")


def test_a_large_body(cast: Cast, feed: PhoneFeed) -> None:
    assert push(cast, feed, b" " * 1_100_000).status == 413


# --- who may push -----------------------------------------------------------------------------


@pytest.mark.parametrize("quoted", [alibaba._quoted, alibaba._quoted_by_java])
def test_a_signed_push_is_taken(cast: Cast, feed: PhoneFeed, quoted: Callable[[str], str]) -> None:
    query = signed(signatureNonce="a ~*+é")
    query["signature"] = signature(KEY, query, quoted)
    assert push(cast, feed, [a_report()], query).status == 200
    assert set(told(cast.merchant)) == {"c1"}


def test_the_signature_is_that_of_alibabas_documentation() -> None:
    """Sorted, quoted pairs, quoted once more as a whole, HMAC-SHA1, Base64; empty values left out."""
    # openssl dgst -sha1 -hmac k -binary <<< a%3D1%26b%3D2%2520%252B (without the line's end)
    query = {"b": "2 +", "a": "1", "empty": "", "signature": "not this one"}
    assert signature("k", query) == "r5BgAVfc3OG7BRnRsS69jqgZr0g="


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"key": ""},
        {"key": "é"},
        {"key": "0" * 64},
        {"signature": ""},
        {**signed(), "signature": "AAAA"},
        {**signed(), "callId": "added"},
        {name: value for name, value in signed().items() if name != "timestamp"},
        signed(timestamp="2020-01-01T00:00:00Z"),
        signed(timestamp="soon"),
    ],
)
def test_any_other_is_refused(cast: Cast, feed: PhoneFeed, query: dict[str, str]) -> None:
    answer = push(cast, feed, [a_report()], query)
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert told(cast.merchant) == {}


def test_the_word_of_another_feed_is_refused(cast: Cast, feed: PhoneFeed) -> None:
    other = a_feed(cast.other_merchant, "alibaba", secrets={"signing_key": KEY}, due_at=None)
    word = push_address(other).partition("?key=")[2]
    assert push(cast, feed, [a_report()], {"key": word}).status == 403


def test_a_stranger_can_not_have_answers_remembered(cast: Cast, feed: PhoneFeed) -> None:
    """Whoever has no key has no Idempotency-Key either: each would be a row, of as many as anybody likes."""
    before = RememberedAnswer.objects.count()
    known = push_address(feed).removeprefix("http://testserver")
    for place, address in enumerate(
        [known.partition("?")[0], known, f"feeds/{public_id('fed', new_id())}/alibaba"]
    ):
        cast.nobody.call("POST", address, b"[]", headers={"Idempotency-Key": f"k{place}"})
    assert RememberedAnswer.objects.count() == before
    again = [cast.nobody.call("POST", known, b"[]", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status for answer in again] == [200, 200]
    assert cast.nobody.call("POST", known, b"{}", headers={"Idempotency-Key": "k"}).status == 422


def test_a_feed_without_credentials_takes_nothing(cast: Cast, feed: PhoneFeed) -> None:
    address = push_address(feed).removeprefix("http://testserver")
    PhoneFeed.objects.filter(pk=feed.pk).update(credentials_sealed=b"lost")
    assert cast.nobody.call("POST", address, b"[]").status == 403
