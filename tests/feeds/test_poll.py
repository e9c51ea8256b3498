"""Polling: one process a feed, several feeds at once, dying half-way, failing and coming back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from common import clock, drains, failpoints, locking
from common.failpoints import Crash
from orders.flows import ask_feed as asking, poll_feeds as polling
from orders.flows.add_feed import FeedAsk
from orders.flows.ask_feed import ask_feed
from orders.flows.change_feed import change_feed
from orders.flows.end_feed import end_feed
from orders.gateways.base import Batch, CallFact, FeedError
from orders.gateways.kamailio import Kamailio
from orders.models import CallRecord, PhoneFeed
from tests.cast import Cast, together
from tests.feeds.stage import CALLED, CALLER, Telephony, a_feed, ago, invite, poll, told

pytestmark = pytest.mark.usefixtures("committed")
OTHER = "postgresql://reader:secret@10.0.0.5/kamailio"


@pytest.fixture
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def dies_at(name: str, after: int = 0) -> None:
    """The process dies the next time (or some times later) that it passes there."""
    left = [after]

    def hook(passed: str) -> None:
        if passed == name:
            left[0] -= 1
            if left[0] < 0:
                raise Crash(name)

    failpoints.arm(hook)


# --- dying half-way -------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(
    "place",
    [
        "orders.flows.ask_feed:between_batches",
        "orders.flows.receive_calls.receive_calls:before_commit",
        "orders.flows.receive_calls.receive_calls:after_commit",
    ],
)
@pytest.mark.usefixtures("disarmed")
def test_a_poll_that_dies_loses_and_repeats_nothing(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, place: str, after: int
) -> None:
    moment = ago(seconds=30)
    telephony.insert("acc", *[invite(f"{n}@sip", moment + timedelta(seconds=n // 100)) for n in range(2500)])
    dies_at(place, after)
    with pytest.raises(Crash):
        poll(kamailio)
    kamailio.refresh_from_db()
    stored = CallRecord.objects.filter(merchant=cast.merchant).count()
    assert stored == min(after + (not place.endswith("before_commit")), 3) * 1000 or stored == 2500
    assert bool(kamailio.cursor) == bool(stored), "a batch and its cursor are stored together"
    failpoints.arm(None)
    feed = poll(kamailio)
    assert CallRecord.objects.filter(merchant=cast.merchant).count() == 2500
    assert (feed.failures, "half" in feed.cursor) == (0, False)


def test_time_is_up_before_the_end_goes_on_at_once(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "POLL_SECONDS", 0)
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(3100)])
    assert ask_feed(kamailio.pk) == 1
    assert len(told(cast.merchant)) == 1000
    for _turn in range(3):
        assert ask_feed(kamailio.pk) == 1, "due again at once"
    assert len(told(cast.merchant)) == 3100


# --- two at once ------------------------------------------------------------------------------


class Watched:
    """Kamailio's feed, and how many were at it at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.most = self.times = 0
        guard, real = threading.Lock(), Kamailio.fetch

        def fetch(provider: Kamailio, *args: Any) -> Generator[Batch]:
            with guard:
                self.now, self.times = self.now + 1, self.times + 1
                self.most = max(self.most, self.now)
            time.sleep(0.3)
            try:
                yield from real(provider, *args)
            finally:
                with guard:
                    self.now -= 1

        monkeypatch.setattr(Kamailio, "fetch", fetch)


@pytest.mark.races
def test_one_feed_is_never_asked_twice_at_once(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(50)])
    asked = together(lambda _place: ask_feed(kamailio.pk), 4)
    assert (sum(asked), watched.most, watched.times) == (1, 1, 1)
    assert len(told(cast.merchant)) == 50


@pytest.mark.races
def test_control_without_the_lock_it_is_and_each_call_is_still_stored_once(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def no_lock(_name: str) -> Iterator[bool]:
        yield True

    monkeypatch.setattr(locking, "alone", no_lock)
    watched = Watched(monkeypatch)
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(50)])
    assert together(lambda _place: ask_feed(kamailio.pk), 4) == [1] * 4
    assert watched.most > 1
    assert CallRecord.objects.filter(merchant=cast.merchant).count() == 50


