"""Accounts: who holds money. An account is a kind and an owner; there is no table of them.

Source: POSTINGS, "Accounts". The order of `LOCK_ORDER` is the only order in which balances are
locked (HOUSE, "Lock order"): first those whose amount decides the legs, so that it can be asked
beforehand (`queries.lock_available`), last the rows that everybody touches.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid5


class Kind(StrEnum):
    """What an account is for, by the letters of the posting book."""

    WALLET = "W"
    ESCROW = "E"
    MERCHANT = "M"
    MERCHANT_DEBT = "D"
    BUYER_DEBT = "DB"
    CAMPAIGN_FUND = "C"
    CAMPAIGN_RESERVED = "R"
    CHARGES_HELD = "H"
    IN_FLIGHT = "X"
    SUSPENSE = "S"
    GATEWAY = "G"
    BANK = "B"
    FEES = "F"
    LOSSES = "L"


class Account(NamedTuple):
    """One account; `within` is the merchant to whom an order's escrow belongs."""

    kind: Kind
    owner: UUID
    within: UUID | None = None


LOCK_ORDER = (
    Kind.BUYER_DEBT,
    Kind.MERCHANT_DEBT,
    Kind.MERCHANT,
    Kind.WALLET,
    Kind.ESCROW,
    Kind.SUSPENSE,
    Kind.CHARGES_HELD,
    Kind.CAMPAIGN_RESERVED,
    Kind.CAMPAIGN_FUND,
    Kind.IN_FLIGHT,
    Kind.BANK,
    Kind.LOSSES,
    Kind.GATEWAY,
    Kind.FEES,
)
LOCK_RANK = {kind: rank for rank, kind in enumerate(LOCK_ORDER)}

DEBTS = frozenset({Kind.MERCHANT_DEBT, Kind.BUYER_DEBT})
"""Never above zero."""
ANY_SIGN = frozenset({Kind.GATEWAY, Kind.BANK, Kind.FEES, Kind.LOSSES})
"""May be on either side of zero; every other kind is never below it."""

_SINGLE = DEBTS | {Kind.WALLET, Kind.ESCROW, Kind.SUSPENSE}
STRIPES = {kind: 1 if kind in _SINGLE else 16 for kind in Kind}
"""Over how many rows the balance of an account is spread; the SQL functions keep the same numbers."""

_NAMED = UUID("8a4f2d0e-7c1b-5e63-9d55-0b6c3f1e9a27")


def _named(kind: Kind, name: str) -> Account:
    return Account(kind, uuid5(_NAMED, f"{kind}:{name}"))


def wallet(person_id: UUID) -> Account:
    """W: what a buyer has."""
    return Account(Kind.WALLET, person_id)


def escrow(order_id: UUID, merchant_id: UUID) -> Account:
    """E: what was paid for an order and is not released yet."""
    return Account(Kind.ESCROW, order_id, merchant_id)


def merchant(owner_id: UUID) -> Account:
    """M: what a merchant (or the owner of an app) may have paid out."""
    return Account(Kind.MERCHANT, owner_id)


def merchant_debt(owner_id: UUID) -> Account:
    """D: what a merchant owes, as an amount at or below zero."""
    return Account(Kind.MERCHANT_DEBT, owner_id)


def buyer_debt(person_id: UUID) -> Account:
    """DB: what a buyer owes, as an amount at or below zero."""
    return Account(Kind.BUYER_DEBT, person_id)


def campaign_fund(campaign_id: UUID) -> Account:
    """C: what the platform put into a campaign."""
    return Account(Kind.CAMPAIGN_FUND, campaign_id)


def campaign_reserved(campaign_id: UUID) -> Account:
    """R: what locked coupons of a campaign have reserved."""
    return Account(Kind.CAMPAIGN_RESERVED, campaign_id)


def charges_held(app_id: UUID) -> Account:
    """H: charges of an app that await delivery."""
    return Account(Kind.CHARGES_HELD, app_id)


def in_flight(provider: str) -> Account:
    """X: sent to a provider, not confirmed yet."""
    return _named(Kind.IN_FLIGHT, provider)


def suspense(payment_id: UUID) -> Account:
    """S: money that came for a payment and could not count."""
    return Account(Kind.SUSPENSE, payment_id)


def gateway(name: str) -> Account:
    """G: what a gateway holds for us (below zero: it is owed to us)."""
    return _named(Kind.GATEWAY, name)


def bank() -> Account:
    """B: our bank account, seen from outside."""
    return _named(Kind.BANK, "bank")


def fees() -> Account:
    """F: fees taken."""
    return _named(Kind.FEES, "fees")


def losses() -> Account:
    """L: what was given up."""
    return _named(Kind.LOSSES, "losses")
