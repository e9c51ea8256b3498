"""Taking a number out of the pool: it gets no new orders; those that wait for its calls go on."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from merchants.models import Merchant
from orders.models import ServiceNumber


def retire_number(merchant: Merchant, number_id: UUID) -> None:
    """Retire a number; doing it again changes nothing. Raises `NotFound`."""
    with locking.transaction():
        mine = ServiceNumber.objects.filter(merchant=merchant, pk=number_id)
        if not mine.filter(retired_at=None).update(retired_at=clock.now()):
            if not mine.exists():
                raise NotFound
            return
        audit.record("number.retired", f"number:{number_id.hex}", merchant_id=merchant.pk)
