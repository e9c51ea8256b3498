"""The order behind a live code with its merchant, for whoever pays it: hand-written, a hot path."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Model

from common import locking
from common.refusals import NotFound
from common.rows import read_versions
from merchants.models import Merchant
from orders.models import Order, OrderState
from orders.refusals import AlreadyPaid, Cancelled, Expired, Refunded

_TO_PAY = (
    "SELECT {0}, {1}, t0.xmin::text FROM orders_order t0 JOIN merchants_merchant t1 ON t1.id = t0.merchant_id"
    " WHERE t0.live_token = %s"
)


def lock_to_pay(live_token: str) -> Order:
    """Under lock. Raises `NotFound`."""
    return _first(locking.lock_read(_TO_PAY, [live_token], Order, Merchant))


def read_to_pay(live_token: str) -> tuple[Order, str]:
    """Without a lock, and which version of its row that is (`rows.Writes`). Raises `NotFound`."""
    found = read_versions(_TO_PAY, [live_token], Order, Merchant)
    return _first(rows for rows, _version in found), found[0][1]


def _first(found: Iterable[tuple[Model, ...]]) -> Order:
    for order, merchant in found:
        assert isinstance(order, Order)
        assert isinstance(merchant, Merchant)
        order.merchant = merchant
        return order
    raise NotFound


def refuse_unless_payable(order: Order, moment: datetime) -> None:
    """Say by name why an order can't be paid; nothing where it can."""
    if order.can_be_paid(moment):
        return
    if order.state in (OrderState.PAID, OrderState.REDEEMED):
        raise AlreadyPaid
    if order.state == OrderState.CANCELLED:
        raise Cancelled
    if order.state == OrderState.REFUNDED:
        raise Refunded
    raise Expired
