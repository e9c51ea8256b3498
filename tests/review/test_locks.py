"""Whoever locks rows never waits in a circle with whoever has inserted rows that point to them."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import OperationalError, connection, models

from common import locking
from merchants.models import Merchant
from orders.flows.cancel_order import cancel_order
from orders.flows.place_order import Line, Placement, place_order
from orders.flows.set_stock import set_stock
from orders.models import Order, OrderState
from tests.cast import make_merchant, make_order, make_product
from tests.waiting import until_somebody_waits

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed")]


def place_while_cancelling(merchant: Merchant) -> list[str]:
    """Cancel an order of two products while another order of both is about to be committed; what went wrong.

    The first product is unlimited by now: the new order has not locked it, only points to it.
    """
    first, second = sorted(
        (make_product(merchant, stock=10), make_product(merchant, stock=10)), key=lambda one: one.pk
    )
    old = make_order(merchant, first, second).order
    set_stock(merchant, first.pk, None)

    wrong: list[str] = []

    def cancel() -> None:
        try:
            cancel_order(merchant, old.pk)
        except OperationalError as error:
            wrong.append(str(error))
        finally:
            connection.close()

    canceller = Thread(target=cancel)
    try:
        with locking.transaction():
            place_order(Placement(merchant=merchant, lines=[Line(first.pk, 1), Line(second.pk, 1)]))
            canceller.start()
            until_somebody_waits()
    except OperationalError as error:
        wrong.append(str(error))
    canceller.join(30)
    return wrong


def test_an_order_is_placed_while_another_of_its_products_is_cancelled() -> None:
    merchant = make_merchant()
    assert place_while_cancelling(merchant) == []
    states = Order.objects.filter(merchant=merchant).order_by("pk").values_list("state", flat=True)
    assert list(states) == [OrderState.CANCELLED, OrderState.PLACED]


def test_control_with_locks_for_update_they_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = models.QuerySet.select_for_update

    def for_update(rows: models.QuerySet[Merchant], **how: object) -> models.QuerySet[Merchant]:
        return plain(rows, **{**how, "no_key": False})  # type: ignore[arg-type]

    monkeypatch.setattr(models.QuerySet, "select_for_update", for_update)
    (wrong,) = place_while_cancelling(make_merchant())
    assert "deadlock" in wrong
