"""Asking the feeds that are due for calls (FLOWS 1).

Several feeds run side by side, each in a thread of its own, so that a slow one holds up none of the
others; one feed is asked by one process at a time (`ask_feed`).
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import connection

from common import clock, drains
from orders.flows.ask_feed import ask_feed
from orders.models import PhoneFeed

DRAIN = "poll_feeds"
UNDER_WAY = 8
BUDGET_SECONDS = 10
ELSEWHERE_SECONDS = 1
TICK = timedelta(milliseconds=100)
_SECOND_NS = 1_000_000_000

_log = structlog.get_logger(__name__)


@drains.register(DRAIN, every_seconds=1, queue=drains.Queue.PROMPT)
def poll_feeds() -> int:
    """Ask every feed that is due until none is, or the time is up; how many were asked.

    Whoever waits for a slow feed goes on asking the others, again and again, also when the time is up:
    there is nothing else that this process could do meanwhile.
    """
    if connection.in_atomic_block:  # what is not committed yet, no other thread sees
        return sum(ask_feed(feed_id) for feed_id in _due())
    with ThreadPoolExecutor(UNDER_WAY, thread_name_prefix="feed") as pool:
        polling = _Polling(pool)
        while polling.begin():
            polling.look()
    return polling.asked


@dataclass
class _Polling:
    """What is under way, and what was begun while there was time."""

    pool: ThreadPoolExecutor
    deadline_ns: int = 0
    asked: int = 0
    under_way: dict[Future[int], UUID] = field(default_factory=dict)
    in_time: set[Future[int]] = field(default_factory=set)
    elsewhere: dict[UUID, int] = field(default_factory=dict)
    """Feeds that somebody else is at → when to look at them again."""

    def begin(self) -> bool:
        """Begin to ask what is due; whether anything is under way."""
        moment_ns = time.monotonic_ns()
        self.deadline_ns = self.deadline_ns or moment_ns + BUDGET_SECONDS * _SECOND_NS
        is_time = moment_ns <= self.deadline_ns
        if (is_time or self.in_time) and len(self.under_way) < UNDER_WAY:
            for feed_id in self._free(moment_ns)[: UNDER_WAY - len(self.under_way)]:
                future = self.pool.submit(_poll_in_thread, feed_id)
                self.under_way[future] = feed_id
                if is_time:
                    self.in_time.add(future)
        return bool(self.under_way)

    def _free(self, moment_ns: int) -> list[UUID]:
        busy = set(self.under_way.values())
        return [due for due in _due() if due not in busy and self.elsewhere.get(due, 0) <= moment_ns]

    def look(self) -> None:
        """Wait a tick for something to end, and note what has."""
        done, _rest = wait(self.under_way, timeout=TICK.total_seconds(), return_when=FIRST_COMPLETED)
        for future in done:
            feed_id = self.under_way.pop(future)
            self.in_time.discard(future)
            self.asked += future.result()
            if not future.result():
                self.elsewhere[feed_id] = time.monotonic_ns() + ELSEWHERE_SECONDS * _SECOND_NS


def _due() -> list[UUID]:
    due = PhoneFeed.objects.filter(ended_at=None, due_at__lte=clock.now())
    return list(due.order_by("due_at").values_list("pk", flat=True)[:100])


def _poll_in_thread(feed_id: UUID) -> int:
    try:
        return ask_feed(feed_id)
    except Exception as error:
        _log.error("feed_not_noted", feed=str(feed_id), exc_info=error)
        return 0
    finally:
        connection.close()
