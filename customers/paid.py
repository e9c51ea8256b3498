"""What the conversion block reads from an `order.paid` event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common import ids
from common.models import OutboxEvent

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Paid:
    """What an `order.paid` event tells."""

    merchant_id: UUID
    person_id: UUID
    order_id: UUID
    payment_id: UUID
    consent: bool
    channel: str
    printed_code_id: UUID | None
    at: datetime

    @classmethod
    def of(cls, event: OutboxEvent) -> Paid:
        """Read it; an event of another form is a programming error (KeyError, AssertionError)."""
        told: dict[str, Any] = event.payload
        order_id = ids.parse_public_id("ord", told["order"])
        payment_id = ids.parse_public_id("pay", told["payment"])
        assert event.merchant_id is not None
        assert order_id is not None
        assert payment_id is not None
        return cls(
            merchant_id=event.merchant_id,
            person_id=UUID(told["payer"]),
            order_id=order_id,
            payment_id=payment_id,
            consent=bool(told["consent"]),
            channel=told["channel"],
            printed_code_id=ids.parse_public_id("cod", told.get("printed_code")),
            at=event.at,
        )

    @property
    def pair(self) -> Pair:
        """Whose customer, and who."""
        return self.merchant_id, self.person_id
