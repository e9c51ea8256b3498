"""Staff keep a person out, and let them in again: pages, keys and codes at once."""

from __future__ import annotations

from uuid import UUID

from common import audit, locking
from common.refusals import InvalidState, NotFound
from merchants.models import Person


def block_person(person_id: UUID, reason: str) -> None:
    """No signing in, no token from here on. Raises `NotFound`, `InvalidState`."""
    _set(person_id, active=False, verb="person.block", reason=reason)


def unblock_person(person_id: UUID, reason: str) -> None:
    """As before. Raises `NotFound`, `InvalidState` where nothing was blocked."""
    _set(person_id, active=True, verb="person.unblock", reason=reason)


def _set(person_id: UUID, *, active: bool, verb: str, reason: str) -> None:
    with locking.transaction():
        person = Person.objects.filter(pk=person_id)
        if not person.filter(is_active=not active).update(is_active=active):
            raise InvalidState if person.exists() else NotFound
        audit.record(verb, f"person:{person_id.hex}", reason=reason)
