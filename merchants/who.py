"""Who did it, in words: the actors of events and audit entries as a merchant's people may know them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from merchants.models import Key, Member, Merchant, Person


def names_of(merchant: Merchant, actors: Collection[str]) -> dict[str, str]:
    """Each actor's name; two queries. Members and keys by name, a buyer is only "the buyer"."""
    people = _of_kind(actors, "person")
    keys = _of_kind(actors, "key")
    named = {actor: _general(actor) for actor in actors}
    members = Member.objects.filter(merchant=merchant, person_id__in=people.values()).select_related("person")
    own = {member.person_id: str(member.person) for member in members} if people else {}
    staff = set(people.values()) - own.keys()
    if staff:
        found = Person.objects.filter(pk__in=staff, is_staff=True).values_list("pk", flat=True)
        own |= {person_id: _("Livetill staff") for person_id in found}
    named |= {actor: own[person_id] for actor, person_id in people.items() if person_id in own}
    if keys:
        mine = Key.objects.filter(merchant=merchant, pk__in=keys.values())
        words = {key.pk: _("Key “%(name)s”") % {"name": key.name or key.hint + "…"} for key in mine}
        named |= {actor: words[key_id] for actor, key_id in keys.items() if key_id in words}
    return named


def _of_kind(actors: Collection[str], kind: str) -> dict[str, UUID]:
    found = {}
    for actor in actors:
        head, _colon, tail = actor.partition(":")
        if head == kind:
            try:
                found[actor] = UUID(hex=tail)
            except ValueError:
                continue
    return found


def _general(actor: str) -> str:
    if actor.startswith(("person:", "key:")):
        return _("The buyer")
    if actor.startswith("gateway:"):
        return _("The payment provider")
    return _("By itself")
