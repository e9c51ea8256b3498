"""How many statements the hot paths send, and that lists send as many for one row as for many.

A statement more is a round trip more for everybody; docs/speed.md says what each is for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from merchants.models.merchants import Role
from orders.models import RedeemBy
from tests.calls.stage import a_call, call_order, make_numbers, push
from tests.cast import Cast, make_order, make_product, pay, signed_in
from tests.coupons.stage import collect, payment_code

Counting = Callable[[int], AbstractContextManager[Any]]
PAGES = ("/dashboard/", "/dashboard/orders", "/dashboard/payments")


@pytest.fixture
def sends(django_assert_num_queries: Counting, cast: Cast) -> Counting:
    """So many statements, the key's note of its use (once a minute) not among them."""
    for caller in (cast.owner_key, cast.buyer_key):
        caller.get("nothing")
        caller.get("orders" if caller is cast.owner_key else "me")
    return django_assert_num_queries


def test_place_order(cast: Cast, sends: Counting) -> None:
    with sends(3):  # key; products; order, items and event
        cast.order(quantity=3)


def test_place_order_of_limited_stock(cast: Cast, sends: Counting) -> None:
    limited = make_product(cast.merchant, stock=5)
    with sends(6):  # and the stock, in a transaction (here a savepoint)
        cast.order(limited)


def test_pay_live_code_from_the_wallet(cast: Cast, sends: Counting) -> None:
    order = cast.order()
    with sends(5):  # key; savepoint and release; order under lock; everything that is written
        assert cast.pay(cast.buyer_key, order).status == 201


def test_hot_statements_are_kept_by_the_driver(cast: Cast) -> None:
    """psycopg takes apart every time anew what has more than 50 values or 4,096 characters: a tenth of a
    payment's time."""
    sent: list[tuple[int, int]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((len(sql), len(params or ())))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        order = cast.order()
        assert cast.pay(cast.buyer_key, order).status == 201
        code = payment_code(cast.buyer_key)
        assert collect(cast.owner_key, code, 100, "r-1").status == 201
    assert len(sent) > 10
    assert max(length for length, _values in sent) <= 4096
    assert max(values for _length, values in sent) <= 50


def test_pay_what_needs_no_redemption(cast: Cast, sends: Counting) -> None:
    order = cast.order(cast.none_product)
    with sends(6):  # and when its money is released
        assert cast.pay(cast.buyer_key, order).status == 201


def test_pay_what_is_redeemed_by_call(cast: Cast, sends: Counting) -> None:
    make_numbers(cast.merchant)
    order = cast.order(cast.call_product)
    with sends(6):  # and the number that is bound
        assert cast.pay(cast.buyer_key, order).status == 201


@pytest.mark.parametrize("many", [1, 40])
def test_calls_cost_the_same_however_many_they_are(cast: Cast, sends: Counting, many: int) -> None:
    make_numbers(cast.merchant, 60)
    orders = [call_order(cast) for _ in range(many)]
    calls = [a_call(cast.buyer.phone, order["service_number"]) for order in orders]
    strangers = [a_call("+8613900000001", order["service_number"]) for order in orders]
    with sends(21):  # of these a savepoint, so that what cannot be redeemed is stored all the same
        answer = push(cast.owner_key, *calls, *strangers)
    assert len(answer.body["redeemed"]) == many


def test_live_code(cast: Cast, sends: Counting) -> None:
    order = cast.order(quantity=3)
    cast.buyer_key.get(f"live-codes/{order['live_code']['token']}")
    with sends(3):  # key; order with merchant and buyer; items
        assert cast.buyer_key.get(f"live-codes/{order['live_code']['token']}").status == 200


@pytest.mark.parametrize("count", [1, 12])
def test_list_orders(cast: Cast, sends: Counting, count: int) -> None:
    fill(cast, count)
    with sends(3):  # key; orders; items
        assert len(cast.owner_key.get("orders").body["results"]) == count


@pytest.mark.parametrize("count", [1, 12])
def test_list_payments(cast: Cast, sends: Counting, count: int) -> None:
    fill(cast, count)
    with sends(2):  # key; payments
        assert len(cast.owner_key.get("payments").body["results"]) == count


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_the_dashboard(cast: Cast, django_assert_max_num_queries: Counting, path: str) -> None:
    browser = signed_in(cast.member(Role.OWNER))
    fill(cast, 1)
    few = statements_of(browser, path)
    fill(cast, 7)
    with django_assert_max_num_queries(few):
        assert browser.get(path).status_code == 200
    assert few <= 13


def statements_of(browser: Client, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    return len(captured)


def fill(cast: Cast, count: int) -> None:
    """So many paid orders of two units."""
    product = make_product(cast.merchant, 10, RedeemBy.CODE)
    for _number in range(count):
        pay(make_order(cast.merchant, product, quantity=2).order, cast.buyer)
