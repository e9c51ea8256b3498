"""What a feed could not take, noted at the feed for its merchant to see: counts, never a row each."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from django.db import connection

from common import clock
from orders.gateways.base import CallFact, Rejected
from orders.models import PhoneFeed

COUNTED_FOR = timedelta(days=1)
MARKS = 500
REFUSED_EVERY = timedelta(minutes=1)

_log = structlog.get_logger(__name__)

# In one statement, since pushes come several at once; a count that is old begins anew.
_COUNT = """
UPDATE orders_phonefeed f
   SET rejected = CASE WHEN rejected_from > %(recent)s THEN (
           SELECT jsonb_object_agg(code, many) FROM (
               SELECT code, sum(many::bigint) AS many
                 FROM (SELECT * FROM jsonb_each_text(f.rejected)
                       UNION ALL SELECT * FROM jsonb_each_text(%(news)s::jsonb)) AS told (code, many)
                GROUP BY code) AS sums
       ) ELSE %(news)s::jsonb END,
       rejected_from = CASE WHEN rejected_from > %(recent)s THEN rejected_from ELSE %(now)s END,
       rejected_at = %(now)s, rejected_marks = %(marks)s::jsonb
 WHERE id = %(feed)s AND ended_at IS NULL
"""


def marked(rejected: Iterable[Rejected], facts: Sequence[CallFact]) -> list[Rejected]:
    """The same, each known again by its call's id."""
    return [replace(one, mark=f"{facts[one.place].provider} {facts[one.place].call_id}") for one in rejected]


def note_rejected(feed: PhoneFeed, rejected: Sequence[Rejected]) -> None:
    """Count what could not be read, by why; a record that is told again is not counted again."""
    known = set(feed.rejected_marks)
    news = {mark: one.code for one in rejected if (mark := _mark(one)) not in known}
    if not news:
        return
    now, counts = clock.now(), Counter(news.values())
    feed.rejected_marks = [*feed.rejected_marks, *news][-MARKS:]
    written = {"news": json.dumps(counts), "marks": json.dumps(feed.rejected_marks)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {**written, "feed": feed.pk, "now": now, "recent": now - COUNTED_FOR})
    _log.warning("feed_records_rejected", feed=feed.public_id, **counts)


def _mark(one: Rejected) -> str:
    said = f"{one.code} {one.mark or one.place}"
    return hashlib.sha256(said.encode(errors="backslashreplace")).hexdigest()[:16]


def note_refused(feed: PhoneFeed) -> None:
    """Note that somebody pushed who could not prove to be the provider; once a minute at most.

    Anybody may try that as often as they like, and shall not make us write as often.
    """
    now = clock.now()
    if feed.refused_at is None or feed.refused_at <= now - REFUSED_EVERY:
        others = PhoneFeed.objects.exclude(refused_at__gt=now - REFUSED_EVERY)
        if others.filter(pk=feed.pk, ended_at=None).update(refused_at=now):
            _log.warning("feed_push_refused", feed=feed.public_id)
