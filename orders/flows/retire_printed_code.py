"""Ending a printed code: whoever scans it from now on is told so."""

from __future__ import annotations

from uuid import UUID

from common import audit, clock, locking
from common.refusals import NotFound
from merchants.models import Merchant
from orders.models import PrintedCode


def retire_printed_code(merchant: Merchant, code_id: UUID) -> PrintedCode:
    """Retire a code for good; its orders and figures stay. Raises `NotFound`."""
    mine = PrintedCode.objects.filter(merchant=merchant, pk=code_id)
    with locking.transaction():
        first = mine.filter(retired_at=None).update(retired_at=clock.now())
        code = mine.first()
        if code is None:
            raise NotFound
        if first:
            audit.record("printed_code.retire", code.public_id, merchant_id=merchant.pk)
        return code
