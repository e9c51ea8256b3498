"""`POST orders/{id}/cancel`: before payment only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, drains
from common.models import OutboxEvent
from orders.models import Order, Product
from tests.cast import Cast, make_product, unknown_id


def test_an_unpaid_order_is_taken_back(cast: Cast) -> None:
    order = cast.order()
    answer = cast.owner_key.post(f"orders/{order['id']}/cancel")
    assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert cast.owner_key.get(f"orders/{order['id']}").body == answer.body
    assert Order.objects.get(live_token=order["live_code"]["token"]).closed_at is not None
    assert OutboxEvent.objects.filter(subject=order["id"], name="order.cancelled").count() == 1


def test_what_it_held_of_stock_goes_back(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=5)
    order = cast.order(scarce, 3)
    cast.owner_key.post(f"orders/{order['id']}/cancel")
    assert Product.objects.get(pk=scarce.pk).stock == 5


def test_what_is_unlimited_by_now_stays_unlimited(cast: Cast) -> None:
    product = make_product(cast.merchant, stock=5)
    order = cast.order(product)
    Product.objects.filter(pk=product.pk).update(stock=None)
    assert cast.owner_key.post(f"orders/{order['id']}/cancel").status == 200
    assert Product.objects.get(pk=product.pk).stock is None


def test_what_was_unlimited_then_gives_nothing_back(cast: Cast) -> None:
    product = make_product(cast.merchant)
    order = cast.order(product, 3)
    Product.objects.filter(pk=product.pk).update(stock=2)
    assert cast.owner_key.post(f"orders/{order['id']}/cancel").status == 200
    assert Product.objects.get(pk=product.pk).stock == 2


def test_a_paid_order_is_not_cancelled(cast: Cast) -> None:
    order = cast.paid_order()
    answer = cast.owner_key.post(f"orders/{order['id']}/cancel")
    assert (answer.status, answer.code) == (409, "already_paid")
    cast.owner_key.post(f"orders/{order['id']}/redeem", {})
    assert cast.owner_key.post(f"orders/{order['id']}/cancel").code == "already_paid"


def test_twice_is_invalid_state_and_gives_stock_back_once(cast: Cast) -> None:
    scarce = make_product(cast.merchant, stock=5)
    order = cast.order(scarce, 3)
    cast.owner_key.post(f"orders/{order['id']}/cancel")
    answer = cast.owner_key.post(f"orders/{order['id']}/cancel")
    assert (answer.status, answer.code) == (409, "invalid_state")
    assert Product.objects.get(pk=scarce.pk).stock == 5


def test_an_expired_order_is_not_cancelled(cast: Cast) -> None:
    order = cast.order()
    with clock.moved(timedelta(hours=1)):
        drains.run("expire_orders")
        assert cast.owner_key.post(f"orders/{order['id']}/cancel").code == "invalid_state"


@pytest.mark.parametrize("body", [None, {}, b"{", b"\x00", {"reason": "x"}, []])
def test_it_takes_no_body_and_minds_none(cast: Cast, body: object) -> None:
    assert cast.owner_key.post(f"orders/{cast.order()['id']}/cancel", body).status == 200


def test_a_cancelled_order_cannot_be_paid(cast: Cast) -> None:
    order = cast.order()
    cast.owner_key.post(f"orders/{order['id']}/cancel")
    for source in ("wallet", "sandbox"):
        answer = cast.pay(cast.buyer_key, order, source)
        assert (answer.status, answer.code) == (409, "cancelled")


def test_the_stranger_gets_404(cast: Cast) -> None:
    order = cast.order()
    for caller, order_id in ((cast.other_key, order["id"]), (cast.owner_key, unknown_id("ord"))):
        answer = caller.post(f"orders/{order_id}/cancel")
        assert (answer.status, answer.code) == (404, "not_found")
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "placed"
