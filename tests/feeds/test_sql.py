"""Kamailio's and Asterisk's tables, read from a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from common import clock
from orders.gateways import sql
from orders.gateways.asterisk import Asterisk
from orders.gateways.base import Batch, CallFact, FeedError
from orders.gateways.kamailio import Kamailio
from orders.models import PhoneFeed, Trust
from tests.calls.stage import call_order, make_numbers, state_of
from tests.cast import Cast
from tests.feeds.stage import CALLED, CALLER, Telephony, ago, cdr, invite, naive, poll, told

pytestmark = pytest.mark.usefixtures("committed")


def read(telephony: Telephony, cursor: dict[str, Any] | None = None, **settings: str) -> list[Batch]:
    asked = {"dsn": telephony.dsn, **settings}
    return list(Kamailio().fetch(asked, cursor or {}, clock.now()))


def facts_of(batches: list[Batch]) -> dict[str, CallFact]:
    return {fact.call_id: fact for batch in batches for fact in batch.facts}


# --- Kamailio -----------------------------------------------------------------------------------


def test_an_answered_invite_redeems_before_the_call_ends(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    row = invite("a@sip", clock.now(), src_user=cast.buyer.phone, dst_user=order["service_number"][1:])
    telephony.insert("acc", row)
    feed = poll(kamailio)
    assert (feed.failures, feed.error, state_of(order)) == (0, "", "redeemed")
    record = told(cast.merchant)["a@sip"]
    assert (record.answered_at, record.ended_at, record.trust) == (record.started_at, None, Trust.TRUNK)
    assert feed.last_record_at == record.started_at

    ended = record.started_at + timedelta(seconds=40)
    telephony.insert("acc_cdrs", {"callid": "a@sip", "start_time": row["time"], "end_time": naive(ended)})
    poll(kamailio)
    record = told(cast.merchant)["a@sip"]
    assert (record.state, record.ended_at) == ("redeemed", ended)


def test_a_missed_call_is_told_and_never_answered(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    began = ago(seconds=20)
    telephony.insert("acc", invite("busy@sip", began, "486"))
    telephony.insert("missed_calls", invite("missed@sip", began, "408"))
    # Kamailio writes a record for failed calls, too.
    telephony.insert("acc_cdrs", {"callid": "busy@sip", "start_time": naive(began), "end_time": naive(began)})
    poll(kamailio)
    records = told(cast.merchant)
    assert set(records) == {"busy@sip", "missed@sip"}
    assert {record.answered_at for record in records.values()} == {None}


def test_a_call_that_was_missed_first_and_answered_then_redeems(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    """The first telephone rang in vain, the second was answered: one call, told of twice."""
    make_numbers(cast.merchant)
    order = call_order(cast)
    who = {"src_user": cast.buyer.phone, "dst_user": order["service_number"]}
    telephony.insert("missed_calls", invite("two@sip", clock.now(), "408", **who))
    poll(kamailio)
    assert (told(cast.merchant)["two@sip"].reason, state_of(order)) == ("not_answered", "paid")
    telephony.insert("acc", invite("two@sip", clock.now(), **who))
    poll(kamailio)
    assert (told(cast.merchant)["two@sip"].state, state_of(order)) == ("redeemed", "redeemed")


def test_one_batch_redeems_by_a_new_call_and_by_one_that_was_known(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    make_numbers(cast.merchant)
    known, new = call_order(cast), call_order(cast)
    of_known, of_new = (
        {"src_user": cast.buyer.phone, "dst_user": order["service_number"]} for order in (known, new)
    )
    telephony.insert("missed_calls", invite("known@sip", clock.now(), "408", **of_known))
    poll(kamailio)
    rows = (invite("known@sip", clock.now(), **of_known), invite("new@sip", clock.now(), **of_new))
    telephony.insert("acc", *rows)
    assert poll(kamailio).error == ""
    assert [state_of(order) for order in (known, new)] == ["redeemed"] * 2


def test_times_are_those_of_the_servers_zone(telephony: Telephony) -> None:
    now = clock.now().replace(microsecond=0)
    in_china = (now + timedelta(hours=8)).replace(tzinfo=None)
    telephony.insert("acc", {**invite("c@sip", now), "time": in_china})
    (fact,) = facts_of(read(telephony, time_zone="Asia/Shanghai")).values()
    assert fact.started_at == now


def test_another_method_and_other_columns(telephony: Telephony) -> None:
    telephony.insert("acc", invite("bye@sip", ago(seconds=5), method="BYE"), invite("i@sip", ago(seconds=5)))
    telephony.insert("acc", invite("", ago(seconds=5)))
    batches = read(
        telephony, caller_column="dst_user", called_column="src_user", missed_table="", cdr_table=""
    )
    (fact,) = facts_of(batches).values()
    assert (fact.call_id, fact.caller, fact.called) == ("i@sip", CALLED, CALLER)
    assert [one.code for batch in batches for one in batch.rejected] == ["no_call_id"]


def test_names_left_empty_are_the_usual_ones(telephony: Telephony) -> None:
    telephony.insert("acc", invite("a@sip", ago(seconds=5)))
    empty = ("acc_table", "caller_column", "called_column", "missed_table", "cdr_table", "overlap_seconds")
    batches = list(Kamailio().fetch({"dsn": telephony.dsn, **dict.fromkeys(empty, "")}, {}, clock.now()))
    assert set(facts_of(batches)) == {"a@sip"}
    assert asked(telephony, table="", began_column="", server="") != []


# --- windows ------------------------------------------------------------------------------------


def test_ids_committed_out_of_order_are_not_missed(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    """The control beside it shows what `id > last` would have done."""
    late = telephony.open()
    telephony.insert("acc", invite("late@sip", ago(seconds=3)), into=late)
    telephony.insert("acc", invite("early@sip", ago(seconds=1)))
    feed = poll(kamailio)
    assert set(told(cast.merchant)) == {"early@sip"}
    with telephony.open() as server:
        ((last,),) = server.execute("SELECT max(id) FROM acc").fetchall()
    late.commit()
    late.close()
    with telephony.open() as server:
        by_id = server.execute("SELECT callid FROM acc WHERE id > %s", [last]).fetchall()
    assert by_id == [], "a cursor of ids never sees it"
    poll(feed)
    assert set(told(cast.merchant)) == {"early@sip", "late@sip"}


def test_a_backlog_is_read_in_chunks_and_only_once(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    moment = ago(minutes=2)
    poll(kamailio)
    telephony.insert("acc", *[invite(f"{n}@sip", moment + timedelta(seconds=n // 50)) for n in range(2500)])
    PhoneFeed.objects.filter(pk=kamailio.pk).update(cursor={"told": sql.written(moment)})
    poll(kamailio)
    assert len(told(cast.merchant)) == 2500
    kamailio.refresh_from_db()
    assert sql.begins_at(kamailio.cursor, "told") == moment + timedelta(seconds=49)
    assert "half" not in kamailio.cursor


def test_many_rows_of_one_second_are_all_read(telephony: Telephony) -> None:
    """More rows than a chunk with one time: the place within them leads on."""
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(2345)])
    batches = read(telephony, missed_table="", cdr_table="")
    assert [len(batch.facts) for batch in batches] == [1000, 1000, 345]
    assert len(facts_of(batches)) == 2345


@pytest.mark.parametrize("at_once", [1000, 2000, 3000])
def test_a_window_larger_than_is_sorted_at_once(
    telephony: Telephony, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sql, "SORTED_AT_ONCE", at_once)
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(3000)])
    batches = read(telephony, missed_table="", cdr_table="")
    assert [len(batch.facts) for batch in batches] == [1000, 1000, 1000, 0]
    assert len(facts_of(batches)) == 3000


def test_a_window_left_half_way_goes_on_where_it_stood(telephony: Telephony) -> None:
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(2345)])
    fetch = Kamailio().fetch({"dsn": telephony.dsn}, {}, clock.now())
    first = next(fetch)
    fetch.close()
    rest = read(telephony, first.cursor, missed_table="", cdr_table="")
    assert [len(batch.facts) for batch in rest] == [1000, 345]
    assert len(facts_of([first, *rest])) == 2345
    assert "half" not in rest[-1].cursor


@pytest.mark.parametrize("off", [timedelta(minutes=-20), timedelta(minutes=20)], ids=["behind", "ahead"])
def test_a_clock_that_is_off_loses_nothing(telephony: Telephony, off: timedelta) -> None:
    cursor: dict[str, Any] = {}
    seen: set[str] = set()
    for number in range(4):
        telephony.insert("acc", invite(f"{number}@sip", ago(seconds=400 - 120 * number) + off))
        batches = read(telephony, cursor)
        seen |= facts_of(batches).keys()
        cursor = batches[-1].cursor
    assert seen == {f"{number}@sip" for number in range(4)}


def test_one_row_far_in_the_future_does_not_blind_the_feed(telephony: Telephony) -> None:
    telephony.insert("acc", invite("future@sip", ago(days=-400)))
    cursor = read(telephony)[-1].cursor
    telephony.insert("acc", invite("now@sip", ago(seconds=1)))
    assert "now@sip" in facts_of(read(telephony, cursor))


# --- Asterisk -----------------------------------------------------------------------------------


def asked(telephony: Telephony, cursor: dict[str, Any] | None = None, **more: str) -> list[Batch]:
    return list(Asterisk().fetch({"dsn": telephony.dsn, **more}, cursor or {}, clock.now()))


def test_asterisks_rows_are_told_by_disposition(telephony: Telephony) -> None:
    began = ago(minutes=1)
    words = ("ANSWERED", "NO ANSWER", "BUSY", "FAILED")
    rows = [cdr(f"17.{n}", began, disposition=word, linkedid="17.0") for n, word in enumerate(words)]
    telephony.insert("cdr", *rows)
    facts = facts_of(asked(telephony))
    assert set(facts) == {"17.0-1", "17.1-1", "17.2-1", "17.3-1"}
    assert [fact.answered_at is not None for _id, fact in sorted(facts.items())] == [
        True,
        False,
        False,
        False,
    ]
    answered = facts["17.0-1"]
    assert answered.answered_at == began + timedelta(seconds=10)
    assert (answered.started_at, answered.ended_at) == (began, began + timedelta(seconds=60))


def test_rows_of_one_call_are_told_apart_by_their_sequence(telephony: Telephony) -> None:
    telephony.insert("cdr", cdr("17.1", ago(seconds=70)), cdr("17.1", ago(seconds=70), sequence=2))
    assert set(facts_of(asked(telephony))) == {"17.1-1", "17.1-2"}
    (fact, _other) = facts_of(asked(telephony, server="north")).values()
    assert fact.provider == "asterisk-north"


def test_a_long_call_is_read_when_it_ends(cast: Cast, telephony: Telephony, asterisk: PhoneFeed) -> None:
    """Its row comes hours after it began: the window goes by its end."""
    telephony.insert("cdr", cdr("1.1", ago(seconds=90)))
    poll(asterisk)
    telephony.insert("cdr", cdr("1.2", ago(hours=3), seconds=3 * 3600 - 5))
    poll(asterisk)
    assert set(told(cast.merchant)) == {"1.1-1", "1.2-1"}


def test_an_order_is_redeemed_by_asterisks_row(cast: Cast, telephony: Telephony, asterisk: PhoneFeed) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    who = {"src": str(cast.buyer.phone)[3:], "dst": "00" + order["service_number"][1:]}
    telephony.insert("cdr", cdr("5.1", clock.now().replace(microsecond=0), seconds=3, talked=2, **who))
    poll(asterisk)
    assert state_of(order) == "redeemed"


# --- what may go wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dbname": "no_such_database"}, "does not exist"),
        ({"host": "/no/such/folder"}, "No such file"),
        ({"host": "no-such-host.invalid"}, "leads nowhere"),
    ],
)
def test_a_server_that_is_not_there(telephony: Telephony, changed: dict[str, str], words: str) -> None:
    dsn = make_conninfo(telephony.dsn, **changed)
    with pytest.raises(FeedError, match=words):
        list(Kamailio().fetch({"dsn": dsn}, {}, clock.now()))


def test_a_table_that_is_not_there(telephony: Telephony) -> None:
    with pytest.raises(FeedError, match="42P01"):
        read(telephony, acc_table="nothing")


def test_a_slow_server_is_given_up(telephony: Telephony, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "STATEMENT_SECONDS", 1)
    with telephony.open() as server:
        server.execute("LOCK TABLE acc")
        began = datetime.now(UTC)
        with pytest.raises(FeedError):
            read(telephony)
        assert datetime.now(UTC) - began < timedelta(seconds=4)


def test_nothing_is_ever_written_there(telephony: Telephony) -> None:
    with pytest.raises(FeedError, match="read-only"), sql.connected({"dsn": telephony.dsn}) as server:
        server.execute("DELETE FROM acc")


@pytest.mark.parametrize(
    "dsn",
    [
        "host=/run/postgresql dbname=x",
        "host=db.example passfile=/etc/passwd",
        "host=a.example,b.example dbname=x",
        "service=ours",
        "dbname=x",
        "host=db.example options='-c search_path=x'",
        "nonsense",
        "host=127.0.0.1 dbname=x",
        "host=localhost dbname=x",
        "host=::ffff:127.0.0.1",
        "host=169.254.169.254",
    ],
)
def test_where_a_merchants_feed_may_not_lead(settings: Any, dsn: str) -> None:
    settings.LOCAL_FEEDS = False
    assert "dsn" in Kamailio().problems({"dsn": dsn})
    with pytest.raises(FeedError):
        list(Kamailio().fetch({"dsn": dsn}, {}, clock.now()))


def test_settings_are_looked_at() -> None:
    wrong = Kamailio().problems(
        {"dsn": "host=db.example", "acc_table": "a; DROP", "time_zone": "Mars", "overlap_seconds": "-1"}
    )
    assert set(wrong) == {"acc_table", "time_zone", "overlap_seconds"}
    assert Asterisk().problems({"dsn": "postgresql://u:p@db.example/x", "table": "public.cdr"}) == {}
