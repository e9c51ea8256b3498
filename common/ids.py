"""Identifiers: UUIDv7 inside, prefixed opaque strings outside (SURFACE, "API conventions")."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from common import clock

_TOKEN_BYTES = 16
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HEX_DIGITS = frozenset("0123456789abcdef")


def new_id() -> UUID:
    """A time-ordered UUID (version 7) of `clock.now()`, good as a primary key and as a journal's id."""
    made = uuid7()
    ahead = clock.offset()
    return UUID(int=made.int + (ahead // _MILLISECOND << 80)) if ahead else made


def first_id_at(moment: datetime, later: timedelta = timedelta(0)) -> UUID:
    """The lowest id of a millisecond: a time, or one `later`, as a bound on keys (RFC 9562, version 7)."""
    milliseconds = max((moment - _EPOCH + later) // _MILLISECOND, 0)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


def public_id(prefix: str, value: UUID) -> str:
    """What the outside sees of an id: `ord_` and 32 hexadecimal digits."""
    return f"{prefix}_{value.hex}"


def parse_public_id(prefix: str, text: object) -> UUID | None:
    """The id behind a public one, or None for anything that is not exactly such a string."""
    head = prefix + "_"
    if not isinstance(text, str) or len(text) != len(head) + 32 or not text.startswith(head):
        return None
    digits = text[len(head) :]
    return UUID(hex=digits) if _HEX_DIGITS.issuperset(digits) else None


def new_token() -> str:
    """An unguessable word for an address (128 random bits, safe in a URL)."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_digit_code() -> str:
    """A 16-digit code for a label: 15 random digits and a Luhn check digit; never starts with 0."""
    body = str(secrets.randbelow(9) + 1) + f"{secrets.randbelow(10**14):014d}"
    return body + luhn_digit(body)


def luhn_digit(digits: str) -> str:
    """The check digit (ISO/IEC 7812-1) that makes `digits` plus itself pass the Luhn test."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)
