"""What a provider pushes to its feed's own address; its signature is the only key (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from common import clock
from common.refusals import NotFound
from orders.feed_notes import marked, note_refused, note_rejected
from orders.feeds import newest_of, news_among, provider_of, settings_of, sift, trusted
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import FeedError, Push, Pusher, PushRefused, PushUnreadable, Rejected
from orders.models import PhoneFeed
from orders.refusals import PushNotRead, PushNotSigned


def pushing_feed(feed_id: UUID | None, kind: str) -> tuple[PhoneFeed, Pusher]:
    """A live feed of a provider that pushes. Raises `NotFound`."""
    alive = PhoneFeed.objects.select_related("merchant").filter(kind=kind, ended_at=None)
    feed = alive.filter(pk=feed_id).first() if feed_id else None
    try:
        provider = provider_of(feed) if feed else None
    except FeedError:
        provider = None
    if feed is None or not isinstance(provider, Pusher):
        raise NotFound
    return feed, provider


def receive_push(
    feed: PhoneFeed, provider: Pusher, address: str, headers: Mapping[str, str], body: bytes
) -> Mapping[str, Any]:
    """Take in what is signed well; what the provider wants to hear. The same again changes nothing.

    Raises `PushNotSigned`, `PushNotRead`.
    """
    moment = clock.now()
    try:
        settings = settings_of(feed)
        reading = provider.read(settings, Push(feed.public_id, address, headers, body, moment))
    except PushRefused as error:
        note_refused(feed)
        raise PushNotSigned from error
    except FeedError as error:
        raise PushNotSigned from error
    except PushUnreadable as error:
        note_rejected(feed, [Rejected(0, "unreadable", str(error), repr(body))])
        raise PushNotRead(str(error)) from error
    good, odd = sift(reading.facts, moment)
    news = news_among(feed, good)
    facts = trusted(news.facts, provider, feed)
    last = newest_of(facts, moment)

    def note() -> None:
        if last:
            PhoneFeed.objects.filter(pk=feed.pk).update(**last)

    received = receive_calls(feed.merchant, facts, feed, note, completes=news.is_about_known)
    odd = [*marked(odd, reading.facts), *marked(received.rejected, facts)]
    note_rejected(feed, [*reading.rejected, *odd])
    return provider.answer
