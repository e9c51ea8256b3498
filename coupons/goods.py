"""What this floor may know of products: a floor above says which a merchant has (HOUSE, "Floors").

A campaign's scope holds product ids and no foreign key; whether they are the merchant's is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from common import ids
from merchants.models import Merchant


class Good(NamedTuple):
    """Something that the merchant sells, as a form offers it."""

    id: UUID
    name: str
    price_minor: int

    @property
    def public_id(self) -> str:
        """What a form names it by."""
        return ids.public_id("prd", self.id)


Names = Callable[[Merchant, Collection[UUID]], Mapping[UUID, str]]
Shelf = Callable[[Merchant, str, Collection[UUID]], Sequence[Good]]

_known: list[Names] = []
_shelves: list[Shelf] = []


def register(names: Names) -> Names:
    """Make a function the one that tells the names of those of these products that are the merchant's."""
    _known[:] = [names]
    return names


def register_shelf(shelf: Shelf) -> Shelf:
    """Make a function the one that tells what to choose from: those chosen first, then what fits a search."""
    _shelves[:] = [shelf]
    return shelf


def names_of(merchant: Merchant, products: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of those of these products that are the merchant's, by id."""
    return _known[0](merchant, products) if products else {}


def shelf_of(merchant: Merchant, q: str = "", chosen: Collection[UUID] = ()) -> Sequence[Good]:
    """What a form offers to choose: those chosen already, then the newest that fit a search."""
    return _shelves[0](merchant, q, chosen)
