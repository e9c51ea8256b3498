"""Proving that the money agrees: a registry of checks, run over one snapshot of the database.

An app keeps its checks in a module `reconcile.py`, found like `admin.py`; each is a function that
yields a `Difference` for everything that is wrong. Checks only read, in statements over whole sets
(`rows`), so that millions of rows are a matter of seconds and the till may run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

_WORK_MEMORY = "64MB"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree; a notice is worth a look, but the money agrees all the same."""

    subject: str
    detail: str
    is_notice: bool = False

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}"


Check = Callable[[], Iterable[Difference]]

CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a check under a name that no other one has."""

    def keep(function: Check) -> Check:
        if CHECKS.setdefault(name, function) is not function:
            raise ValueError(f"two checks are named {name!r}")
        return function

    return keep


def differences(names: Sequence[str] | None = None) -> Iterator[tuple[str, Difference]]:
    """Run the checks (all of them, or those named) and yield what they find, with the check's name."""
    with snapshot():
        for name in sorted(CHECKS) if names is None else names:
            for difference in CHECKS[name]():
                yield name, difference


@contextmanager
def snapshot() -> Iterator[None]:
    """One unchanging view of the database for all reads inside; writes are refused.

    Within a transaction (a test's) it is that transaction's view.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
        yield


def rows(sql: str, parameters: Sequence[Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, fetched a chunk at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        yield from cursor
