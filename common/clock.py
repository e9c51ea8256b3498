"""The only reader of the time in flows, so that tests and simulations can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.utils import timezone

_offset = timedelta(0)


def now() -> datetime:
    """The present moment, aware, moved by whatever `moved` says."""
    return timezone.now() + _offset


def today() -> date:
    """The calendar day of the present moment in the project's time zone."""
    return timezone.localdate(now())


def offset() -> timedelta:
    """How far this process's clock is from the machine's."""
    return _offset


def advance(delta: timedelta) -> None:
    """Move this process's clock by `delta` from here on (simulations)."""
    global _offset
    _offset += delta


@contextmanager
def moved(delta: timedelta) -> Iterator[None]:
    """Inside the block this process's clock is `delta` away from where it was."""
    advance(delta)
    try:
        yield
    finally:
        advance(-delta)
