"""The digits of payment codes (FLOWS 2): what they look like, and what is kept of them."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from django.utils.crypto import salted_hmac

PREFIX = "66"
"""Tills send 10-15 to WeChat and 25-30 to Alipay; this is neither's."""

_RANDOM_DIGITS = 16
_FORM = re.compile(rf"{PREFIX}[0-9]{{{_RANDOM_DIGITS}}}")

LIVES_FOR = timedelta(seconds=60)
GRACE = timedelta(seconds=5)
"""A code that was scanned in its last moment, and reaches us after it."""


def new_code() -> str:
    """18 digits, 16 of them random."""
    return PREFIX + f"{secrets.randbelow(10**_RANDOM_DIGITS):0{_RANDOM_DIGITS}d}"


def is_code(text: str) -> bool:
    """Whether it could have been issued at all."""
    return _FORM.fullmatch(text) is not None


def digest_of(code: str) -> bytes:
    """What is kept of a code. Keyed: there are few enough codes to try all digests of a plain hash."""
    return salted_hmac("payments.code", code, algorithm="sha256").digest()
