"""A buyer by phone number: made at the first mention, the same one ever after."""

from __future__ import annotations

from merchants.models import Person


def find_or_make_buyer(phone: str) -> Person:
    """The person of an E.164 number; safe when many ask at once (unique phone)."""
    found = Person.objects.filter(phone=phone).first()
    if found is not None:
        return found
    unusable = Person(phone=phone)
    unusable.set_unusable_password()
    Person.objects.bulk_create([unusable], ignore_conflicts=True)
    return Person.objects.get(phone=phone)
