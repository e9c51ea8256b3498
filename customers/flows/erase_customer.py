"""Erasing a customer who asked for it: nothing of the person stays, the money's history does."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, clock, locking
from common.refusals import FieldProblem, InvalidInput
from common.rows import save_states
from customers.flows.lock_customer import listed, lock_family
from customers.models import Customer, CustomerNote, CustomerTag, StepRun, StepState
from merchants.models import Merchant

REASON_LENGTH = 300


def erase_customer(merchant: Merchant, customer_id: UUID, reason: str) -> Customer:
    """Cut the link to the person, delete notes and tags; steps still to come are given up.

    Whoever was merged into the customer goes with it. Orders and payments stay; should the person
    agree again one day, a new customer begins. Raises `NotFound`, `InvalidInput`.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH or "\x00" in reason:
        raise InvalidInput(
            FieldProblem(
                "reason", "invalid", _("A reason has 1 to %(most)d characters.") % {"most": REASON_LENGTH}
            )
        )
    with locking.transaction():
        family = lock_family(merchant, [customer_id])
        customer = listed(family, customer_id)
        _forget(list(family.values()))
        audit.record("customer.erase", customer.public_id, merchant_id=merchant.pk, reason=reason)
        return customer


def _forget(family: list[Customer]) -> None:
    moment = clock.now()
    for one in family:
        one.person, one.assigned_to, one.erased_at = None, None, moment
    save_states(family, ["person", "assigned_to", "erased_at"])
    CustomerNote.objects.filter(customer__in=family).delete()
    CustomerTag.objects.filter(customer__in=family).delete()
    # Those that wait may be in hand; they meet the erasure when they are tried next.
    ended = StepRun.objects.filter(run__customer__in=family).exclude(state=StepState.WAITING)
    ended.exclude(error="").update(error="…")
