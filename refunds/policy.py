"""A merchant's rules over the platform's."""

from __future__ import annotations

from dataclasses import fields
from uuid import UUID

from refunds.deciding import PLATFORM, Policy
from refunds.models import RefundPolicy

_NAMES = [field.name for field in fields(Policy)]


def policy_of(merchant_id: UUID) -> Policy:
    """What decides about this merchant's refunds now."""
    own = RefundPolicy.objects.filter(merchant_id=merchant_id).values(*_NAMES).first()
    return PLATFORM.over(own) if own else PLATFORM
