"""Taking hold of customers that a merchant's person wants to change."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from common import locking
from common.refusals import NotFound
from customers.models import Customer
from merchants.models import Merchant

Family = dict[UUID, Customer]


def lock_customer(merchant: Merchant, customer_id: UUID) -> Customer:
    """The merchant's listed customer, locked; raises `NotFound` for any other."""
    customer = locking.lock_row(Customer.objects.filter(merchant=merchant), pk=customer_id)
    if customer is None or not customer.is_listed:
        raise NotFound
    return customer


def lock_family(merchant: Merchant, chosen: Collection[UUID]) -> Family:
    """These customers of the merchant and whoever was merged into them, locked."""
    family = Customer.objects.filter(merchant=merchant)
    rows = locking.lock_rows(family.filter(Q(pk__in=chosen) | Q(merged_into__in=chosen)))
    return {row.pk: row for row in rows}


def listed(family: Family, customer_id: UUID) -> Customer:
    """A listed customer of a locked family; raises `NotFound` for any other."""
    customer = family.get(customer_id)
    if customer is None or not customer.is_listed:
        raise NotFound
    return customer
