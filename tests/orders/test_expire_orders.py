"""Orders that nobody paid in time end by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, drains
from common.models import OutboxEvent
from orders.flows import expire_orders as flow
from orders.models import Order, OrderState, Product
from tests.cast import Cast, make_order, make_product

LATE = timedelta(minutes=31)


def state(order: Order) -> str:
    return str(Order.objects.get(pk=order.pk).state)


def test_only_what_is_overdue_expires(cast: Cast) -> None:
    early = make_order(cast.merchant).order
    paid = cast.paid_order()
    with clock.moved(LATE):
        late = make_order(cast.merchant).order
        drains.run("expire_orders")
    assert (state(early), state(late)) == ("expired", "placed")
    assert cast.owner_key.get(f"orders/{paid['id']}").body["state"] == "paid"
    assert OutboxEvent.objects.filter(name="order.expired", subject=early.public_id).count() == 1


def test_stock_goes_back_once(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=5)
    for quantity in (1, 3):
        make_order(cast.merchant, scarce, quantity=quantity)
    with clock.moved(LATE):
        assert drains.run("expire_orders") >= 2
        assert drains.run("expire_orders") == 0
    assert Product.objects.get(pk=scarce.pk).stock == 5


def test_many_go_in_chunks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CHUNK", 3)
    for _ in range(8):
        make_order(cast.merchant, cast.code_product)
    with clock.moved(LATE):
        assert drains.run("expire_orders") >= 8
    assert not Order.objects.filter(merchant=cast.merchant, state=OrderState.PLACED).exists()


def test_before_the_task_has_run_it_is_already_too_late(cast: Cast) -> None:
    order = cast.order()
    with clock.moved(LATE):
        for source in ("wallet", "sandbox"):
            assert cast.pay(cast.buyer_key, order, source).code == "expired"
        assert cast.buyer_key.get(f"live-codes/{order['live_code']['token']}").body["state"] == "expired"
