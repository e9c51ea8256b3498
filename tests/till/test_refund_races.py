"""Reversing raced with a refund of the same payment: the buyer's money comes back once."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, models

from common import clock, drains, locking
from common.ids import parse_public_id
from orders.lapsing import GRACE
from orders.models import Order
from payments import reversing
from payments.flows.return_unredeemed import return_unredeemed
from payments.flows.reverse_payment import reverse_payment
from payments.models import Payment, Return
from tests.cast import WALLET_MINOR, Cast
from tests.till.test_races import ROUNDS, available, elsewhere, names, race, wallet

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]


@pytest.fixture(autouse=True)
def nobody_elses_work(committed: None) -> None:
    drains.run("return_unredeemed")


def an_order_that_goes_back(cast: Cast) -> Payment:
    """Paid, not redeemed, its time over: the task is about to return it."""
    order = cast.paid_order()
    over = clock.now() - GRACE - timedelta(seconds=1)
    order_id = parse_public_id("ord", order["id"])
    assert order_id is not None
    Order.objects.filter(pk=order_id).update(redeem_until=over)
    return Payment.objects.get(order_id=order_id, state="succeeded")


def reverse_and_return(cast: Cast, payment_id: UUID) -> list[Any]:
    return race(lambda: reverse_payment(cast.merchant, payment_id), return_unredeemed)


def test_an_order_s_payment_is_refunded_and_never_reversed(cast: Cast) -> None:
    for _round in range(ROUNDS):
        payment = an_order_that_goes_back(cast)
        reversed_, _returned = reverse_and_return(cast, payment.pk)
        return_unredeemed()
        assert names([reversed_]) == {"InvalidState": 1}
        assert Payment.objects.get(pk=payment.pk).state == "refunded"
        assert Return.objects.filter(payment=payment).count() == 1
    assert (wallet(cast), available(cast)) == (WALLET_MINOR, 0)


def test_control_where_orders_may_be_reversed_without_the_lock_the_database_stops_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment is read as it stood, and refunded before it is written."""
    payment, refunded = an_order_that_goes_back(cast), list[Any]()

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is Payment and not refunded:
            refunded.append(None)
            refunded[0] = elsewhere(return_unredeemed)
        return found

    with monkeypatch.context() as inner:
        inner.setattr(reversing, "PaymentKind", SimpleNamespace(TILL="order"))
        inner.setattr(locking, "lock_rows", read)
        with pytest.raises(IntegrityError, match="no verb leads from refunded to reversed"):
            reverse_payment(cast.merchant, payment.pk)
    assert refunded == [1]
    assert Return.objects.filter(payment=payment).count() == 1
    assert (wallet(cast), available(cast)) == (WALLET_MINOR, 0)
