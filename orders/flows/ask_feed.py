"""Asking one feed for calls (FLOWS 1).

By one process at a time, under a lock that falls when that process dies. Every batch is stored in one
transaction with the cursor that leads on from it: dying in between loses nothing, and what is read
again is known. A feed that fails rests, longer each time, and says why.
"""

from __future__ import annotations

import random
import time
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.utils.translation import gettext_noop

from common import clock, locking
from common.failpoints import failpoint
from orders.feed_notes import marked, note_rejected
from orders.feeds import newest_of, news_among, provider_of, scrubbed, secrets_of, settings_of, sift, trusted
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import Batch, Feed, FeedError
from orders.models import PhoneFeed

POLL_SECONDS = 15
LONGEST_PAUSE = timedelta(minutes=10)
JITTER_PERCENT = 10

_log = structlog.get_logger(__name__)


class _FeedChanged(Exception):
    """Somebody ended or changed the feed while it was asked: what was read counts no more."""


def ask_feed(feed_id: UUID) -> int:
    """Ask a feed that is due, unless somebody else is at it; 1 if it was asked."""
    with locking.alone(f"feed:{feed_id}") as alone:
        due = PhoneFeed.objects.filter(pk=feed_id, ended_at=None, due_at__lte=clock.now())
        feed = due.select_related("merchant").first() if alone else None
        if feed is None:
            return 0
        try:
            _ask_and_note(feed)
        except _FeedChanged:
            _log.info("feed_changed_meanwhile", feed=feed.public_id)
        return 1


def _ask_and_note(feed: PhoneFeed) -> None:
    began = clock.now()
    try:
        has_more = _ask(feed)
    except FeedError as error:
        _note_failure(feed, str(error))
    except (_FeedChanged, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        _log.error("feed_failed", feed=feed.public_id, exc_info=error)
        _note_failure(feed, gettext_noop("what it told could not be stored"))
    else:
        pause = timedelta(0) if has_more else timedelta(seconds=feed.poll_seconds)
        caught_up = {} if has_more else {"caught_up_at": began}
        _note(feed, failures=0, error="", due_at=max(began + pause, clock.now()), **caught_up)


def _ask(feed: PhoneFeed) -> bool:
    """Read and store batch by batch; whether the time was up before the end."""
    provider, deadline = provider_of(feed), time.monotonic() + POLL_SECONDS
    if not isinstance(provider, Feed):
        raise FeedError(gettext_noop("this provider is not asked: it pushes"))
    is_late = False
    with closing(provider.fetch(settings_of(feed), feed.cursor, clock.now())) as batches:
        for batch in batches:
            _store(feed, provider, batch)
            failpoint("orders.flows.ask_feed:between_batches")
            if is_late := time.monotonic() > deadline:
                break
    return is_late


def _store(feed: PhoneFeed, provider: Feed, batch: Batch) -> None:
    """Store a batch together with its cursor."""
    moment = clock.now()
    good, odd = sift(batch.facts, moment)
    news = news_among(feed, good)
    facts = trusted(news.facts, provider, feed)
    last = newest_of(facts, moment)

    def move_on() -> None:
        _note(feed, cursor=batch.cursor, **last)

    received = receive_calls(feed.merchant, facts, feed, move_on, completes=news.is_about_known)
    feed.cursor = batch.cursor
    note_rejected(feed, [*batch.rejected, *marked(odd, batch.facts), *marked(received.rejected, facts)])


def _note_failure(feed: PhoneFeed, error: str) -> None:
    """The feed rests, longer after each failure, and says why."""
    usual = timedelta(seconds=max(feed.poll_seconds, 2))
    pause = min(usual * 2 ** min(feed.failures, 20), max(LONGEST_PAUSE, usual))
    due_at = clock.now() + pause * (100 + random.randrange(JITTER_PERCENT)) // 100
    _note(feed, failures=feed.failures + 1, error=_without_secrets(feed, error), due_at=due_at)
    _log.warning("feed_not_asked", feed=feed.public_id, failures=feed.failures + 1)


def _without_secrets(feed: PhoneFeed, error: str) -> str:
    try:
        return scrubbed(error, secrets_of(feed))
    except FeedError:
        return error


def _note(feed: PhoneFeed, **changed: object) -> None:
    # Whoever changes a feed seals its secrets anew: what was asked with the old settings counts no more.
    same = PhoneFeed.objects.filter(
        pk=feed.pk, ended_at=None, credentials_sealed=bytes(feed.credentials_sealed)
    )
    if not same.update(polled_at=clock.now(), **changed):
        raise _FeedChanged
