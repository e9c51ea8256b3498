"""Who is acting: one word kept for the length of a request or a task, written by audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SYSTEM = "system"

_actor: ContextVar[str] = ContextVar("livetill_actor", default=SYSTEM)


def current() -> str:
    """The actor of this request or task, such as `key:…`, `person:…` or `system`."""
    return _actor.get()


def become(actor: str) -> None:
    """From here on, in this request, `actor` is who acts."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Inside the block `actor` is who acts."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)
