"""The addresses by which coupons reach buyers, as they stand in codes and messages."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from coupons.models import ClaimLink, ShareOffer


def claim_url(link: ClaimLink) -> str:
    """What a claim link's QR holds."""
    return f"{settings.BASE_URL}{reverse('claim', args=[link.token])}"


def gift_url(offer: ShareOffer) -> str:
    """What one customer sends to another."""
    return f"{settings.BASE_URL}{reverse('gift', args=[offer.token])}"
