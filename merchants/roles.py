"""What each role may do: one table, which pages ask. The words are those of keys' scopes where both exist."""

from __future__ import annotations

from merchants.models import Member
from merchants.models.merchants import Role

_HEIGHT = {Role.CASHIER: 0, Role.MANAGER: 1, Role.OWNER: 2}

LEAST: dict[str, Role] = {
    "orders:read": Role.CASHIER,
    "orders:write": Role.CASHIER,
    "orders:redeem": Role.CASHIER,
    "till": Role.CASHIER,
    "products:read": Role.CASHIER,
    "calls:read": Role.CASHIER,
    "overview:read": Role.MANAGER,
    "orders:cancel": Role.MANAGER,
    "products:write": Role.MANAGER,
    "codes:write": Role.MANAGER,
    "calls:write": Role.MANAGER,
    "coupons:read": Role.MANAGER,
    "coupons:write": Role.MANAGER,
    "numbers:read": Role.MANAGER,
    "numbers:write": Role.MANAGER,
    "feeds:read": Role.MANAGER,
    "feeds:write": Role.OWNER,
    "payments:read": Role.MANAGER,
    "balance:read": Role.MANAGER,
    "refunds:read": Role.MANAGER,
    "refunds:write": Role.MANAGER,
    "customers:read": Role.MANAGER,
    "customers:write": Role.MANAGER,
    "team:read": Role.MANAGER,
    "team:write": Role.OWNER,
    "keys:read": Role.OWNER,
    "keys:write": Role.OWNER,
    "webhooks:read": Role.OWNER,
    "webhooks:write": Role.OWNER,
    "settings:read": Role.MANAGER,
    "settings:write": Role.OWNER,
}
"""Capability → the least role that has it; the roles above have it too."""


def may(who: Member | str, capability: str) -> bool:
    """Whether a member (or a role) may; a capability that is not in the table is a `KeyError`."""
    role = who.role if isinstance(who, Member) else who
    return _HEIGHT[Role(role)] >= _HEIGHT[LEAST[capability]]


def of(who: Member | str) -> frozenset[str]:
    """All that a member (or a role) may."""
    return frozenset(capability for capability in LEAST if may(who, capability))
