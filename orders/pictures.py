"""Pictures of products: from our own address or one that the operator trusts, else a drawn tile.

A picture's address is the merchant's word. Fetching any address from our side would let merchants
reach into our network; letting browsers fetch any address would tell strangers who looks at a shop.
So `IMAGE_SOURCES` names the origins that the site's policy (`img-src`) and this file both allow.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from orders.models import Product

TILES = 6


def picture_of(product: Product) -> str:
    """The address of a product's picture where the site's policy lets browsers load it, else empty."""
    try:
        parts = urlsplit(product.image)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    allowed = {settings.BASE_URL, *settings.IMAGE_SOURCES}
    return product.image if parts.netloc and (origin in allowed or f"{parts.scheme}:" in allowed) else ""


def tile_of(product: Product) -> int:
    """Which of the drawn tiles stands for a product without a picture; always the same one."""
    return product.pk.int % TILES + 1
