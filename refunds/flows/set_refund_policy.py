"""Saying how a merchant's refunds are decided (FLOWS 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from common import audit, locking
from common.rows import save_states
from merchants.models import Merchant
from refunds.deciding import Policy
from refunds.models import RefundPolicy

FIELDS = tuple(field.name for field in fields(Policy))


def set_refund_policy(merchant: Merchant, changes: Mapping[str, object]) -> RefundPolicy:
    """Write the given fields (of `FIELDS`, cleaned; None or "" is the platform's rule).

    They hold for refunds that are asked for from now on; of the deadline, what silence means holds at once.
    """
    with locking.transaction():
        RefundPolicy.objects.get_or_create(merchant=merchant)
        policy = locking.lock_row(RefundPolicy.objects.all(), pk=merchant.pk)
        assert policy is not None
        changed = [name for name in FIELDS if name in changes and getattr(policy, name) != changes[name]]
        if changed:
            told = {name: [getattr(policy, name), changes[name]] for name in changed}
            for name in changed:
                setattr(policy, name, changes[name])
            save_states([policy], changed)
            subject = f"merchant:{merchant.pk.hex}"
            audit.record("refund_policy.changed", subject, merchant_id=merchant.pk, **told)
        return policy
