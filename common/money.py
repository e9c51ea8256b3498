"""Money is integers in minor units; here is the only arithmetic that divides it (HOUSE, "Money")."""

from __future__ import annotations

import re
from collections.abc import Sequence

from babel.numbers import format_currency, get_currency_precision

MAX_AMOUNT_MINOR = 999_999_999
BASIS_POINTS = 10_000
_TYPED = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?")


class NotAnAmount(ValueError):
    """Text that is no amount of this currency; `code` is `not_a_number` or `too_many_decimals`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_minor(text: str, currency: str) -> int:
    """What somebody typed, in minor units: "12.5" CNY is 1250. Exact, and strict on purpose.

    ASCII digits with at most one point and as many decimals as the currency has. Signs, grouping
    (a comma means different things to different people), full-width digits and half-typed numbers
    such as "12." raise `NotAnAmount`.
    """
    found = _TYPED.fullmatch(text.strip(" "))
    if found is None:
        raise NotAnAmount("not_a_number")
    whole, decimals = found[1], found[2] or ""
    precision = get_currency_precision(currency)
    if len(decimals) > precision:
        raise NotAnAmount("too_many_decimals")
    return int(whole + decimals.ljust(precision, "0"))


def typed_minor(amount_minor: int, currency: str) -> str:
    """The other way: 1250 CNY is "12.50", as `parse_minor` reads it."""
    precision = get_currency_precision(currency)
    if not precision:
        return str(amount_minor)
    digits = str(amount_minor).rjust(precision + 1, "0")
    return f"{digits[:-precision]}.{digits[-precision:]}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half-up, both not negative, the latter above 0."""
    if numerator < 0 or denominator <= 0:
        raise ValueError("divide_half_up wants numerator >= 0 and denominator > 0")
    return (2 * numerator + denominator) // (2 * denominator)


def share_basis_points(amount_minor: int, basis_points: int) -> int:
    """The part of an amount that a rate in basis points (1/100 %) makes, half-up."""
    return divide_half_up(amount_minor * basis_points, BASIS_POINTS)


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split a total over weights by largest remainder; ties go to the earlier place.

    The parts add up to the total exactly. All weights 0 with a total above 0 is a ValueError.
    """
    weight_sum = sum(weights)
    if total_minor < 0 or min(weights, default=0) < 0:
        raise ValueError("allocate wants nothing negative")
    if weight_sum == 0:
        if total_minor:
            raise ValueError("nothing to allocate over")
        return [0] * len(weights)
    parts = [total_minor * weight // weight_sum for weight in weights]
    remainders = [total_minor * weight % weight_sum for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: -remainders[place])
    for place in order[: total_minor - sum(parts)]:
        parts[place] += 1
    return parts


def one_unit_minor(currency: str) -> int:
    """One whole unit of a currency in minor units: 100 for CNY, 1 for JPY."""
    return int(10 ** get_currency_precision(currency))


def format_minor(amount_minor: int, currency: str, locale: str = "en") -> str:
    """An amount as people read it: 1234 CNY is "CN¥12.34" in English, "¥12.34" in Chinese."""
    from decimal import Decimal

    precision = get_currency_precision(currency)
    return format_currency(
        Decimal(amount_minor).scaleb(-precision), currency, locale=locale.replace("-", "_")
    )
