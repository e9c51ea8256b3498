"""Row locks, always taken in one order, so that no two transactions can wait for each other.

The only caller of `select_for_update` (HOUSE, "Verbs, sets, locks, messages"). Flows open their
transaction with `locking.transaction()`; inside, `lock_*` may only go up in rank.

Locks are `FOR NO KEY UPDATE`: they exclude each other, but not the `KEY SHARE` by which whoever
inserted a row that points here makes sure of it. Those are taken at the commit (our foreign keys
are deferred), outside of every rank: waiting for a lock there closed circles.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeVar, cast

from django.db import connection, models, transaction as django_transaction

from common.failpoints import commit_point
from common.rows import from_among, read_rows

Row = TypeVar("Row", bound=models.Model)


class Rank(IntEnum):
    """The lock order of the house, lowest first."""

    # Who works for whom and where it is told comes first: such flows lock nothing of the money's
    # below, and a flow that handles money may still not reach back for a merchant's team.
    MERCHANT = 1
    MEMBER = 2
    ENDPOINT = 3
    DELIVERY = 4
    PAYMENT_CODE = 5
    MANDATE = 6
    PAYMENT = 7
    BINDING = 8
    COUPON = 9
    CAMPAIGN = 10
    PRODUCT = 11
    ORDER = 12
    ITEM = 13
    RETURN = 14
    REFUND = 15
    CUSTOMER = 16
    BALANCE = 17


class LockOrderViolated(RuntimeError):
    """A flow asked for a lock below one that it holds: a programming error."""


class TryAgain(Exception):
    """For whoever opened the transaction: it must be undone, and once more will come out otherwise."""


class _Held(threading.local):
    rank: int | None = None


_held = _Held()


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction of a flow; within another one it simply joins it."""
    if _held.rank is not None:
        yield
        return
    _held.rank = 0
    try:
        with django_transaction.atomic():
            yield
            commit_point("before")
        commit_point("after")
    finally:
        _held.rank = None


@contextmanager
def one_statement() -> Iterator[None]:
    """Around a flow's only statement that writes, where that is a transaction of its own."""
    if is_open():
        yield
        return
    commit_point("before")
    yield
    commit_point("after")


def is_open() -> bool:
    """Whether a flow's `transaction()` is under way in this thread."""
    return _held.rank is not None


def ascend_to(rank: Rank) -> None:
    """Note that rows of this rank are about to be locked; refuse to go down."""
    if _held.rank is None:
        raise LockOrderViolated("locks are taken inside locking.transaction()")
    if rank < _held.rank:
        raise LockOrderViolated(f"{rank.name} asked for while {Rank(_held.rank).name} is held")
    _held.rank = rank


def rank_of(model: type[models.Model]) -> Rank:
    """The rank that a model declares as `lock_rank`."""
    rank = getattr(model, "lock_rank", None)
    if not isinstance(rank, Rank):
        raise LockOrderViolated(f"{model.__name__} declares no lock_rank")
    return rank


def lock_rows(rows: models.QuerySet[Row], *, skip_locked: bool = False) -> list[Row]:
    """Lock the rows of a query set in the order of their keys and read them anew."""
    ascend_to(rank_of(rows.model))
    return list(rows.order_by("pk").select_for_update(of=("self",), skip_locked=skip_locked, no_key=True))


def lock_row(rows: models.QuerySet[Row], **lookup: object) -> Row | None:
    """Lock one row and read it anew; None where there is none."""
    return next(iter(lock_rows(rows.filter(**lookup))), None)


def lock_read(
    statement: str, values: Sequence[object], kind: type[Row], *beside: type[models.Model]
) -> list[tuple[models.Model, ...]]:
    """As `lock_rows`, for hot paths: a hand-written SELECT whose `t0` is locked (see `rows.read_rows`)."""
    ascend_to(rank_of(kind))
    return read_rows(f"{statement} ORDER BY t0.id FOR NO KEY UPDATE OF t0", values, kind, *beside)


def lock_among(kind: type[Row], column: str, values: Iterable[object]) -> list[Row]:
    """As `lock_rows`, in sets on hot paths: the rows whose column holds one of these values."""
    found = lock_read(f"SELECT {{0}} {from_among(kind, column)}", [list(values)], kind)
    return [cast("Row", row) for (row,) in found]


def claim_rows(rows: models.QuerySet[Row], limit: int) -> list[Row]:
    """Take up to `limit` rows of a queue that nobody else holds; they rank below everything else."""
    if _held.rank is None:
        raise LockOrderViolated("rows are claimed inside locking.transaction()")
    return list(rows.select_for_update(of=("self",), skip_locked=True, no_key=True)[:limit])


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether this process is the only one at work under `name`; it stays so for the block.

    A session's lock, not a transaction's: it falls by itself when the process or connection dies.
    """
    got = _ask_session("SELECT pg_try_advisory_lock(%s)", name)
    try:
        yield got
    finally:
        if got:
            _let_go(name)


def wait_in_transaction(name: str) -> None:
    """Wait until no other transaction is at work under `name`; it stays so until this one ends.

    For what has no row to lock; taken before any row, so that nobody who waits here holds one.
    """
    if _held.rank != 0:
        raise LockOrderViolated("waited for inside locking.transaction() and before its rows")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [turn_of(name)])


@contextmanager
def waiting_turn(name: str) -> Iterator[None]:
    """Wait until nobody else is at work under `name`, then be the only one for the block."""
    _ask_session("SELECT pg_advisory_lock(%s)", name)
    try:
        yield
    finally:
        _let_go(name)


def _ask_session(statement: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [turn_of(name)])
        (answer,) = cursor.fetchone()
    return answer is True


def turn_of(name: str) -> int:
    """The number of an advisory lock, for a hand-written statement that takes it on its way."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _let_go(name: str) -> None:
    if connection.connection is not None and not connection.connection.closed:
        _ask_session("SELECT pg_advisory_unlock(%s)", name)
