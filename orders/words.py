"""Words for people: where an order came from, and what is in it in one line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Item

CHANNELS: dict[str, str | Promise] = {
    "api": _("Program (API)"),
    "counter": _("Counter"),
    "table": _("Table"),
    "shop": _("Shop page"),
    "again": _("Ordered again"),
    "demo": _("Demo"),
    "": _("Unknown"),
}


def channel_label(channel: str) -> str:
    """A channel's name for people; one that nobody has named yet in its own word."""
    return str(CHANNELS.get(channel) or channel.replace("_", " ").capitalize())


@dataclass(slots=True)
class LineSum:
    """So many units of one product at one price, in minor units."""

    product_id: UUID
    name: str
    price_minor: int
    quantity: int = 0

    @property
    def amount_minor(self) -> int:
        """What the line comes to."""
        return self.price_minor * self.quantity


def lines_of(items: Iterable[Item]) -> list[LineSum]:
    """The units of an order as its lines, in the order they were asked for."""
    lines: dict[tuple[UUID, int], LineSum] = {}
    for item in sorted(items, key=lambda item: item.pk):
        key = (item.product_id, item.price_minor)
        line = lines.setdefault(key, LineSum(item.product_id, item.product_name, item.price_minor))
        line.quantity += 1
    return list(lines.values())


def summary_of(items: Iterable[Item]) -> str:
    """ "Tea × 2, Cake": what is in an order, in one line."""
    return ", ".join(
        f"{line.name} × {line.quantity}" if line.quantity > 1 else line.name for line in lines_of(items)
    )
