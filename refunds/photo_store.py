"""Where the cleaned photos lie, and the addresses under which they are shown for some minutes.

The storage is Django's, named "photos" in the settings: a folder that no web server serves, or a
private bucket. Storage may be far away: call these outside of transactions.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from common import clock
from common.refusals import NotFound

STORAGE = "photos"
ADDRESS_LASTS = timedelta(minutes=5)
ADDRESS_NAME = "refund_photo"
"""The route that serves a photo; it takes the token as its only argument."""


def keep(refund_id: UUID, number: int, jpeg: bytes) -> str:
    """Store a refund's photo (the `number`th) and return the name by which the storage knows it.

    The same refund and number again replace what was there, where the storage is set up to do so.
    """
    digits = refund_id.hex  # its last digits are random: they spread the files over 256 folders
    return _storage().save(f"{digits[-2:]}/{digits}-{number}.jpg", ContentFile(jpeg))


def read(name: str) -> bytes:
    """The photo's bytes; raises `NotFound` for one that is not there any more."""
    try:
        with _storage().open(name) as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise NotFound from error


def forget(name: str) -> None:
    """Remove a photo; one that is not there stays so."""
    _storage().delete(name)


def address(photo_id: UUID, viewer: str) -> str:
    """A path that shows the photo to `viewer` for five minutes, and to nobody else.

    `viewer` is a word for who looks, as in `common.actors`: a buyer, a member, staff, a key.
    """
    return reverse(ADDRESS_NAME, args=[token(photo_id, viewer)])


def token(photo_id: UUID, viewer: str) -> str:
    """The signed word in such a path."""
    until = int((clock.now() + ADDRESS_LASTS).timestamp())
    return _signer().sign_object({"photo": photo_id.hex, "viewer": viewer, "until": until})


def check(told: str, viewers: Collection[str]) -> UUID:
    """The photo that a token opens to one of `viewers` (all that the person asking is).

    Raises `NotFound` for a forged or old token and for one that was made for somebody else. Whether
    the viewer may still see the photo is the caller's to ask.
    """
    try:
        meant: dict[str, Any] = _signer().unsign_object(told)
    except BadSignature as error:
        raise NotFound from error
    if meant["viewer"] not in viewers or meant["until"] < clock.now().timestamp():
        raise NotFound
    return UUID(hex=meant["photo"])


def _signer() -> Signer:
    return Signer(salt="refunds.photo")


def _storage() -> Storage:
    return storages[STORAGE]
