"""Taking an invitation back before it is accepted."""

from __future__ import annotations

from uuid import UUID

from common import audit, ids, locking
from common.refusals import NotFound
from merchants.models import Invitation, Merchant


def withdraw_invitation(merchant: Merchant, invitation_id: UUID) -> None:
    """Its link opens nothing any more. Raises `NotFound`, also when it was accepted."""
    with locking.transaction():
        mine = Invitation.objects.filter(merchant=merchant, pk=invitation_id, accepted_at=None)
        if not mine.delete()[0]:
            raise NotFound
        audit.record("member.withdraw", ids.public_id("inv", invitation_id), merchant_id=merchant.pk)
