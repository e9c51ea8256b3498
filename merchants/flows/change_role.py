"""Giving a member another role; the last owner keeps theirs."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.rows import save_states
from merchants.models import Member, Merchant
from merchants.models.merchants import Role
from merchants.refusals import LastOwner


def change_role(merchant: Merchant, member_id: int, role: str) -> Member:
    """Raises `NotFound`, `LastOwner`, and `InvalidInput` for what is no role."""
    if role not in Role.values:
        raise InvalidInput(
            FieldProblem("role", "invalid", _("One of: %(known)s.") % {"known": ", ".join(Role.values)})
        )
    with locking.transaction():
        member = lock_with_owners(merchant, member_id, stays_owner=role == Role.OWNER)
        before, member.role = member.role, role
        save_states([member], ["role"])
        audit.record("member.role", f"member:{member.pk}", merchant_id=merchant.pk, before=before, role=role)
    return member


def lock_with_owners(merchant: Merchant, member_id: int, *, stays_owner: bool) -> Member:
    """Lock a member and all owners, so that two owners can't leave at once.

    Raises `NotFound`, and `LastOwner` where nobody else would be one.
    """
    concerned = Member.objects.filter(Q(role=Role.OWNER) | Q(pk=member_id), merchant=merchant)
    locked = {member.pk: member for member in locking.lock_rows(concerned)}
    member = locked.get(member_id)
    if member is None:
        raise NotFound
    owners = [other for other in locked.values() if other.role == Role.OWNER]
    if owners == [member] and not stays_owner:
        raise LastOwner
    return member
