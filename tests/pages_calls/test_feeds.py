"""The pages of feeds: their health, adding, changing, ending; secrets are never shown again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from common import clock
from merchants.models import Merchant
from orders import feed_health
from orders.feed_notes import note_rejected
from orders.feeds import push_address, secrets_of
from orders.flows.add_feed import FeedAsk, add_feed
from orders.gateways import sql
from orders.gateways.base import Rejected
from orders.models import PhoneFeed
from tests.cast import make_merchant
from tests.pages_dashboard.conftest import HOME, Shop, errors, words

FEEDS = HOME + "feeds"
SECRET = "postgresql://reader:s3cret-word@127.0.0.1:5432/kamailio"
KAMAILIO = {
    "kind": "kamailio",
    "name": "Front desk",
    "trust": "2",
    "poll_seconds": "7",
    "setting-dsn": SECRET,
    "setting-time_zone": "Asia/Shanghai",
    "setting-overlap_seconds": "60",
    "setting-acc_table": "acc",
    "setting-cdr_table": "acc_cdrs",
    "setting-missed_table": "",
    "setting-caller_column": "src_user",
    "setting-called_column": "dst_user",
    "setting-callid_column": "callid",
}


def feed_of(merchant: Merchant) -> PhoneFeed:
    return PhoneFeed.objects.get(merchant=merchant)


def test_with_none_it_says_what_a_feed_is(owner: Client) -> None:
    assert "No feed yet" in words(owner.get(FEEDS))


def test_a_feed_is_added_and_its_secret_never_shown(shop: Shop, owner: Client) -> None:
    kinds = owner.get(FEEDS + "/new").content.decode()
    for name in ("kamailio", "asterisk", "twilio", "alibaba"):
        assert f'href="?kind={name}"' in kinds
    assert "Connection to the database" in words(owner.get(FEEDS + "/new", {"kind": "kamailio"}))
    answer = owner.post(FEEDS + "/new", KAMAILIO)
    feed = feed_of(shop.merchant)
    assert answer.headers["Location"] == f"{FEEDS}/{feed.public_id}"
    assert (feed.name, feed.trust, feed.poll_seconds) == ("Front desk", 2, 7)
    assert secrets_of(feed)["dsn"] == SECRET
    for path in (FEEDS, f"{FEEDS}/{feed.public_id}"):
        page = owner.get(path)
        assert page.status_code == 200
        assert "s3cret-word" not in page.content.decode()
    assert "Stored, and not shown" in words(owner.get(f"{FEEDS}/{feed.public_id}"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("setting-dsn", ""),
        ("setting-dsn", "nonsense"),
        ("setting-time_zone", "Mars/Olympus"),
        ("setting-acc_table", "acc; DROP TABLE x"),
        ("name", ""),
        ("poll_seconds", "0"),
        ("trust", "9"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(
    shop: Shop, owner: Client, field: str, value: str
) -> None:
    answer = owner.post(FEEDS + "/new", {**KAMAILIO, field: value})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert "s3cret-word" not in answer.content.decode()
    assert not PhoneFeed.objects.filter(merchant=shop.merchant).exists()


def test_changing_keeps_a_secret_left_empty(shop: Shop, owner: Client) -> None:
    owner.post(FEEDS + "/new", KAMAILIO)
    feed = feed_of(shop.merchant)
    address = f"{FEEDS}/{feed.public_id}"
    owner.post(address, {**KAMAILIO, "setting-dsn": "", "name": "Back desk"})
    feed = feed_of(shop.merchant)
    assert (feed.name, secrets_of(feed)["dsn"]) == ("Back desk", SECRET)
    other = SECRET.replace("s3cret", "0ther")
    owner.post(address, {**KAMAILIO, "setting-dsn": other})
    assert secrets_of(feed_of(shop.merchant))["dsn"] == other


def test_the_address_to_push_to_is_there_to_copy(shop: Shop, owner: Client) -> None:
    feed = add_feed(shop.merchant, FeedAsk("alibaba", "Pool", {"signing_key": "a-long-signing-key"}))
    page = owner.get(f"{FEEDS}/{feed.public_id}")
    assert push_address(feed).replace("&", "&amp;") in page.content.decode()
    assert "a-long-signing-key" not in page.content.decode()
    assert shop["manager"].get(f"{FEEDS}/{feed.public_id}").status_code == 403
    assert push_address(feed) not in shop["manager"].get(FEEDS).content.decode()


def test_ending(shop: Shop, owner: Client) -> None:
    owner.post(FEEDS + "/new", KAMAILIO)
    feed = feed_of(shop.merchant)
    owner.post(f"{FEEDS}/{feed.public_id}/end")
    assert feed_of(shop.merchant).ended_at is not None
    text = words(owner.get(f"{FEEDS}/{feed.public_id}"))
    assert "Ended" in text
    assert "End this feed" not in text
    assert owner.post(f"{FEEDS}/{feed.public_id}", KAMAILIO).status_code == 200
    assert feed_of(shop.merchant).name == "Front desk"


def test_health_is_told_in_words(shop: Shop, owner: Client) -> None:
    owner.post(FEEDS + "/new", KAMAILIO)
    assert "Not heard from yet" in words(owner.get(FEEDS))
    before = owner.get(FEEDS, headers={"HX-Request": "true"})
    assert "<html" not in before.content.decode()
    now = clock.now()
    mine = PhoneFeed.objects.filter(merchant=shop.merchant)
    mine.update(polled_at=now, last_record_at=now, due_at=now + timedelta(seconds=7))
    working = owner.get(FEEDS)
    assert "Working" in words(working)
    assert working.context["stamp"] != before.context["stamp"]
    mine.update(failures=3, error="connection refused", due_at=now - timedelta(hours=1))
    text = words(owner.get(FEEDS))
    for said in ("Failing", "connection refused", "the worker of this site may stand still"):
        assert said in text


def test_what_is_wrong_is_said_in_the_readers_language(
    shop: Shop, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored as it was found out, when nobody was reading."""
    for module in (feed_health, sql):
        monkeypatch.setattr(module, "gettext", lambda text: f"in Chinese: {text}")
    owner.post(FEEDS + "/new", KAMAILIO)
    PhoneFeed.objects.filter(merchant=shop.merchant).update(failures=1, error="no answer in time")
    assert "in Chinese: no answer in time" in words(owner.get(FEEDS))
    answer = owner.post(FEEDS + "/new", {**KAMAILIO, "setting-dsn": "nonsense"})
    assert "in Chinese: not a connection string" in words(answer)


