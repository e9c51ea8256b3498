"""Staff stop a merchant: no new orders, what is paid goes its way; and let it open again."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput, InvalidState, NotFound
from common.rows import save_states
from merchants.models import Merchant


def stop_merchant(merchant_id: UUID, reason: str) -> Merchant:
    """Take no new orders from here on. Raises `NotFound`, `InvalidState`, `InvalidInput`."""
    reason = reason.strip()[:300]
    if not reason:
        raise InvalidInput(FieldProblem("reason", "empty", _("A reason is needed.")))
    with locking.transaction():
        merchant = _lock(merchant_id)
        if not merchant.is_open:
            raise InvalidState
        merchant.stopped_reason = reason
        save_states([merchant], ["stopped_reason"])
        audit.record("merchant.stop", f"merchant:{merchant.pk.hex}", merchant_id=merchant.pk, reason=reason)
    return merchant


def reopen_merchant(merchant_id: UUID, reason: str) -> Merchant:
    """Take orders again. Raises `NotFound`, `InvalidState` where it is open."""
    with locking.transaction():
        merchant = _lock(merchant_id)
        if merchant.is_open:
            raise InvalidState
        merchant.stopped_reason = ""
        save_states([merchant], ["stopped_reason"])
        audit.record("merchant.reopen", f"merchant:{merchant.pk.hex}", merchant_id=merchant.pk, reason=reason)
    return merchant


def _lock(merchant_id: UUID) -> Merchant:
    merchant = locking.lock_row(Merchant.objects.all(), pk=merchant_id)
    if merchant is None:
        raise NotFound
    return merchant
