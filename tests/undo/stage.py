"""An order and what was done to it: what the tests of undoing look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from common.ids import new_id, parse_public_id
from common.models import OutboxEvent
from ledger.accounts import bank, in_flight, merchant
from ledger.posting import Journal, post
from merchants.models import Merchant
from orders.models import Item, Order
from tests.cast import CNY, Answer, Cast


def order_id(order: dict[str, Any]) -> UUID:
    """The key behind an order's public id."""
    found = parse_public_id("ord", order["id"])
    assert found is not None
    return found


def row(order: dict[str, Any]) -> Order:
    return Order.objects.select_related("merchant").get(pk=order_id(order))


def units(order: dict[str, Any]) -> list[Item]:
    return list(Item.objects.filter(order_id=order_id(order)).order_by("pk"))


def states(order: dict[str, Any]) -> list[str]:
    return [str(item.state) for item in units(order)]


def redeem(cast: Cast, order: dict[str, Any], code: str | None = None) -> Answer:
    answer = cast.owner_key.post(f"orders/{order['id']}/redeem", {} if code is None else {"item_code": code})
    assert answer.status == 200, answer
    return answer


def balance(cast: Cast) -> tuple[int, int, int]:
    """What the shop has, what its orders hold, what it owes."""
    found = cast.owner_key.get("balance").body
    return found["available"], found["held"], found["debt"]


def told(order: dict[str, Any], name: str) -> list[OutboxEvent]:
    """The events of this name about the order."""
    return list(OutboxEvent.objects.filter(subject=order["id"], name=name).order_by("pk"))


def spend(cast: Cast, amount: int) -> None:
    """So much of the shop's money is paid out to its bank."""
    pay_out(cast.merchant, amount)


def pay_out(shop: Merchant, amount: int) -> None:
    """So much of a merchant's money is paid out to its bank."""
    away = in_flight("bank")
    journals = (
        Journal.of(new_id(), "payout_sent", CNY, merchant(shop.pk), away, amount=amount),
        Journal.of(new_id(), "payout_confirmed", CNY, away, bank(), amount=amount),
    )
    for journal in journals:
        post(journal)
