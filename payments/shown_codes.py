"""A code for the buyer's page, once a request: whoever lost the answer and asks again gets the same code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.idempotency import Answer, Ask, Refused, answer_once
from common.ids import parse_public_id
from merchants.models import Person
from payments.flows.make_payment_code import make_payment_code
from payments.refusals import PinLocked, PinWrong


@dataclass(frozen=True, slots=True)
class ShownCode:
    """What the page draws; remembered sealed, since of the code itself only a digest is kept."""

    id: UUID
    digits: str
    expires_at: datetime
    is_pin_said: bool

    @property
    def groups(self) -> list[str]:
        """The digits as people read them to each other."""
        return [self.digits[start : start + 4] for start in range(0, len(self.digits), 4)]


def code_once(buyer: Person, request_id: str, pin: str = "") -> ShownCode:
    """The code of this request, made now or before.

    Raises `PinWrong`, `PinLocked`; `RequestInFlight` while the first asking is being answered.
    """
    # The PIN is no part of what is kept: a digest of six digits is as good as the digits.
    ask = Ask.of(f"page:{buyer.pk.hex}", request_id, b"payment-code", b"pin" if pin else b"")
    answer = answer_once(ask, lambda _subject: _make(buyer, pin), stepwise=True)
    if answer.status == PinLocked.status:
        raise PinLocked(headers=answer.headers)
    if answer.status != 201:
        raise PinWrong
    told = json.loads(answer.body)
    made = parse_public_id("pcd", told["id"])
    assert made is not None
    return ShownCode(made, told["digits"], datetime.fromisoformat(told["expires_at"]), bool(told["pin"]))


def _make(buyer: Person, pin: str) -> Answer:
    try:
        row, digits = make_payment_code(buyer, pin or None)
    except (PinWrong, PinLocked) as no:
        raise Refused(Answer(no.status, no.code.encode(), no.headers)) from no
    told = {
        "id": row.public_id,
        "digits": digits,
        "expires_at": row.expires_at.isoformat(),
        "pin": bool(pin),
    }
    return Answer(201, json.dumps(told).encode(), {})
