"""What a feed could not take is counted at the feed: each record once, by why, and little of a stranger's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from common import clock
from orders.feed_notes import COUNTED_FOR, MARKS, note_refused, note_rejected
from orders.feeds import push_address
from orders.flows.add_feed import FeedAsk
from orders.flows.ask_feed import ask_feed
from orders.flows.change_feed import change_feed
from orders.gateways.base import Rejected
from orders.models import PhoneFeed
from tests.cast import Answer, Cast, together
from tests.feeds.stage import Telephony, a_feed, ago, cdr, invite, poll

KEY = "signing-key-0123456789"


@pytest.fixture
def alibaba(cast: Cast) -> PhoneFeed:
    return a_feed(cast.merchant, "alibaba", secrets={"signing_key": KEY}, due_at=None)


def some(many: int, code: str = "malformed", first: int = 0) -> list[Rejected]:
    return [Rejected(place, code, "", f"{code}{first + place}") for place in range(many)]


def push(cast: Cast, feed: PhoneFeed, body: Any, key: str | None = None) -> Answer:
    address = push_address(feed).removeprefix("http://testserver")
    if key is not None:
        address = f"{address.partition('?')[0]}?key={key}"
    return cast.nobody.call("POST", address, body if isinstance(body, bytes) else json.dumps(body).encode())


def anew(feed: PhoneFeed) -> PhoneFeed:
    return PhoneFeed.objects.get(pk=feed.pk)


# --- what could not be read -------------------------------------------------------------------


def test_a_record_that_every_poll_reads_again_counts_once(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, asterisk: PhoneFeed
) -> None:
    telephony.insert(
        "acc",
        invite("odd@sip", ago(seconds=9), src_user="operator"),
        invite("o\x01dd@sip", ago(seconds=8)),
        invite("", ago(seconds=7)),
        invite("good@sip", ago(seconds=6)),
    )
    telephony.insert("cdr", cdr("", ago(seconds=90)), cdr("odd", ago(seconds=90), dst="s"))
    for _time in range(3):
        counted = [poll(feed) for feed in (kamailio, asterisk)]
        assert counted[0].rejected == {"invalid_phone": 1, "malformed": 1, "no_call_id": 1}
        assert counted[1].rejected == {"invalid_phone": 1, "no_call_id": 1}
    telephony.insert("acc", invite("late@sip", ago(seconds=8), dst_user="nobody"))
    assert poll(kamailio).rejected["invalid_phone"] == 2
    assert poll(kamailio).rejected_at is not None


@pytest.mark.django_db
def test_they_are_counted_for_a_day_and_then_anew(alibaba: PhoneFeed) -> None:
    note_rejected(alibaba, some(3))
    note_rejected(anew(alibaba), [*some(2, first=3), *some(4, "in_future")])
    feed = anew(alibaba)
    assert feed.rejected == {"malformed": 5, "in_future": 4}
    assert feed.rejected_from is not None
    PhoneFeed.objects.filter(pk=feed.pk).update(rejected_from=feed.rejected_from - COUNTED_FOR)
    note_rejected(anew(alibaba), some(1, "in_future", first=4))
    feed = anew(alibaba)
    assert feed.rejected == {"in_future": 1}
    assert feed.rejected_from is not None
    assert feed.rejected_from > ago(minutes=5)


@pytest.mark.django_db
def test_so_many_are_known_again_and_no_more(alibaba: PhoneFeed) -> None:
    note_rejected(alibaba, some(3 * MARKS))
    feed = anew(alibaba)
    assert (feed.rejected, len(feed.rejected_marks)) == ({"malformed": 3 * MARKS}, MARKS)
    assert len(json.dumps(feed.rejected_marks)) < 16_000


@pytest.mark.races
@pytest.mark.usefixtures("committed")
def test_pushes_at_once_are_all_counted(alibaba: PhoneFeed) -> None:
    together(lambda place: note_rejected(anew(alibaba), some(5, first=10 * place)), 8)
    assert anew(alibaba).rejected == {"malformed": 40}


@pytest.mark.django_db
def test_a_push_that_is_told_again_counts_once(cast: Cast, alibaba: PhoneFeed) -> None:
    for _time in range(3):
        assert push(cast, alibaba, [{"call_id": "x"}, 7]).status == 200
        assert push(cast, alibaba, b"nothing").status == 422
    feed = anew(alibaba)
    assert (feed.rejected, feed.refused_at) == ({"malformed": 2, "unreadable": 1}, None)


@pytest.mark.django_db
def test_whoever_mends_the_feed_sees_from_then_on(cast: Cast, alibaba: PhoneFeed) -> None:
    note_rejected(alibaba, some(3))
    note_refused(alibaba)
    change_feed(cast.merchant, alibaba.pk, FeedAsk("alibaba", "Mended", {"signing_key": ""}))
    feed = anew(alibaba)
    assert (feed.rejected, feed.rejected_from, feed.rejected_at, feed.refused_at) == ({}, None, None, None)


# --- who could not prove to be the provider -----------------------------------------------------


@pytest.mark.django_db
def test_a_wrong_signature_is_noted_once_a_minute(cast: Cast, alibaba: PhoneFeed) -> None:
    assert push(cast, alibaba, [], key="wrong").status == 403
    first = anew(alibaba).refused_at
    assert first is not None
    for _time in range(5):
        push(cast, alibaba, [], key="wrong")
    note_refused(alibaba)  # of which the one who asks knows nothing yet
    assert anew(alibaba).refused_at == first
    PhoneFeed.objects.filter(pk=alibaba.pk).update(refused_at=first - timedelta(seconds=61))
    push(cast, alibaba, [], key="wrong")
    later = anew(alibaba).refused_at
    assert later is not None
    assert later >= first


@pytest.mark.django_db
def test_a_feed_whose_secrets_are_lost_accuses_nobody(cast: Cast, alibaba: PhoneFeed) -> None:
    address = push_address(alibaba).removeprefix("http://testserver")
    PhoneFeed.objects.filter(pk=alibaba.pk).update(credentials_sealed=b"lost")
    assert cast.nobody.call("POST", address, b"[]").status == 403
    assert anew(alibaba).refused_at is None


@pytest.mark.django_db
def test_nothing_is_noted_of_a_feed_that_has_ended(alibaba: PhoneFeed) -> None:
    PhoneFeed.objects.filter(pk=alibaba.pk).update(ended_at=clock.now())
    note_rejected(alibaba, some(1))
    note_refused(alibaba)
    feed = anew(alibaba)
    assert (feed.rejected, feed.refused_at) == ({}, None)


# --- how far behind -----------------------------------------------------------------------------


def test_a_feed_has_caught_up_when_it_was_read_to_the_end(
    cast: Cast, telephony: Telephony, kamailio: PhoneFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = clock.now()
    caught_up = poll(kamailio).caught_up_at
    assert caught_up is not None
    assert began <= caught_up <= clock.now()
    telephony.insert("acc", *[invite(f"{n}@sip", ago(seconds=9)) for n in range(1500)])
    with monkeypatch.context() as patched:
        patched.setattr("orders.flows.ask_feed.POLL_SECONDS", 0)
        PhoneFeed.objects.filter(pk=kamailio.pk).update(due_at=clock.now())
        ask_feed(kamailio.pk)
        assert anew(kamailio).caught_up_at == caught_up, "half of it is still to be read"
    feed = poll(kamailio)
    assert feed.caught_up_at is not None
    assert feed.caught_up_at > caught_up
    PhoneFeed.objects.filter(pk=feed.pk).update(settings={"acc_table": "gone"})
    assert poll(feed).caught_up_at == anew(feed).caught_up_at
    assert anew(feed).failures == 1
