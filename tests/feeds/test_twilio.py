"""Twilio, asked over real HTTP and telling by its signed webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from common import clock
from orders.feeds import push_address
from orders.gateways import twilio as gateway
from orders.gateways.base import Batch, FeedError
from orders.gateways.twilio import Twilio as Gateway, signature
from orders.models import PhoneFeed, Trust
from tests.calls.stage import call_order, make_numbers, state_of
from tests.cast import Answer, Cast
from tests.feeds.stage import CALLED, CALLER, a_feed, ago, poll, told
from tests.feeds.twilio_server import ACCOUNT, PATH, TOKEN, Twilio, a_call, twilio_server

pytestmark = pytest.mark.django_db
SETTINGS = {"account_sid": ACCOUNT, "auth_token": TOKEN}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Twilio]:
    with twilio_server() as twilio:
        monkeypatch.setattr(Gateway, "host", twilio.url)
        yield twilio


@pytest.fixture
def feed(cast: Cast) -> PhoneFeed:
    return a_feed(cast.merchant, "twilio", settings={"account_sid": ACCOUNT}, secrets={"auth_token": TOKEN})


def ask(cursor: dict[str, Any] | None = None, now: datetime | None = None) -> list[Batch]:
    return list(Gateway().fetch(SETTINGS, cursor or {}, now or clock.now()))


def sids(batches: list[Batch]) -> list[str]:
    return [fact.call_id for batch in batches for fact in batch.facts]


# --- the list ---------------------------------------------------------------------------------


def test_all_pages_are_read(server: Twilio) -> None:
    server.calls = [a_call(f"CA{n}", ago(seconds=60 - n)) for n in range(5)]
    batches = ask({"since": gateway._written(ago(minutes=1))})
    assert sids(batches) == ["CA4", "CA3", "CA2", "CA1", "CA0"]
    assert len(server.asked) == 3
    assert all(path.startswith(PATH) for path in server.asked)
    assert "StartTime%3E=" in server.asked[0]


def test_the_window_moves_when_its_last_page_was_read_and_overlaps(server: Twilio) -> None:
    since, newest = ago(minutes=9), ago(minutes=2)
    server.calls = [a_call(f"CA{n}", newest - timedelta(seconds=n)) for n in range(5)]
    cursors = [batch.cursor for batch in ask({"since": gateway._written(since)})]
    assert [cursor["since"] for cursor in cursors] == [
        gateway._written(moment) for moment in (since, since, newest)
    ]
    server.asked.clear()
    ask(cursors[-1])
    assert gateway._written(newest - gateway.OVERLAP).replace(":", "%3A") in server.asked[0]


def test_dying_between_pages_goes_on_with_the_next_page(server: Twilio) -> None:
    server.calls = [a_call(f"CA{n}", ago(seconds=60 - n)) for n in range(5)]
    fetch = Gateway().fetch(SETTINGS, {"since": gateway._written(ago(minutes=2))}, clock.now())
    first = next(fetch)
    fetch.close()
    assert sids([first, *ask(first.cursor)]) == ["CA4", "CA3", "CA2", "CA1", "CA0"]
    server.plan = [(404, 0, None)]  # the page is gone: from the beginning, what was seen is known
    assert sids(ask(first.cursor)) == ["CA4", "CA3", "CA2", "CA1", "CA0"]


def test_a_page_of_the_account_before_is_left_alone(server: Twilio) -> None:
    """The merchant entered another account while a list was half read: that list is not ours any more."""
    server.calls = [a_call("CA1", ago(seconds=60))]
    since = gateway._written(ago(minutes=2))
    kept = {"since": since, "newest": since, "page": PATH.replace(ACCOUNT, "AC" + "f" * 32) + "?Page=3"}
    assert sids(ask(kept)) == ["CA1"]


def test_the_window_waits_for_calls_that_go_on(server: Twilio) -> None:
    began = ago(minutes=50)
    server.calls = [
        a_call("CAlong", began, "in-progress"),
        *(a_call(f"CA{n}", ago(minutes=n)) for n in (1, 2, 3)),
    ]
    cursor = ask({"since": gateway._written(ago(minutes=55))})[-1].cursor
    assert cursor == {"since": gateway._written(began)}
    server.calls[0] = a_call("CAlong", began, seconds=3000)
    facts = {fact.call_id: fact for batch in ask(cursor) for fact in batch.facts}
    assert facts["CAlong"].ended_at == began + timedelta(seconds=3000)


def test_a_call_that_never_ends_does_not_hold_the_window_for_ever(server: Twilio) -> None:
    server.calls = [a_call("CAstuck", ago(days=3), "in-progress"), a_call("CA1", ago(minutes=1))]
    cursor = ask({"since": gateway._written(ago(days=4))})[-1].cursor
    assert datetime.fromisoformat(cursor["since"]) >= ago(hours=25)


@pytest.mark.parametrize(
    ("status", "answered", "ended"),
    [
        ("completed", True, True),
        ("in-progress", True, False),
        ("busy", False, True),
        ("failed", False, True),
        ("no-answer", False, True),
        ("canceled", False, True),
    ],
)
def test_states_of_a_call(server: Twilio, status: str, answered: bool, ended: bool) -> None:
    server.calls = [a_call("CA1", ago(seconds=50), status)]
    (fact,) = [fact for batch in ask() for fact in batch.facts]
    assert (fact.answered_at is not None, fact.ended_at is not None) == (answered, ended)


def test_what_has_not_begun_to_talk_is_told_later(server: Twilio) -> None:
    server.calls = [a_call("CA1", ago(seconds=9), "ringing"), a_call("CA2", ago(seconds=9), "queued")]
    assert sids(ask()) == []


@pytest.mark.parametrize(
    ("verstat", "trust"),
    [
        ("TN-Validation-Passed-A", Trust.VERIFIED),
        ("TN-Validation-Passed-A-Diverted", Trust.VERIFIED),
        ("TN-Validation-Passed-B", Trust.TRUNK),
        ("TN-Validation-Failed-A", Trust.CLAIMED),
        ("No-TN-Validation", Trust.TRUNK),
        (None, Trust.TRUNK),
    ],
)
def test_the_networks_word_is_the_trust(server: Twilio, verstat: str | None, trust: Trust) -> None:
    server.calls = [a_call("CA1", ago(seconds=9), stir_verstat=verstat)]
    assert [fact.trust for batch in ask() for fact in batch.facts] == [trust]


def test_a_withheld_number_is_empty(server: Twilio) -> None:
    server.calls = [a_call("CA1", ago(seconds=9)) | {"from": "+266696687"}]
    assert [fact.caller for batch in ask() for fact in batch.facts] == [""]


def test_malformed_calls_are_left_out_one_by_one(server: Twilio) -> None:
    good = a_call("CA1", ago(seconds=9))
    server.page_size, server.calls = 9, [good]
    junk: list[Any] = [{}, {**good, "sid": None}, {**good, "start_time": "yesterday"}, 5, "x", None]
    junk += [{**good, "sid": "CA2", "duration": "much", "from": 7}]
    batch = gateway._facts([one for one in [good, *junk] if isinstance(one, dict)])
    assert [fact.call_id for fact in batch[0]] == ["CA1", "CA2"]
    assert [one.place for one in batch[1]] == [2, 3]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, 0, None), "auth token"),
        ((429, 0, None), "too often"),
        ((500, 0, None), "status 500"),
        ((302, 0, None), "status 302"),
        ((200, 0, b"<html>"), "no JSON"),
        ((200, 0, b"[" * 100_000), "no JSON"),
        ((200, 0, b"[]"), "no list"),
        ((200, 0, b'{"calls": 7}'), "no list"),
        ((200, 0, b'{"calls": [], "next_page_uri": "https://evil.example/2010"}'), "next page"),
        ((200, 0, b'{"calls": [], "next_page_uri": "//evil.example/2010"}'), "next page"),
        ((200, 0, b'{"calls": [], "next_page_uri": "@evil.example"}'), "next page"),
        ((200, 1.5, None), "in time"),
    ],
)
def test_answers_that_make_no_sense(
    server: Twilio, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, float, bytes | None], words: str
) -> None:
    monkeypatch.setattr(gateway, "TIMEOUT", httpx.Timeout(0.5))
    server.plan = [answer]
    with pytest.raises(FeedError, match=words):
        ask()


def test_a_list_that_leads_back_to_itself(server: Twilio) -> None:
    page = f'{{"calls": [], "next_page_uri": "{PATH}?Page=1"}}'.encode()
    server.plan = [(200, 0, page)] * 3
    with pytest.raises(FeedError, match="itself"):
        ask()


def test_an_endless_answer_is_cut(server: Twilio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MAX_ANSWER_BYTES", 1000)
    server.plan = [(200, 0, b"[" + b" " * 5000)]
    with pytest.raises(FeedError, match="too large"):
        ask()


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "host", "http://127.0.0.1:1")
    with pytest.raises(FeedError, match="not reached"):
        ask()


def test_a_polled_call_redeems_and_its_end_follows(cast: Cast, server: Twilio, feed: PhoneFeed) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    who: dict[str, Any] = {"from": cast.buyer.phone, "to": order["service_number"]}
    began = clock.now().replace(microsecond=0)
    server.calls = [a_call("CA1", began, "in-progress", **who)]
    poll(feed)
    assert state_of(order) == "redeemed"
    server.calls = [a_call("CA1", began, seconds=4, **who)]
    assert poll(feed).error == ""
    assert told(cast.merchant)["CA1"].ended_at == began + timedelta(seconds=4)


# --- webhooks ---------------------------------------------------------------------------------


def push(
    cast: Cast, feed: PhoneFeed, form: dict[str, str], *, given: str | None = None, **more: Any
) -> Answer:
    address = push_address(feed)
    sign = signature(TOKEN, address, form) if given is None else given
    return cast.nobody.call(
        "POST",
        address.removeprefix("http://testserver"),
        urlencode(form).encode(),
        headers={"X-Twilio-Signature": sign},
        content_type="application/x-www-form-urlencoded",
        **more,
    )


def a_form(**more: str) -> dict[str, str]:
    known = {"CallSid": "CA9", "AccountSid": ACCOUNT, "From": CALLER, "To": CALLED, "CallStatus": "completed"}
    return {**known, "CallDuration": "30", "Timestamp": format_datetime(clock.now()), **more}


def test_twilios_own_example_is_signed_so() -> None:
    """The example of Twilio's documentation of webhooks' security."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    address = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", address, form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_a_signed_webhook_redeems_once(cast: Cast, feed: PhoneFeed) -> None:
    make_numbers(cast.merchant)
    order = call_order(cast)
    form = a_form(From=str(cast.buyer.phone), To=order["service_number"], CallDuration="0")
    answers = [push(cast, feed, form) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert state_of(order) == "redeemed"
    assert list(told(cast.merchant)) == ["CA9"]
    feed.refresh_from_db()
    assert feed.last_record_at is not None


def test_the_last_call_is_the_newest_whoever_tells_of_it_last(
    cast: Cast, server: Twilio, feed: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told late, or told while a poll was under way."""
    newest, real = ago(seconds=10), Gateway.fetch

    def fetch(provider: Gateway, *args: Any) -> Any:
        for batch in real(provider, *args):
            push(cast, feed, a_form(CallDuration="0", Timestamp=format_datetime(newest)))
            yield batch

    monkeypatch.setattr(Gateway, "fetch", fetch)
    server.calls = [a_call("CA1", ago(minutes=3))]
    assert poll(feed).last_record_at == newest
    late = a_form(CallSid="CA2", CallDuration="0", Timestamp=format_datetime(ago(hours=1)))
    assert push(cast, feed, late).status == 200
    feed.refresh_from_db()
    assert feed.last_record_at == newest


def test_what_was_told_and_is_listed_later_is_one_call(cast: Cast, server: Twilio, feed: PhoneFeed) -> None:
    assert push(cast, feed, a_form(CallStatus="in-progress")).status == 200
    server.calls = [a_call("CA9", ago(seconds=5), seconds=5)]
    poll(feed)
    assert [record.ended_at is not None for record in told(cast.merchant).values()] == [True]


def test_a_message_that_came_is_an_event(cast: Cast, feed: PhoneFeed) -> None:
    form = {"MessageSid": "SM1", "SmsStatus": "received", "From": CALLER, "To": CALLED, "Body": "hello 你好"}
    assert push(cast, feed, form).status == 200
    assert push(cast, feed, {**form, "MessageSid": "SM2", "SmsStatus": "sent"}).status == 200
    assert {name: record.kind for name, record in told(cast.merchant).items()} == {"SM1": "sms"}


@pytest.mark.parametrize("given", ["", "x", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "ü"])
def test_a_wrong_signature_is_refused(cast: Cast, feed: PhoneFeed, given: str) -> None:
    answer = push(cast, feed, a_form(), given=given.encode().decode("latin-1"))
    assert (answer.status, answer.code) == (403, "bad_signature")
    assert told(cast.merchant) == {}


def test_a_signature_covers_every_word_and_the_address(cast: Cast, feed: PhoneFeed) -> None:
    form = a_form()
    other = a_feed(cast.other_merchant, "twilio", settings={}, secrets={"auth_token": TOKEN})
    for changed, address in ((a_form(To=CALLER), push_address(feed)), (form, push_address(other))):
        assert push(cast, feed, changed, given=signature(TOKEN, address, form)).status == 403
    with_port = push_address(feed).replace("testserver", "testserver:80")
    assert push(cast, feed, form, given=signature(TOKEN, with_port, form)).status == 200


def test_neither_call_nor_message(cast: Cast, feed: PhoneFeed) -> None:
    answer = push(cast, feed, {"Hello": "World"})
    assert (answer.status, answer.code) == (422, "unreadable")


@pytest.mark.parametrize(
    "form",
    [
        {"CallSid": "\x00"},
        {"CallSid": "C" * 500},
        {"From": "🦜"},
        {"Timestamp": "never"},
        {"CallDuration": "-1"},
    ],
)
def test_any_signed_words_are_borne(cast: Cast, feed: PhoneFeed, form: dict[str, str]) -> None:
    assert push(cast, feed, a_form(**form)).status == 200


def test_a_large_body_and_a_wrong_address(cast: Cast, feed: PhoneFeed) -> None:
    assert push(cast, feed, a_form(Body="x" * 70_000)).status == 413
    for path in (f"feeds/{feed.public_id}/alibaba", f"feeds/{feed.public_id}/kamailio", "feeds/fed_1/twilio"):
        assert cast.nobody.call("POST", path, b"", content_type="text/plain").status == 404
    PhoneFeed.objects.filter(pk=feed.pk).update(ended_at=clock.now())
    assert push(cast, feed, a_form()).status == 404


def test_too_many_at_once(cast: Cast, feed: PhoneFeed, settings: Any) -> None:
    settings.CALLBACKS_PER_SECOND = 0
    answer = push(cast, feed, a_form())
    assert (answer.status, "Retry-After" in answer.headers) == (429, True)


def test_the_feed_says_whose_calls_they_are(cast: Cast, feed: PhoneFeed) -> None:
    """A call to another shop's number, told at our feed, touches nothing of theirs."""
    make_numbers(cast.other_merchant)
    assert push(cast, feed, a_form()).status == 200
    assert set(told(cast.merchant)) == {"CA9"}
    assert told(cast.other_merchant) == {}
