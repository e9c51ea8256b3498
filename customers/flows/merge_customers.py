"""Two customers who turn out to be one: merging, and taking that back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from common import actors, audit, clock, locking
from common.refusals import NotFound
from customers.flows.lock_customer import Family, listed, lock_family
from customers.models import Customer, CustomerMerge, CustomerTag
from customers.refusals import MergedFurther, MergeUndone, SameCustomer
from merchants.models import Merchant


def merge_customers(merchant: Merchant, source_id: UUID, target_id: UUID) -> CustomerMerge:
    """From now on the source is part of the target: its orders, notes, tags, later payments.

    Raises `SameCustomer`, `NotFound`.
    """
    if source_id == target_id:
        raise SameCustomer
    with locking.transaction():
        family = lock_family(merchant, [source_id, target_id])
        source, target = listed(family, source_id), listed(family, target_id)
        merge = CustomerMerge(
            merchant=merchant,
            source=source,
            target=target,
            moved=_move(source, target, family),
            at=clock.now(),
            actor=actors.current(),
        )
        merge.save(force_insert=True)
        _note("customer.merge", merge)
        return merge


def undo_merge(merchant: Merchant, merge_id: UUID) -> CustomerMerge:
    """Take a merge back: both are as they were, but for what happened since.

    Raises `NotFound`, `MergeUndone`, `MergedFurther` (the later merge is undone first).
    """
    found = CustomerMerge.objects.filter(merchant=merchant, pk=merge_id).first()
    if found is None:
        raise NotFound
    with locking.transaction():
        family = lock_family(merchant, [found.source_id, found.target_id])
        merge = CustomerMerge.objects.get(pk=merge_id)
        source, target = family[merge.source_id], family[merge.target_id]
        if merge.undone_at is not None:
            raise MergeUndone
        if source.erased_at is not None:
            raise NotFound
        if target.merged_into_id is not None:
            raise MergedFurther
        _move_back(merge, source, target)
        merge.undone_at = clock.now()
        merge.save(update_fields=["undone_at"])
        _note("customer.unmerge", merge)
        return merge


def _move(source: Customer, target: Customer, family: Family) -> dict[str, Any]:
    children = [row.pk for row in family.values() if row.merged_into_id == source.pk]
    Customer.objects.filter(pk__in=[source.pk, *children]).update(merged_into=target)
    takes_over = target.assigned_to_id is None and source.assigned_to_id is not None
    if takes_over:
        Customer.objects.filter(pk=target.pk).update(assigned_to=source.assigned_to_id)
    return {
        "customers": [str(pk) for pk in children],
        "tags": [str(pk) for pk in _copy_tags(source, target)],
        "assigned_to": source.assigned_to_id if takes_over else None,
    }


def _copy_tags(source: Customer, target: Customer) -> list[UUID]:
    tags = {
        one.pk: set(CustomerTag.objects.filter(customer=one).values_list("tag_id", flat=True))
        for one in (source, target)
    }
    missing = sorted(tags[source.pk] - tags[target.pk])
    CustomerTag.objects.bulk_create(CustomerTag(customer=target, tag_id=tag_id) for tag_id in missing)
    return missing


def _move_back(merge: CustomerMerge, source: Customer, target: Customer) -> None:
    """The source kept its own tags and member; only what the target got is taken from it again."""
    moved = merge.moved
    Customer.objects.filter(pk=source.pk).update(merged_into=None)
    Customer.objects.filter(pk__in=moved["customers"], merged_into=target).update(merged_into=source)
    CustomerTag.objects.filter(customer=target, tag_id__in=moved["tags"]).delete()
    if moved["assigned_to"] is not None and target.assigned_to_id == moved["assigned_to"]:
        Customer.objects.filter(pk=target.pk).update(assigned_to=None)


def _note(verb: str, merge: CustomerMerge) -> None:
    audit.record(
        verb,
        merge.target.public_id,
        merchant_id=merge.merchant_id,
        merge=merge.public_id,
        source=merge.source.public_id,
    )
