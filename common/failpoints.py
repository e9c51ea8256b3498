"""Places where a process may die: around every commit and every call to somebody outside.

In service they do nothing. The crash simulator arms one, and there the "process" ends, as a
kill -9 would end it: with `Crash`, which nothing catches, between two statements that matter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

Hook = Callable[[str], None]


class Crash(BaseException):
    """The process is gone; not an `Exception`, so that no handler takes it for a failure."""


_hook: Hook | None = None


def arm(hook: Hook | None) -> None:
    """Have `hook` called with the name of every fail point that is passed; None disarms."""
    global _hook
    _hook = hook


def failpoint(name: str) -> None:
    """A place where the process may die."""
    if _hook is not None:
        _hook(name)


def commit_point(moment: str) -> None:
    """The fail point before or after the commit of the flow that opened the transaction."""
    if _hook is not None:
        _hook(f"{_flow_name()}:{moment}_commit")


def _flow_name() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals["__name__"] in ("common.locking", "contextlib"):
        frame = frame.f_back
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"
