"""One row that can't be done keeps nobody else's from being done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock, ids
from common.models import InboxMessage
from orders.flows.expire_orders import expire_orders
from orders.flows.release_items import release_items
from orders.models import Item, Order, OrderState, RedeemBy
from payments.flows.ask_gateways import ask_payments, send_returns
from payments.flows.receive_callback import drain_callbacks
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import gateway
from payments.models import Payment, PaymentState, Return, ReturnState
from tests.cast import make_buyer, make_merchant, make_order, make_paid_order, make_product, pay

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=5)
GONE = "gone"


def three_unknown() -> list[Payment]:
    """Payments whose answers were lost; the first one asks for a gateway that is gone."""
    buyer, merchant = make_buyer(), make_merchant()
    made = [pay(make_order(merchant).order, buyer, "sandbox", scenario="timeout") for _place in range(3)]
    Payment.objects.filter(pk=made[0].pk).update(source=GONE, ask_at=clock.now() - LATER)
    return made


def test_payments_are_asked_for_beside_one_that_cannot_be() -> None:
    made = three_unknown()
    with clock.moved(LATER):
        assert ask_payments() == 3
    states = Payment.objects.filter(pk__in=[one.pk for one in made]).order_by("pk")
    assert [one.state for one in states] == [
        PaymentState.UNKNOWN,
        PaymentState.SUCCEEDED,
        PaymentState.SUCCEEDED,
    ]


def test_returns_are_sent_beside_one_that_cannot_be() -> None:
    buyer, merchant = make_buyer(), make_merchant()
    for _place in range(2):
        order = make_order(merchant).order
        pay(order, buyer, "sandbox", scenario="wrong_amount")
    made = list(Payment.objects.filter(payer=buyer).order_by("pk"))
    for payment in made:
        settle_payment(payment.pk, gateway("sandbox").read_stored(_said(payment)))
    Payment.objects.filter(pk=made[0].pk).update(source=GONE)
    Return.objects.filter(payment=made[0]).update(ask_at=clock.now() - LATER)
    with clock.moved(LATER):
        assert send_returns() == 2
    assert Return.objects.get(payment=made[0]).state == ReturnState.SENDING
    assert Return.objects.get(payment=made[1]).state == ReturnState.SUCCEEDED


def _said(payment: Payment) -> dict[str, object]:
    return {"outcome": "succeeded", "captured": payment.amount_minor - 1, "event": "an-event"}


def test_callbacks_are_handled_beside_one_that_cannot_be() -> None:
    for place, name in enumerate((GONE, "sandbox")):
        InboxMessage.objects.create(
            source=f"gateway:{name}",
            external_id=name,
            body={"payment": str(ids.new_id()), "message": _message()},
            due_at=clock.now() - timedelta(minutes=2 - place),
        )
    assert drain_callbacks() == 2
    assert InboxMessage.objects.get(external_id=GONE).handled_at is None
    assert InboxMessage.objects.get(external_id="sandbox").handled_at is not None


def _message() -> dict[str, object]:
    return {"outcome": "succeeded", "captured": 1, "event": "an-event"}


def test_money_is_released_beside_an_item_that_is_broken() -> None:
    broken, sound, buyer = make_merchant(), make_merchant(), make_buyer(100_000)
    bad, good = (
        make_paid_order(one, buyer, make_product(one, redeem_by=RedeemBy.NONE)).order
        for one in (broken, sound)
    )
    Item.objects.filter(order=bad).update(price_minor=5_000)  # more than lies in its escrow
    with clock.moved(timedelta(days=30)):
        assert release_items() == 1
        assert release_items() == 0
    assert Item.objects.get(order=good).released_at is not None
    assert Item.objects.get(order=bad).released_at is None


def test_orders_expire_beside_one_that_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (make_order(make_merchant()).order for _place in range(2))
    expire = Order.expire

    def refuse(order: Order, at: object) -> None:
        if order.pk == bad.pk:
            raise RuntimeError("broken")
        expire(order, at)

    monkeypatch.setattr(Order, "expire", refuse)
    with clock.moved(timedelta(days=1)):
        expire_orders()
    assert Order.objects.get(pk=good.pk).state == OrderState.EXPIRED
    assert Order.objects.get(pk=bad.pk).state == OrderState.PLACED
