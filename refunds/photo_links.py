"""Addresses of photos: who holds one may look, for some minutes."""

from __future__ import annotations

from django.conf import settings

from refunds.models import Photo
from refunds.photo_store import address

ANYBODY = "whoever has the address"


def path_to(photo: Photo) -> str:
    """A path for this site's own pages; it opens for `photo_store.ADDRESS_LASTS`."""
    return address(photo.pk, ANYBODY)


def link_to(photo: Photo) -> str:
    """The whole address, for the API."""
    return f"{settings.BASE_URL}{path_to(photo)}"
