"""The audit trail of what no event tells: settings, keys, people, notes (events keep their own actor)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from common import actors
from common.models import AuditEntry


def entry(verb: str, subject: str, *, merchant_id: UUID | None = None, **detail: Any) -> AuditEntry:
    """An unsaved audit row by the present actor, for `insert_together`."""
    return AuditEntry(
        actor=actors.current(), verb=verb, subject=subject, merchant_id=merchant_id, detail=detail
    )


def record(verb: str, subject: str, *, merchant_id: UUID | None = None, **detail: Any) -> None:
    """Write an audit row by the present actor, in the caller's transaction."""
    entry(verb, subject, merchant_id=merchant_id, **detail).save(force_insert=True)
