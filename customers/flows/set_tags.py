"""Saying which tags a customer has."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from common import audit, locking
from customers.flows.lock_customer import lock_customer
from customers.models import CustomerTag, Tag
from customers.tagging import add_tags, clean_names, find_or_make_tags
from merchants.models import Merchant


def set_tags(merchant: Merchant, customer_id: UUID, names: Iterable[str]) -> list[Tag]:
    """From now on the customer has these tags and no others. Raises `NotFound`, `InvalidInput`."""
    wanted = clean_names(names)
    with locking.transaction():
        customer = lock_customer(merchant, customer_id)
        tags = find_or_make_tags(merchant, wanted)
        links = CustomerTag.objects.filter(customer=customer)
        before = set(links.values_list("tag_id", flat=True))
        after = {tag.pk for tag in tags}
        links.filter(tag_id__in=before - after).delete()
        add_tags(customer, [tag for tag in tags if tag.pk not in before])
        if before != after:
            audit.record(
                "customer.tags",
                customer.public_id,
                merchant_id=merchant.pk,
                added=sorted(str(pk) for pk in after - before),
                removed=sorted(str(pk) for pk in before - after),
            )
        return sorted(tags, key=lambda tag: tag.name.lower())
