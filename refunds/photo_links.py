"""Addresses of photos in answers of the API: who holds one may look, for some minutes."""

from __future__ import annotations

from django.conf import settings

from refunds.models import Photo
from refunds.photo_store import address

ANYBODY = "whoever has the address"


def link_to(photo: Photo) -> str:
    """A whole address that opens for `photo_store.ADDRESS_LASTS`."""
    return settings.BASE_URL + address(photo.pk, ANYBODY)
