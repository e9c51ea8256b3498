"""Accepting an invitation: whoever was invited, signed in, becomes a member."""

from __future__ import annotations

from common import audit, clock, locking
from merchants.keys import digest
from merchants.models import Invitation, Member, Merchant, Person
from merchants.refusals import InvitationForAnother, InvitationInvalid


def accept_invitation(token: str, person: Person) -> Member:
    """Make the person a member; who works there already keeps the role they have.

    Raises `InvitationInvalid`, `InvitationForAnother`.
    """
    moment = clock.now()
    with locking.transaction():
        # The merchant's row first, as everywhere in the team's flows: then the invitation stays as read.
        found = find_invitation(token)
        locking.lock_row(Merchant.objects.all(), pk=found.merchant_id)
        invitation = find_invitation(token)
        if (person.email or "").lower() != invitation.email:
            raise InvitationForAnother
        accepted = Invitation.objects.filter(pk=invitation.pk, accepted_at=None)
        if not accepted.update(accepted_at=moment, send_at=None, token_sealed=None):
            raise InvitationInvalid
        member, _made = Member.objects.get_or_create(
            merchant_id=invitation.merchant_id, person=person, defaults={"role": invitation.role}
        )
        audit.record(
            "member.join", f"member:{member.pk}", merchant_id=invitation.merchant_id, role=member.role
        )
    return member


def find_invitation(token: str) -> Invitation:
    """The open invitation behind a link's token, its merchant loaded. Raises `InvitationInvalid`."""
    invitation = Invitation.objects.select_related("merchant").filter(token_hash=digest(token)).first()
    if invitation is None or not invitation.is_open(clock.now()):
        raise InvitationInvalid
    return invitation
