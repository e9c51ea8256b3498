"""Sealing what must be readable later but not by whoever reads the database."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [Fernet(urlsafe_b64encode(hashlib.sha256(b"seal:" + key.encode()).digest())) for key in keys]
    )


def seal(plain: bytes) -> bytes:
    """Encrypt and authenticate with the project's secret key."""
    return _box((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).encrypt(plain)


def unseal(sealed: bytes) -> bytes:
    """What `seal` was given; `cryptography.fernet.InvalidToken` if it was not ours."""
    return _box((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)).decrypt(bytes(sealed))


def derived(purpose: str, nbytes: int = 24) -> bytes:
    """Bytes that depend on the project's secret key and the purpose alone."""
    return hmac.new(settings.SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).digest()[:nbytes]
