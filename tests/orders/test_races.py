"""Orders raced from many connections; each protection beside a control in which it is off."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import models

from common import clock, locking
from orders import stock
from orders.flows.expire_orders import expire_orders
from orders.models import Item, Order, Product
from tests.cast import Answer, Caller, Cast, make_order, make_product, together

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed")]

BUYERS, UNITS = 12, 5


def codes_of(answers: list[Any]) -> Counter[Any]:
    return Counter(
        (answer.code or answer.status) if isinstance(answer, Answer) else type(answer).__name__
        for answer in answers
    )


def buy(cast: Cast, product: Product) -> Counter[Any]:
    asked = {"lines": [{"product": product.public_id, "quantity": 1}]}
    return codes_of(together(lambda _number: Caller(cast.owner_key.key).post("orders", asked), BUYERS))


def plain_reads(monkeypatch: pytest.MonkeyPatch, after: Barrier) -> None:
    """`lock_rows` without the lock; whoever has read an order waits until the others have too."""

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is Order:
            after.wait(30)
        return found

    monkeypatch.setattr(locking, "lock_rows", read)


# --- stock ------------------------------------------------------------------------------


def test_of_twelve_buyers_five_get_one_of_five(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=UNITS)
    assert buy(cast, scarce) == {201: UNITS, "out_of_stock": BUYERS - UNITS}
    assert Product.objects.get(pk=scarce.pk).stock == 0
    assert Item.objects.filter(product=scarce).count() == UNITS


def test_control_look_then_write_sells_twelve_of_five(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the one conditional statement: everybody looks, then everybody writes."""
    scarce, everybody_has_looked = make_product(cast.merchant, stock=UNITS), Barrier(BUYERS)

    def take(quantities: Any) -> None:
        for product_id, quantity in quantities.items():
            product = Product.objects.get(pk=product_id)
            assert product.stock is not None
            everybody_has_looked.wait(30)
            if product.stock >= quantity:
                Product.objects.filter(pk=product_id).update(stock=product.stock - quantity)

    monkeypatch.setattr(stock, "take", take)
    assert buy(cast, scarce) == {201: BUYERS}
    assert Item.objects.filter(product=scarce).count() == BUYERS > UNITS


def test_two_products_in_both_orders_do_not_deadlock(cast: Cast) -> None:
    one, other = (make_product(cast.merchant, stock=1_000) for _ in range(2))

    def work(number: int) -> list[int]:
        caller, pair = Caller(cast.owner_key.key), (one, other) if number % 2 else (other, one)
        lines = [{"product": product.public_id, "quantity": 1} for product in pair]
        return [caller.post("orders", {"lines": lines}).status for _round in range(8)]

    assert together(work, 8) == [[201] * 8] * 8
    assert Product.objects.get(pk=one.pk).stock == Product.objects.get(pk=other.pk).stock == 1_000 - 64


def test_placing_against_cancelling_keeps_the_stock_whole(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=6)

    def work(number: int) -> int:
        caller = Caller(cast.owner_key.key)
        for _round in range(5):
            asked = {"lines": [{"product": scarce.public_id, "quantity": 1 + number % 3}]}
            answer = caller.post("orders", asked)
            if answer.status == 201:
                assert caller.post(f"orders/{answer.body['id']}/cancel").status == 200
        return 1

    assert together(work, 8) == [1] * 8
    assert Product.objects.get(pk=scarce.pk).stock == 6


def test_a_product_cancelled_and_expired_at_once_comes_back_once(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=8)
    orders = [make_order(cast.merchant, scarce, quantity=2).order for _ in range(4)]
    cancellers = [Caller(cast.owner_key.key) for _ in orders]

    def work(number: int) -> Any:
        if number < 4:
            return cancellers[number].post(f"orders/{orders[number].public_id}/cancel")
        return expire_orders()

    with clock.moved(timedelta(hours=1)):
        together(work, 8)
        expire_orders()
    assert {order.state for order in Order.objects.filter(merchant=cast.merchant)} <= {"cancelled", "expired"}
    assert Product.objects.get(pk=scarce.pk).stock == 8


# --- redeeming twice --------------------------------------------------------------------------


def redeem(cast: Cast, order: dict[str, Any], many: int) -> Counter[Any]:
    path, body = f"orders/{order['id']}/redeem", {"item_code": order["items"][0]["code"]}
    return codes_of(together(lambda _number: Caller(cast.owner_key.key).post(path, body), many))


def test_an_item_is_redeemed_once(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 2)
    assert redeem(cast, order, 8) == {200: 1, "already_redeemed": 7}
    assert cast.owner_key.get("balance").body["available"] == 6_000


def test_control_without_locks_it_is_redeemed_by_everybody(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger still pays it out once: the journal is the item's own."""
    order = cast.paid_order(cast.code_product, 2)
    plain_reads(monkeypatch, Barrier(8))
    assert redeem(cast, order, 8)[200] > 1
    assert cast.owner_key.get("balance").body["available"] == 6_000


def test_the_whole_order_and_each_item_at_once(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 6)
    path = f"orders/{order['id']}/redeem"
    bodies = [{"item_code": item["code"]} for item in order["items"]] + [{}, {}]
    answers = together(lambda number: Caller(cast.owner_key.key).post(path, bodies[number]), 8)
    assert set(codes_of(answers)) <= {200, "already_redeemed"}
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "redeemed"
    assert cast.owner_key.get("balance").body == {
        "available": 36_000,
        "held": 0,
        "debt": 0,
        "currency": "CNY",
    }
