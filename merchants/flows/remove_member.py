"""Ending somebody's work for a merchant; the last owner stays."""

from __future__ import annotations

from common import audit, locking
from merchants.flows.change_role import lock_with_owners
from merchants.models import Merchant


def remove_member(merchant: Merchant, member_id: int) -> None:
    """The person stays, the membership ends. Raises `NotFound`, `LastOwner`."""
    with locking.transaction():
        member = lock_with_owners(merchant, member_id, stays_owner=False)
        audit.record(
            "member.remove",
            f"member:{member.pk}",
            merchant_id=merchant.pk,
            person=str(member.person_id),
            role=member.role,
        )
        member.delete()
