"""Revoking a key: from the next request on it is unknown."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from merchants.models import Key, Merchant
from merchants.refusals import KeyRevoked


def revoke_key(key_id: UUID, *, of: Merchant | None = None, reason: str = "") -> None:
    """Revoke a key `of` a merchant, or anybody's (staff). Raises `NotFound`, `KeyRevoked`."""
    keys = Key.objects.all() if of is None else Key.objects.filter(merchant=of)
    with locking.transaction():
        key = keys.filter(pk=key_id).first()
        if key is None:
            raise NotFound
        if not keys.filter(pk=key_id, revoked_at=None).update(revoked_at=clock.now()):
            raise KeyRevoked
        audit.record(
            "key.revoke", f"key:{key.pk.hex}", merchant_id=key.merchant_id, name=key.name, reason=reason
        )
