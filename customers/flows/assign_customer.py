"""Assigning a customer to a member by hand."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput
from customers.flows.lock_customer import lock_customer
from customers.models import Customer
from merchants.models import Member, Merchant


def assign_customer(merchant: Merchant, customer_id: UUID, member_id: int | None) -> Customer:
    """Assign to one of the merchant's members, or to nobody. Raises `NotFound`, `InvalidInput`."""
    if member_id is not None and not Member.objects.filter(merchant=merchant, pk=member_id).exists():
        raise InvalidInput(FieldProblem("member", "unknown", _("Nobody of your team.")))
    with locking.transaction():
        customer = lock_customer(merchant, customer_id)
        before, customer.assigned_to_id = customer.assigned_to_id, member_id
        customer.save(update_fields=["assigned_to"])
        audit.record(
            "customer.assign", customer.public_id, merchant_id=merchant.pk, before=before, after=member_id
        )
        return customer
