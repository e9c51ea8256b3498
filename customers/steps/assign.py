"""Step: assign the customer to a member, each in turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext as _, gettext_lazy

from common import clock
from common.refusals import FieldProblem, InvalidInput
from customers.models import Customer
from customers.steps.base import Job, StepFailed, StepKind, register
from merchants.models import Member
from merchants.models.merchants import Role


class _CameLate(Exception):
    """Somebody else took the turn meanwhile."""


_TICK = timedelta(microseconds=1)


@register
class AssignStep(StepKind):
    """`{roles?}`: among members of these roles (all of them by default), the longest waiting."""

    name = "assign"
    label = gettext_lazy("Assign to a member")
    help = gettext_lazy("Gives each new customer to the member who has waited longest.")
    also_returning = True
    fields = frozenset({"roles"})

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        roles = settings.get("roles") or list(Role.values)
        if not isinstance(roles, list | tuple) or any(role not in Role.values for role in roles):
            raise InvalidInput(FieldProblem("roles", "invalid", _("There is no such role.")))
        return {"roles": [role for role in Role.values if role in roles]}

    def apply(self, job: Job) -> dict[str, Any]:
        if job.customer.assigned_to_id is not None:
            return {"member": job.customer.assigned_to_id, "kept": True}
        member_id = next_member(job.merchant.pk, job.step.settings["roles"])
        Customer.objects.filter(pk=job.customer.pk).update(assigned_to_id=member_id)
        return {"member": member_id}


def next_member(merchant_id: UUID, roles: Collection[str]) -> int:
    """Take the turn of the member who has waited longest; raises `StepFailed` where there is none.

    The turn is taken by a conditional update: of two at once the second sees that it came late
    and looks again, so that no turn is given twice and shares differ by one at most.
    """
    members = Member.objects.filter(merchant_id=merchant_id, role__in=roles, person__is_active=True)
    while True:
        longest = _longest_waiting(members)
        if longest is None:
            raise StepFailed("no_member")
        if _take_turn(longest):
            return longest.pk


def _longest_waiting(members: QuerySet[Member]) -> Member | None:
    return members.order_by(F("last_assigned_at").asc(nulls_first=True), "pk").first()


def _take_turn(member: Member) -> bool:
    """Whether the turn was still this member's. Turns are numbered by time, each after the last.

    PostgreSQL keeps the lock of a row whose second look failed: the savepoint gives it back, or two
    that look again could wait for each other.
    """
    try:
        with transaction.atomic():
            _write_turn(member)
    except _CameLate:
        return False
    return True


def _write_turn(member: Member) -> None:
    colleagues = Member.objects.filter(merchant_id=member.merchant_id)
    last = colleagues.aggregate(last=Max("last_assigned_at"))["last"]
    moment = max(clock.now(), last + _TICK) if last else clock.now()
    unchanged = Member.objects.filter(pk=member.pk, last_assigned_at=member.last_assigned_at)
    if not unchanged.update(last_assigned_at=moment):
        raise _CameLate
