"""Adding, changing and ending feeds; what the database holds of their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection

from common import ids
from common.models import AuditEntry
from common.refusals import InvalidInput, NotFound
from orders.feeds import push_address, secrets_of, settings_of
from orders.flows.add_feed import MAX_FEEDS, FeedAsk, add_feed
from orders.flows.change_feed import change_feed
from orders.flows.end_feed import end_feed
from orders.gateways import registry
from orders.models import PhoneFeed, Trust
from orders.refusals import TooManyFeeds
from tests.cast import Cast

pytestmark = pytest.mark.django_db

PASSWORD = "a-password-nobody-reads"
DSN = f"postgresql://reader:{PASSWORD}@db.example:5432/kamailio"
TOKEN = "b5c1f0a9d8e7f60123456789abcdef01"
ACCOUNT = "AC" + "0" * 31 + "1"


def ask(kind: str = "kamailio", **settings: str) -> FeedAsk:
    return FeedAsk(kind, "Our server", settings or {"dsn": DSN})


def fields_of(refused: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {problem.field for problem in refused.value.problems}


def rows() -> str:
    """Everything that the tables of feeds and audit hold, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT f::text, encode(f.credentials_sealed, 'escape') FROM orders_phonefeed f")
        feeds = str(cursor.fetchall())
        cursor.execute("SELECT a::text FROM common_auditentry a")
        return feeds + str(cursor.fetchall())


def test_a_feed_is_asked_at_once_and_its_secrets_are_unreadable(cast: Cast) -> None:
    feed = add_feed(cast.merchant, ask())
    assert feed.due_at is not None
    assert feed.trust == Trust.TRUNK
    assert settings_of(feed)["dsn"] == DSN
    assert feed.settings["caller_column"] == "src_user"
    assert "dsn" not in feed.settings
    twilio = add_feed(cast.merchant, ask("twilio", account_sid=ACCOUNT, auth_token=TOKEN))
    change_feed(cast.merchant, twilio.pk, ask("twilio", account_sid=ACCOUNT, auth_token=TOKEN[::-1]))
    held = rows()
    assert "db.example" not in held
    assert not any(secret in held for secret in (PASSWORD, TOKEN, TOKEN[::-1]))
    assert AuditEntry.objects.filter(subject=feed.public_id, verb="feed.add").exists()


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        (FeedAsk("carrier-pigeon", "x"), {"kind"}),
        (FeedAsk("kamailio", ""), {"name", "settings.dsn"}),
        (FeedAsk("kamailio", "x", {"dsn": DSN, "acc_table": "a b"}), {"settings.acc_table"}),
        (FeedAsk("kamailio", "x", {"dsn": DSN}, poll_seconds=0), {"poll_seconds"}),
        (FeedAsk("kamailio", "x", {"dsn": DSN}, trust=9), {"trust"}),
        (FeedAsk("twilio", "x", {"account_sid": "../x", "auth_token": TOKEN}), {"settings.account_sid"}),
        (FeedAsk("twilio", "x", {"account_sid": ACCOUNT}), {"settings.auth_token"}),
        (FeedAsk("alibaba", "x", {"signing_key": "short"}), {"settings.signing_key"}),
        (FeedAsk("alibaba", "x", {"signing_key": "\x00" * 20}), {"settings.signing_key"}),
    ],
)
def test_what_does_not_fit_is_named(cast: Cast, asked: FeedAsk, wrong: set[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_feed(cast.merchant, asked)
    assert fields_of(refused) == wrong
    assert not PhoneFeed.objects.filter(merchant=cast.merchant).exists()


def test_a_change_keeps_secrets_left_empty_and_where_it_has_come_to(cast: Cast) -> None:
    feed = add_feed(cast.merchant, ask())
    PhoneFeed.objects.filter(pk=feed.pk).update(cursor={"told": "x"}, failures=3, error="gone")
    asked = FeedAsk("kamailio", "Renamed", {"dsn": "", "time_zone": "Asia/Shanghai"}, poll_seconds=9)
    changed = change_feed(cast.merchant, feed.pk, asked)
    assert (changed.name, changed.settings["time_zone"]) == ("Renamed", "Asia/Shanghai")
    assert (secrets_of(changed)["dsn"], changed.cursor, changed.failures) == (DSN, {"told": "x"}, 0)
    entry = AuditEntry.objects.get(subject=feed.public_id, verb="feed.change")
    assert set(entry.detail["changed"]) == {"name", "settings", "poll_seconds"}


def test_an_ended_feed_forgets_its_secrets(cast: Cast) -> None:
    feed = add_feed(cast.merchant, ask())
    end_feed(cast.merchant, feed.pk)
    end_feed(cast.merchant, feed.pk)
    feed.refresh_from_db()
    assert (feed.ended_at is not None, feed.due_at, secrets_of(feed)) == (True, None, {})
    assert AuditEntry.objects.filter(subject=feed.public_id, verb="feed.end").count() == 1
    with pytest.raises(NotFound):
        change_feed(cast.merchant, feed.pk, ask())


def test_another_shops_feed_is_not_there(cast: Cast) -> None:
    feed = add_feed(cast.merchant, ask())
    with pytest.raises(NotFound):
        change_feed(cast.other_merchant, feed.pk, ask())
    with pytest.raises(NotFound):
        end_feed(cast.other_merchant, feed.pk)
    with pytest.raises(NotFound):
        end_feed(cast.merchant, ids.new_id())


def test_a_shop_has_so_many_feeds_and_no_more(cast: Cast) -> None:
    feeds = [add_feed(cast.merchant, ask()) for _ in range(MAX_FEEDS)]
    with pytest.raises(TooManyFeeds):
        add_feed(cast.merchant, ask())
    end_feed(cast.merchant, feeds[0].pk)
    add_feed(cast.merchant, ask())


ASKED: Mapping[str, Mapping[str, str]] = {
    "kamailio": {"dsn": DSN},
    "asterisk": {"dsn": DSN},
    "twilio": {"account_sid": ACCOUNT, "auth_token": TOKEN},
    "alibaba": {"signing_key": TOKEN},
}


@pytest.mark.parametrize("kind", registry.names())
def test_every_provider_can_be_added(cast: Cast, kind: str) -> None:
    feed = add_feed(cast.merchant, FeedAsk(kind, "One", ASKED[kind]))
    pushes = kind in ("twilio", "alibaba")
    assert (feed.due_at is None) == (kind == "alibaba")
    assert push_address(feed).startswith(f"http://testserver/api/v1/feeds/{feed.public_id}/") == pushes


def test_the_address_for_alibaba_holds_a_word_of_its_own(cast: Cast, settings: Any) -> None:
    one, other = (add_feed(cast.merchant, FeedAsk("alibaba", "A", ASKED["alibaba"])) for _ in range(2))
    words = {push_address(feed).partition("?key=")[2] for feed in (one, other)}
    assert {len(word) for word in words} == {64}
    assert len(words) == 2
