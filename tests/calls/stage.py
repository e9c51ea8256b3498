"""A shop with numbers, and calls as a provider would tell of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from common import clock, drains
from common.fields import moment_out
from merchants.models import Merchant
from orders.flows.add_numbers import add_numbers
from orders.models import Order, ServiceNumber
from tests.cast import Answer, Caller, Cast

_FIRST = count(8617100000000, 1000)


def make_numbers(merchant: Merchant, many: int = 5) -> list[ServiceNumber]:
    """So many numbers in the merchant's pool, that nobody else has."""
    first = next(_FIRST) + hash(merchant.pk) % 10**6 * 10
    added = add_numbers(merchant, [f"+{first + place}" for place in range(many)]).added
    assert len(added) == many
    return added


def call_order(cast: Cast, **more: Any) -> dict[str, Any]:
    """An order redeemed by call, paid by the buyer; as the API shows it."""
    order = cast.order(cast.call_product, buyer_phone=cast.buyer.phone, **more)
    assert cast.pay(cast.buyer_key, order).status == 201
    shown: dict[str, Any] = cast.owner_key.get(f"orders/{order['id']}").body
    return shown


def a_call(caller: str | None, called: str | None, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """An answered call of a minute that begins now (or at a moment)."""
    began = at or clock.now()
    return {
        "provider": "tests",
        "call_id": uuid4().hex,
        "caller": caller,
        "called": called,
        "started_at": moment_out(began),
        "answered_at": moment_out(began + timedelta(seconds=3)),
        "ended_at": moment_out(began + timedelta(seconds=63)),
        "kind": "call",
        **more,
    }


def push(caller: Caller, *calls: Any) -> Answer:
    """Tell the till of calls."""
    return caller.post("call-records", list(calls))


def reason_of(caller: Caller, call: dict[str, Any]) -> tuple[str, str | None]:
    """What a call did, and why it did nothing."""
    for row in caller.get("call-records", limit=100).body["results"]:
        if row["call_id"] == call["call_id"]:
            return row["match"], row["reason"]
    raise AssertionError("not stored")


def state_of(order: dict[str, Any]) -> str:
    return str(Order.objects.get(number=order["number"]).state)


def settle_calls() -> None:
    """Let news of payments and waiting calls arrive."""
    drains.run("outbox")
    drains.run("match_calls")
