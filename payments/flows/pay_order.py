"""Paying an order by its live code (FLOWS 5): from the wallet at once, or through a gateway.

Two payers may try at once: the order's row decides who counts. From the wallet the loser hears
a refusal and nothing was taken; through a gateway his money is sent back.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from common import clock, ids, locking
from common.refusals import FieldProblem, InvalidInput, NotFound
from common.rows import RowsChanged
from merchants.models import Person
from orders.models import Order
from payments.checkout_coupon import Chosen, NothingLeft, admit_coupon, out_of_fund, take_coupon
from payments.flows.charge_gateway import charge_gateway, refuse_if_failed
from payments.flows.count_payment import count_payment
from payments.gateways.base import names
from payments.models import Payment, PaymentKind
from payments.models.payments import WALLET
from payments.to_pay import lock_to_pay, read_to_pay, refuse_unless_payable


@dataclass(frozen=True, slots=True)
class PayAsk:
    """Who wants to pay which live code, from where; `id` names the payment beforehand."""

    live_token: str
    payer: Person
    source: str
    consent: bool
    channel: str = "api"
    scenario: str = ""
    id: UUID | None = None
    coupon: Chosen | None = None


def pay_order(ask: PayAsk) -> Payment:
    """Make the payment. It succeeded (wallet, or a gateway that settles at once) or is on its way.

    Raises `NotFound`, `AlreadyPaid`, `Cancelled`, `Expired`, `Refunded`, `CouponRefused`,
    `InsufficientFunds`, `PaymentDeclined`, `WrongAmount`, and `InvalidInput` for an unknown source or
    scenario.
    """
    if ask.source != WALLET and ask.source not in names():
        raise InvalidInput(FieldProblem("source", "unknown_source", _("No such way to pay.")))
    if ask.id is not None:
        earlier = Payment.objects.filter(pk=ask.id, payer=ask.payer).first()
        if earlier is not None:
            return refuse_if_failed(earlier)
    return _from_wallet(ask) if ask.source == WALLET else _through_gateway(ask)


def _payment(ask: PayAsk, order: Order, moment: datetime) -> Payment:
    return Payment(
        id=ask.id or ids.new_id(),
        kind=PaymentKind.ORDER,
        merchant_id=order.merchant_id,
        order=order,
        payer=ask.payer,
        source=ask.source,
        amount_minor=order.amount_minor,
        currency=order.currency,
        consent=ask.consent,
        channel=ask.channel,
        scenario=ask.scenario,
        created_at=moment,
    )


def _from_wallet(ask: PayAsk) -> Payment:
    if ask.coupon is not None:
        return _from_wallet_less_coupon(ask, ask.coupon, clock.now())
    return _at_once(ask, clock.now()) or _from_wallet_under_lock(ask, clock.now())


def _at_once(ask: PayAsk, moment: datetime) -> Payment | None:
    """Without a lock: one statement, a transaction of its own, that finds the order as it was read.

    None where the order takes more than one statement, or somebody changed it meanwhile. It saves three of
    the round trips of the way under lock, and the order's row is held for one statement only.
    """
    if connection.in_atomic_block:
        return None
    order, version = read_to_pay(ask.live_token)
    refuse_unless_payable(order, moment)
    if order.awaits_call or order.awaits_release:
        return None
    payment = _payment(ask, order, moment)
    with suppress(RowsChanged), locking.one_statement():
        count_payment(payment, order, moment, insert=True, version=version)
        return payment
    return None


def _from_wallet_under_lock(ask: PayAsk, moment: datetime) -> Payment:
    with locking.transaction():
        order = lock_to_pay(ask.live_token)
        refuse_unless_payable(order, moment)
        payment = _payment(ask, order, moment)
        count_payment(payment, order, moment, insert=True)
        return payment


def _from_wallet_less_coupon(ask: PayAsk, chosen: Chosen, moment: datetime) -> Payment:
    with locking.transaction():
        order = _read_order(ask.live_token, moment)
        payment = _payment(ask, order, moment)
        spending = take_coupon(payment, order, chosen, moment)
        order = lock_to_pay(ask.live_token)
        refuse_unless_payable(order, moment)
        with out_of_fund():
            count_payment(payment, order, moment, insert=True, spending=spending)
        return payment


def _read_order(live_token: str, moment: datetime) -> Order:
    order = Order.objects.select_related("merchant").filter(live_token=live_token).first()
    if order is None:
        raise NotFound
    refuse_unless_payable(order, moment)
    return order


def _through_gateway(ask: PayAsk) -> Payment:
    moment = clock.now()
    order = _read_order(ask.live_token, moment)
    payment = _payment(ask, order, moment)
    admit = partial(admit_coupon, payment, order, ask.coupon, moment) if ask.coupon else None
    try:
        payment = charge_gateway(payment, settings.BASE_URL + f"/pay/{order.live_token}", admit)
    except NothingLeft:
        return _from_wallet(replace(ask, source=WALLET))
    if payment.failure_code:
        refuse_unless_payable(Order.objects.get(pk=order.pk), clock.now())
    return refuse_if_failed(payment)
