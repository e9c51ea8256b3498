"""Saying which calls redeem a merchant's orders (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Mapping

from common import audit, locking
from common.rows import save_states
from merchants.models import Merchant
from orders.models import CallRules

FIELDS = (
    "answered_only",
    "least_seconds",
    "within_hours",
    "tolerance_seconds",
    "least_trust",
    "switchboards",
    "cool_down_hours",
)


def set_call_rules(merchant: Merchant, changes: Mapping[str, object]) -> CallRules:
    """Write the given fields (of `FIELDS`, cleaned); they hold for calls that are looked at from now on."""
    with locking.transaction():
        CallRules.objects.get_or_create(merchant=merchant)
        rules = locking.lock_row(CallRules.objects.all(), pk=merchant.pk)
        assert rules is not None
        changed = [name for name in FIELDS if name in changes and getattr(rules, name) != changes[name]]
        if changed:
            told = {name: [getattr(rules, name), changes[name]] for name in changed}
            for name in changed:
                setattr(rules, name, changes[name])
            save_states([rules], changed)
            audit.record("call_rules.changed", f"merchant:{merchant.pk.hex}", merchant_id=merchant.pk, **told)
        return rules
