"""Making a key for a merchant's programs; it is shown once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from merchants.keys import make_key, new_secret
from merchants.models import Key, Merchant
from merchants.refusals import TooManyKeys
from merchants.scopes import MERCHANT_SCOPES

MAX_KEYS = 50
MAX_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Made:
    """The key, and its secret in plain."""

    key: Key
    secret: str


def create_key(merchant: Merchant, name: str, scopes: Sequence[str]) -> Made:
    """A new key with these scopes. Raises `TooManyKeys`, and `InvalidInput` for a bad name or scope."""
    name = name.strip()
    _check(name, scopes)
    secret = new_secret("mk")
    key = make_key(merchant, secret=secret, name=name, scopes=sorted(set(scopes)))
    with locking.transaction():
        # The merchant's row makes those who count wait for each other.
        if locking.lock_row(Merchant.objects.all(), pk=merchant.pk) is None:
            raise NotFound
        if Key.objects.filter(merchant=merchant, revoked_at=None).count() >= MAX_KEYS:
            raise TooManyKeys
        key.save(force_insert=True)
        audit.record("key.create", f"key:{key.pk.hex}", merchant_id=merchant.pk, name=name, scopes=key.scopes)
    return Made(key, secret)


def _check(name: str, scopes: Sequence[str]) -> None:
    problems = []
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        problems.append(
            FieldProblem(
                "name", "invalid", _("A name of 1 to %(most)d characters.") % {"most": MAX_NAME_LENGTH}
            )
        )
    if not scopes or not set(scopes) <= set(MERCHANT_SCOPES):
        problems.append(FieldProblem("scopes", "invalid", _("At least one of the known scopes.")))
    if problems:
        raise InvalidInput(*problems)
