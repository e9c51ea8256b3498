"""Arithmetic of what is owed: no database, no clock."""

from __future__ import annotations

from typing import NamedTuple


class Shortfall(NamedTuple):
    """How a merchant gives back `paid` (to the buyer) and `platform` (to the campaign).

    The names are those of the posting book's amounts: what M pays, and what D pays for it.
    """

    paid: int
    paid_short: int
    platform: int
    platform_short: int


def split_shortfall(available_minor: int, paid_minor: int, platform_minor: int = 0) -> Shortfall:
    """Split what goes back between the merchant's money and the merchant's debt, the buyer first.

    `available_minor` is what M has under lock, plus the fee that the same journal gives back.
    Source: POSTINGS, "the merchant is short".
    """
    if min(available_minor, paid_minor, platform_minor) < 0:
        raise ValueError("split_shortfall wants nothing negative")
    paid = min(available_minor, paid_minor)
    platform = min(available_minor - paid, platform_minor)
    return Shortfall(paid, paid_minor - paid, platform, platform_minor - platform)


def repayment(credit_minor: int, balance_minor: int) -> int:
    """How much of a credit goes to an old debt whose balance (at or below 0) is this."""
    if credit_minor < 0 or balance_minor > 0:
        raise ValueError("repayment wants a credit and the balance of a debt")
    return min(credit_minor, -balance_minor)
