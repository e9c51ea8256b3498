"""A person's own name and language."""

from __future__ import annotations

from common import audit, ids, locking
from merchants.models import Person


def change_account(person: Person, *, name: str, language: str) -> None:
    """Save what a person says of themselves."""
    person.name, person.language = name, language
    with locking.transaction():
        person.save(update_fields=["name", "language"])
        audit.record("person.change", ids.public_id("acc", person.pk), language=language)
