"""Drains: work that waits in tables, done until there is none (HOUSE, "Messages carry nothing").

A drain is a function that does one chunk and says how much it did. `poke` after a commit only
hastens it: beat runs every drain anyway, so a lost poke is a delay and never a loss.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction

Work = Callable[[], int]
Row = TypeVar("Row")

_COALESCE_SECONDS = 0.05
_NAMED_REQUESTS = 8
_log = structlog.get_logger(__name__)


class Queue(StrEnum):
    """Where a drain's pokes wait; each queue has worker processes of its own."""

    PROMPT = "prompt"
    """Short work that somebody may be looking at the screen for."""
    BACKLOG = "backlog"
    """All else: however much of it waits, it holds up nothing that is prompt."""


@dataclass(frozen=True, slots=True)
class Drain:
    """A named piece of work; `every_seconds` is how often beat runs it without a poke."""

    name: str
    work: Work
    every_seconds: float
    queue: Queue


REGISTRY: dict[str, Drain] = {}


def register(name: str, *, every_seconds: float, queue: Queue = Queue.BACKLOG) -> Callable[[Work], Work]:
    """Make a function a drain under this name."""

    def keep(work: Work) -> Work:
        REGISTRY[name] = Drain(name, work, every_seconds, queue)
        return work

    return keep


def run(name: str, *, budget_seconds: float = 20.0) -> int:
    """Run one drain until it finds nothing (or its time is up); how much was done."""
    work = REGISTRY[name].work
    deadline = time.monotonic() + budget_seconds
    total = 0
    while True:
        done = work()
        total += done
        if not done:
            return total
        if time.monotonic() > deadline:
            poke(name)
            return total


def run_all(rounds: int = 10) -> int:
    """Run every drain until none of them finds anything (tests, simulations)."""
    total = 0
    for _round in range(rounds):
        done = sum(run(name) for name in sorted(REGISTRY))
        total += done
        if not done:
            break
    return total


def each(work: Callable[[Row], object], rows: Iterable[Row]) -> None:
    """Do claimed rows one after another; one that fails is reported and holds up none of the others.

    It comes again by itself, since claiming it has only moved its time ahead.
    """
    for row in rows:
        try:
            work(row)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            _log.error("row_failed", work=work.__qualname__, row=str(row), exc_info=error)


def chunk(work: Callable[[Collection[Row]], int], rows: Collection[Row]) -> int:
    """Do rows in one transaction or, where that fails, each in its own; how much was done.

    So one row that can't be done is reported every time, and keeps nobody else's from being done.
    """
    try:
        return work(rows)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        _log.warning("chunk_failed", work=work.__qualname__, rows=len(rows), error=repr(error))
    done = [0]
    each(lambda row: done.append(work([row])), rows)
    return sum(done)


def poke(*names: str) -> None:
    """After the present transaction commits, have a worker run these drains soon."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    transaction.on_commit(lambda: _poker().ask(names, request_id))


def queue_name(queue: Queue) -> str:
    """What the broker calls a queue: several tills may share one broker."""
    return f"{settings.BROKER_PREFIX}-{queue}"


class _Poker:
    """Sends pokes from a thread of its own: a request never waits for the broker, and many coalesce."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._asked: dict[str, set[str]] = {}  # drain → the requests that asked for it
        self._wanted = threading.Event()
        threading.Thread(target=self._loop, name="poker", daemon=True).start()

    def ask(self, names: tuple[str, ...], request_id: str) -> None:
        for name in names:
            self._asked.setdefault(name, set()).update(request_id.split(","))
        self._wanted.set()

    def _loop(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            asked, self._asked = self._asked, {}
            for name in sorted(asked):
                self._send(name, asked[name] - {""})
            time.sleep(_COALESCE_SECONDS)

    def _send(self, name: str, request_ids: set[str]) -> None:
        from common.tasks import drain

        headers = {"request_id": ",".join(sorted(request_ids)[:_NAMED_REQUESTS])} if request_ids else {}
        try:
            queue = queue_name(REGISTRY[name].queue)
            drain.apply_async((name,), queue=queue, retry=False, expires=60, headers=headers)
        except Exception as error:  # a broker that is away costs a delay, never a request
            _log.warning("poke_failed", drain=name, error=str(error))


_current: _Poker | None = None
_guard = threading.Lock()


def _poker() -> _Poker:
    global _current
    with _guard:
        if _current is None or _current.pid != os.getpid():
            _current = _Poker()
        return _current
