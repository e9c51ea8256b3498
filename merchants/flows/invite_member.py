"""Inviting somebody to work for a merchant, by e-mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language, gettext as _

from common import audit, clock, drains, ids, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.secrets import seal
from merchants.flows.send_invitations import DRAIN
from merchants.keys import digest
from merchants.models import Invitation, Member, Merchant
from merchants.models.merchants import Role
from merchants.refusals import AlreadyMember, InvitedJustNow, TooManyInvitations

VALID_FOR = timedelta(days=7)
AGAIN_AFTER = timedelta(minutes=1)
MAX_OPEN = 50


def invite_member(merchant: Merchant, email: str, role: str) -> Invitation:
    """Invite an address; its e-mail is sent by a drain. Inviting it again makes the earlier link void.

    Raises `AlreadyMember`, `TooManyInvitations`, `InvitedJustNow`, and `InvalidInput` for what is
    no address or role.
    """
    email = email.strip().lower()
    _check(email, role)
    moment, token = clock.now(), ids.new_token()
    with locking.transaction():
        # The merchant's row makes those who invite wait for each other.
        if locking.lock_row(Merchant.objects.all(), pk=merchant.pk) is None:
            raise NotFound
        _make_room(merchant, email, moment)
        invitation = Invitation(
            merchant=merchant,
            email=email,
            role=role,
            language=get_language() or "",
            token_hash=digest(token),
            token_sealed=seal(token.encode()),
            expires_at=moment + VALID_FOR,
            created_at=moment,
            send_at=moment,
        )
        invitation.save(force_insert=True)
        audit.record("member.invite", invitation.public_id, merchant_id=merchant.pk, email=email, role=role)
        drains.poke(DRAIN)
    return invitation


def _check(email: str, role: str) -> None:
    problems = []
    try:
        validate_email(email)
    except ValidationError:
        problems.append(FieldProblem("email", "invalid", _("Not an e-mail address.")))
    if len(email) > 254:
        problems.append(FieldProblem("email", "too_long", _("An e-mail address has at most 254 characters.")))
    if role not in Role.values:
        problems.append(
            FieldProblem("role", "invalid", _("One of: %(known)s.") % {"known": ", ".join(Role.values)})
        )
    if problems:
        raise InvalidInput(*problems)


def _make_room(merchant: Merchant, email: str, moment: datetime) -> None:
    if Member.objects.filter(merchant=merchant, person__email=email).exists():
        raise AlreadyMember
    waiting = Invitation.objects.filter(merchant=merchant, accepted_at=None)
    if waiting.filter(email=email, created_at__gt=moment - AGAIN_AFTER).exists():
        raise InvitedJustNow
    waiting.filter(email=email).delete()
    if waiting.filter(expires_at__gt=moment).count() >= MAX_OPEN:
        raise TooManyInvitations
