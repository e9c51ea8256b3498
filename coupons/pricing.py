"""What a coupon takes off a bill: values only, no database, no clock. docs/pricing.md says it in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from common.money import allocate, divide_half_up

FIXED, PERCENT = "fixed", "percent"


class NoDeduction(Exception):
    """The coupon can't be used on this bill; `reason` is the word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign says. `value` is minor units (fixed) or whole percent; empty `products` means all."""

    kind: str
    value: int
    cap_minor: int | None = None
    minimum_spend_minor: int = 0
    products: frozenset[UUID] = frozenset()


class Part(NamedTuple):
    """A part of a bill: a product and what it costs in all, in minor units."""

    product: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid, in minor units, and which products are in it as far as that is known."""

    amount_minor: int
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Bill:
        """A bill that is known to the last unit."""
        return cls(sum(part.amount_minor for part in parts), tuple(parts))


def deduction(terms: Terms, bill: Bill) -> int:
    """What comes off, in minor units: from 1 to the bill's amount.

    Raises `NoDeduction` with `lines_needed`, `out_of_scope`, `below_minimum` or `no_effect`.
    """
    base = _base(terms, bill)
    if base < terms.minimum_spend_minor:
        raise NoDeduction("below_minimum")
    if terms.kind == FIXED:
        asked = terms.value
    else:
        asked = divide_half_up(base * terms.value, 100)
        if terms.cap_minor is not None:
            asked = min(asked, terms.cap_minor)
    taken = min(asked, base)
    if taken == 0:
        raise NoDeduction("no_effect")
    return taken


def _base(terms: Terms, bill: Bill) -> int:
    """What it may be taken off (docs/pricing.md, step 1)."""
    if not terms.products:
        return bill.amount_minor
    if not bill.parts:
        raise NoDeduction("lines_needed")
    in_scope = [part.amount_minor for part in bill.parts if part.product in terms.products]
    if not in_scope:
        raise NoDeduction("out_of_scope")
    return min(sum(in_scope), bill.amount_minor)


class Unit(NamedTuple):
    """One unit of an order, as far as a deduction is concerned."""

    id: UUID
    product: UUID
    price_minor: int


def spread(deduction_minor: int, units: Collection[Unit], products: frozenset[UUID]) -> Mapping[UUID, int]:
    """Each unit's part of a deduction, by its id: largest remainder over the units in scope.

    Raises `ValueError` where the deduction is above their price.
    """
    chosen = sorted(
        (unit for unit in units if not products or unit.product in products),
        key=lambda unit: (-unit.price_minor, unit.id),
    )
    weights = [unit.price_minor for unit in chosen]
    if deduction_minor > sum(weights):
        raise ValueError("a deduction above what it is taken off")
    parts = dict.fromkeys((unit.id for unit in units), 0)
    parts.update(zip((unit.id for unit in chosen), allocate(deduction_minor, weights), strict=True))
    return parts