def test_how_far_behind_it_is(shop: Shop, owner: Client) -> None:
    """Not when it is asked next, which is soon while it fails: how long nothing has been read."""
    owner.post(FEEDS + "/new", KAMAILIO)
    now = clock.now()
    mine = PhoneFeed.objects.filter(merchant=shop.merchant)
    mine.update(polled_at=now, caught_up_at=now, due_at=now + timedelta(seconds=7))
    assert "Behind by 0 seconds" in words(owner.get(FEEDS))
    mine.update(caught_up_at=now - timedelta(seconds=67))
    assert re.search("Behind by 6[0-9] seconds", words(owner.get(FEEDS)))
    failing = {"failures": 3, "error": "gone", "due_at": now + timedelta(minutes=9)}
    mine.update(**failing, caught_up_at=now - timedelta(hours=3, seconds=9))
    assert "Behind by 3 hours" in words(owner.get(FEEDS)).replace("\xa0", " ")
    mine.update(caught_up_at=None, created_at=now - timedelta(days=1, seconds=9))
    assert "Behind by 1 day" in words(owner.get(FEEDS)).replace("\xa0", " ")


def test_what_could_not_be_read_is_counted_with_its_reasons(shop: Shop, owner: Client) -> None:
    owner.post(FEEDS + "/new", KAMAILIO)
    feed, now = feed_of(shop.merchant), clock.now()
    before = owner.get(FEEDS).context["stamp"]
    note_rejected(feed, [Rejected(place, "invalid_phone", "", str(place)) for place in range(4)])
    note_rejected(feed, [Rejected(0, "in_future", "", "x")])
    for path in (FEEDS, f"{FEEDS}/{feed.public_id}"):
        text = words(owner.get(path))
        assert "5 records could not be read." in text
        assert "4 × A number that is no phone number" in text
        assert "1 × More than five minutes ahead" in text
    assert owner.get(FEEDS).context["stamp"] != before
    mine = PhoneFeed.objects.filter(merchant=shop.merchant)
    mine.update(rejected={"a_new_word": 1})
    assert "1 record could not be read. 1 × a_new_word" in words(owner.get(FEEDS))
    mine.update(rejected_at=now - timedelta(days=8))
    assert "could not be read" not in words(owner.get(FEEDS))


def test_a_push_that_was_refused_is_told(shop: Shop, owner: Client) -> None:
    feed = add_feed(shop.merchant, FeedAsk("alibaba", "Pool", {"signing_key": "a-long-signing-key"}))
    before = owner.get(FEEDS)
    assert "without the right signature" not in words(before)
    address = push_address(feed).partition("?")[0]
    assert Client().post(address, b"[]", content_type="application/json").status_code == 403
    told = owner.get(FEEDS)
    assert "without the right signature" in words(told)
    assert told.context["stamp"] != before.context["stamp"]


def test_credentials_that_can_not_be_read_are_told_of_a_feed_that_nobody_asks(
    shop: Shop, owner: Client
) -> None:
    """Its pushes are all refused, whoever sends them."""
    feed = add_feed(shop.merchant, FeedAsk("alibaba", "Pool", {"signing_key": "a-long-signing-key"}))
    PhoneFeed.objects.filter(pk=feed.pk).update(credentials_sealed=b"of another key")
    for path in (FEEDS, f"{FEEDS}/{feed.public_id}"):
        text = words(owner.get(path))
        assert "Failing" in text
        assert "enter them again" in text


def test_another_shops_feed_is_not_there(shop: Shop, owner: Client) -> None:
    other = make_merchant()
    feed = add_feed(other, FeedAsk("alibaba", "Theirs", {"signing_key": "a-long-signing-key"}))
    assert owner.get(f"{FEEDS}/{feed.public_id}").status_code == 404
    assert owner.post(f"{FEEDS}/{feed.public_id}/end").status_code == 404
    assert "Theirs" not in words(owner.get(FEEDS))
    PhoneFeed.objects.filter(pk=feed.pk).update(merchant=shop.merchant, kind="gone")
    assert owner.get(f"{FEEDS}/{feed.public_id}").status_code == 200
