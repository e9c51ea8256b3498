"""What an order's page says of refunds: which units' money can be asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from merchants.models import Person
from orders.models import Item, Order
from payments.models import Payment
from refunds.models import Refund, RefundState
from refunds.queries import refunds_asked_by, units_to_ask_for

_UNDER_WAY = frozenset({RefundState.WAITING, RefundState.ESCALATED, RefundState.APPROVED, RefundState.FAILED})


@dataclass(frozen=True, slots=True)
class RefundPart:
    """The viewer's refunds of an order's units, and the units that can still be asked for."""

    asked: list[Refund] = field(default_factory=list)
    units: list[Item] = field(default_factory=list)

    @property
    def stamp(self) -> str:
        """Changes with every refund."""
        return "".join(f"-{refund.public_id[-6:]}{refund.state}" for refund in self.asked)

    @property
    def is_under_way(self) -> bool:
        """Whether one of them is still to be decided or sent."""
        return any(refund.state in _UNDER_WAY for refund in self.asked)


def refund_part(
    order: Order, items: Sequence[Item], payment: Payment | None, viewer: object, moment: datetime
) -> RefundPart:
    """For buyer and payer, and for whoever may be one of them and has not signed in; else nothing."""
    if payment is None:
        return RefundPart()
    asked: list[Refund] = []
    if isinstance(viewer, Person):
        if viewer.pk not in (order.buyer_id, payment.payer_id):
            return RefundPart()
        asked = list(refunds_asked_by(viewer).filter(order=order))
    return RefundPart(asked, units_to_ask_for(order, items, moment))