def test_several_feeds_are_asked_side_by_side(
    cast: Cast, telephony: Telephony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits inside until all are there."""
    feeds = [a_feed(cast.merchant, secrets={"dsn": telephony.dsn}) for _ in range(3)]
    all_are_there = Barrier(3)

    def fetch(*_args: Any) -> Generator[Batch]:
        all_are_there.wait(10)
        yield Batch([], {"was": "here"})

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    drains.run("poll_feeds")
    for feed in feeds:
        feed.refresh_from_db()
        assert (feed.cursor, feed.failures) == ({"was": "here"}, 0)


@pytest.mark.parametrize("budget", [10, 0])
def test_a_slow_feed_holds_up_no_other(
    cast: Cast, telephony: Telephony, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    """One run asks the quick one whenever it is due, for as long as the slow one takes, time up or not."""
    known: dict[str, Any] = {"secrets": {"dsn": telephony.dsn}}
    a_feed(cast.merchant, **known, settings={"pace": "slow"}, due_at=ago(minutes=1), poll_seconds=3600)
    quick = a_feed(cast.merchant, **known, poll_seconds=1)
    may_end, asked = threading.Event(), Counter[str]()

    def fetch(_provider: Kamailio, settings: dict[str, str], *_args: Any) -> Generator[Batch]:
        pace = settings.get("pace", "quick")
        if pace == "slow":
            may_end.wait(30)
        asked[pace] += 1
        if asked["quick"] == 3:
            PhoneFeed.objects.filter(pk=quick.pk).update(due_at=None, ended_at=clock.now())
            may_end.set()
        yield Batch([], {})

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    monkeypatch.setattr(polling, "BUDGET_SECONDS", budget)
    polling.poll_feeds()
    assert asked == {"quick": 3, "slow": 1}


def test_a_feed_that_somebody_else_asks_is_looked_at_now_and_then(
    cast: Cast, telephony: Telephony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays due meanwhile; whoever waits for another one does not knock without a pause."""
    held, slow = (a_feed(cast.merchant, secrets={"dsn": telephony.dsn}) for _ in range(2))
    asked = Counter[UUID]()
    seen_twice = threading.Event()

    def ask(feed_id: UUID) -> int:
        asked[feed_id] += 1
        if feed_id == slow.pk:
            seen_twice.wait(30)
            PhoneFeed.objects.filter(pk=slow.pk).update(due_at=None)
            return 1
        if asked[held.pk] == 2:
            seen_twice.set()
        return 0

    monkeypatch.setattr(polling, "ask_feed", ask)
    began = time.monotonic()
    assert polling.poll_feeds() == 1
    assert 2 <= asked[held.pk] <= (time.monotonic() - began) / polling.ELSEWHERE_SECONDS + 1


# --- failing ----------------------------------------------------------------------------------


def test_a_feed_that_fails_rests_longer_each_time_and_recovers(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed
) -> None:
    telephony.insert("acc", invite("a@sip", ago(seconds=5)))
    PhoneFeed.objects.filter(pk=kamailio.pk).update(settings={"acc_table": "gone"})
    pauses, feed, took = [], kamailio, 0.0
    for failures in range(1, 12):
        before = clock.now()
        feed = poll(kamailio)
        took = (clock.now() - before).total_seconds()
        assert feed.failures == failures
        assert feed.due_at is not None
        pauses.append((feed.due_at - before).total_seconds())
    assert "42P01" in feed.error
    assert pauses[:3] == sorted(pauses[:3])
    assert 4 < pauses[0] < 60
    assert 550 < pauses[-1] <= 661 + took
    PhoneFeed.objects.filter(pk=kamailio.pk).update(settings={})
    feed = poll(kamailio)
    assert (feed.failures, feed.error, set(told(cast.merchant))) == (0, "", {"a@sip"})
    assert feed.due_at is not None
    assert feed.due_at - clock.now() <= timedelta(seconds=feed.poll_seconds)


def test_a_feed_that_fails_is_not_asked_more_often_than_one_that_works(kamailio: PhoneFeed) -> None:
    PhoneFeed.objects.filter(pk=kamailio.pk).update(settings={"acc_table": "gone"}, poll_seconds=3600)
    feed = poll(kamailio)
    assert feed.failures == 1
    assert feed.due_at is not None
    assert feed.due_at > clock.now() + timedelta(minutes=50)


@pytest.mark.parametrize("fails", [True, False])
def test_what_was_asked_with_old_settings_says_nothing_of_the_new(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Somebody mends the feed while a poll of it is under way: it is asked at once, as the page says."""
    PhoneFeed.objects.filter(pk=kamailio.pk).update(failures=9)

    def fetch(*_args: Any) -> Generator[Batch]:
        change_feed(cast.merchant, kamailio.pk, FeedAsk("kamailio", "Mended", {"dsn": OTHER}))
        if fails:
            raise FeedError("the old server is gone")
        yield Batch([CallFact("kamailio", "x@sip", CALLER, CALLED, ago(seconds=3))], {"told": "x"})

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    PhoneFeed.objects.filter(pk=kamailio.pk).update(due_at=clock.now())
    assert ask_feed(kamailio.pk) == 1
    kamailio.refresh_from_db()
    assert (kamailio.failures, kamailio.error, kamailio.cursor) == (0, "", {})
    assert kamailio.due_at is not None
    assert kamailio.due_at <= clock.now()
    assert told(cast.merchant) == {}


def test_an_error_never_tells_a_secret(
    kamailio: PhoneFeed, telephony: Telephony, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(_provider: Kamailio, settings: dict[str, str], *_args: Any) -> Generator[Batch]:
        raise FeedError(f"refused: {settings['dsn']}")
        yield

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    feed = poll(kamailio)
    assert feed.error == "refused: …"


def test_a_fault_of_our_own_is_no_end_of_the_feed(
    kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_args: Any) -> Generator[Batch]:
        raise ZeroDivisionError("secret details")
        yield

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    feed = poll(kamailio)
    assert (feed.failures, feed.error) == (1, "what it told could not be stored")


def test_credentials_of_another_key_are_named(kamailio: PhoneFeed) -> None:
    PhoneFeed.objects.filter(pk=kamailio.pk).update(credentials_sealed=b"not ours")
    assert "enter them again" in poll(kamailio).error


def test_a_feed_that_ends_while_it_is_asked_stores_nothing_more(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_args: Any) -> Generator[Batch]:
        end_feed(cast.merchant, kamailio.pk)
        yield Batch([CallFact("kamailio", "x@sip", CALLER, CALLED, ago(seconds=3))], {})

    monkeypatch.setattr(Kamailio, "fetch", fetch)
    feed = poll(kamailio)
    assert told(cast.merchant) == {}
    assert (feed.failures, feed.due_at) == (0, None)


def test_what_can_not_be_read_stops_no_batch(cast: Cast, telephony: Telephony, kamailio: PhoneFeed) -> None:
    telephony.insert(
        "acc",
        invite("odd@sip", ago(seconds=9), src_user="operator"),
        invite("o\x01dd@sip", ago(seconds=8)),
        invite("good@sip", ago(seconds=7)),
        invite("hidden@sip", ago(seconds=6), src_user="anonymous"),
    )
    feed = poll(kamailio)
    records = told(cast.merchant)
    assert set(records) == {"good@sip", "hidden@sip"}
    assert (records["hidden@sip"].caller, records["hidden@sip"].reason) == ("", "caller_withheld")
    assert feed.failures == 0


def test_not_due_or_ended_is_not_asked(cast: Cast, telephony: Telephony) -> None:
    later = a_feed(cast.merchant, secrets={"dsn": telephony.dsn}, due_at=clock.now() + timedelta(minutes=1))
    ended = a_feed(cast.merchant, secrets={"dsn": telephony.dsn}, ended_at=clock.now())
    assert (ask_feed(later.pk), ask_feed(ended.pk)) == (0, 0)


def test_the_merchants_word_on_trust_counts(cast: Cast, telephony: Telephony, kamailio: PhoneFeed) -> None:
    PhoneFeed.objects.filter(pk=kamailio.pk).update(trust=1)
    telephony.insert("acc", invite("a@sip", ago(seconds=5)))
    poll(kamailio)
    assert told(cast.merchant)["a@sip"].trust == 1
