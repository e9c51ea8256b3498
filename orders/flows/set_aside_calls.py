"""Calls that were about no order leave the inbox of somebody of the merchant; they can be assigned later."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from common import clock, locking, outbox
from common.rows import insert_together, save_states
from merchants.models import Merchant
from orders.models import CallReason, CallRecord, CallState


def set_aside_calls(merchant: Merchant, record_ids: Collection[UUID]) -> int:
    """Ignore those of these calls that nothing fits, whatever their reason was; how many."""
    moment = clock.now()
    with locking.transaction():
        inbox = CallRecord.objects.filter(merchant=merchant, pk__in=record_ids, state=CallState.UNMATCHED)
        records = locking.lock_rows(inbox)
        for record in records:
            record.ignore(moment, CallReason(record.reason))
        save_states(records, ["state", "reason", "order", "decided_at"])
        insert_together(
            [
                outbox.event("call.set_aside", record.public_id, merchant_id=merchant.pk, **record.facts())
                for record in records
            ]
        )
        outbox.announce()
        return len(records)
