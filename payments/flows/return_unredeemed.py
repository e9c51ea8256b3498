"""Orders that nobody came for, where the merchant's policy gives the money back: the way it came (FLOWS 1).

Each unit that waits for redemption goes back to who paid, in one return an order: into the wallet in
the same transaction, through the gateway by `send_returns`. What was taken from stock goes back there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock, drains, ids, locking, outbox
from common.models import OutboxEvent
from common.rows import insert_together, save_states
from coupons.spending import Spending, coupons_of, give_back_coupon
from ledger.accounts import buyer_debt
from ledger.posting import Journal, post
from ledger.queries import lock_debts
from merchants.models.merchants import Unredeemed
from orders import bindings, stock
from orders.lapsing import CHUNK, Lapsing, due_orders, lock_due
from orders.models import EndReason, Item, OrderState
from payments.flows.return_stray import SEND_DRAIN
from payments.models import Payment, PaymentState, Return
from payments.models.payments import WALLET
from payments.unit_refunds import refund_journal

DRAIN = "return_unredeemed"
CAUSE = "unredeemed"


@dataclass(frozen=True, slots=True)
class _Sent:
    """What goes back of an order, and of which payment."""

    lapsing: Lapsing
    payment: Payment
    back: Return
    spending: Spending | None


@drains.register(DRAIN, every_seconds=30)
def return_unredeemed() -> int:
    """End one chunk of orders that were not redeemed in time, for their buyers; how many."""
    due = due_orders(Unredeemed.REFUND, clock.now())
    chosen = list(due.values_list("pk", flat=True)[:CHUNK])
    return drains.chunk(_return, chosen) if chosen else 0


def _return(chosen: Collection[UUID]) -> int:
    moment, taken = clock.now(), stock.held_by(chosen)
    with locking.transaction():
        counted = Payment.objects.filter(order_id__in=chosen, state=PaymentState.SUCCEEDED)
        payments = {payment.order_id: payment for payment in locking.lock_rows(counted, skip_locked=True)}
        coupons = coupons_of([payment.pk for payment in payments.values() if payment.deduction_minor])
        stock.hold({product_id for held in taken.values() for product_id in held})
        over = lock_due(Unredeemed.REFUND, [pk for pk in payments if pk], moment)
        sent = [_send_back(one, payments[one.order.pk], coupons, moment) for one in over if one.units]
        orders = [one.order for one in over]
        save_states(_units(sent), ["state", "refunded_at"])
        save_states(orders, ["state", "closed_at", "awaits_redemption"])
        save_states([one.payment for one in sent], ["state", "returned_minor"])
        bindings.end(
            orders, EndReason.EXPIRED, moment, bindings.rules_of(*{order.merchant_id for order in orders})
        )
        stock.give_back(Counter(item.product_id for item in _units(sent) if item.from_stock))
        given_back = [
            give_back_coupon(one.spending, moment, one.payment.amount_minor)
            for one in sent
            if one.spending is not None and one.payment.state == PaymentState.REFUNDED
        ]
        backs = [one.back for one in sent if one.back.amount_minor]
        insert_together(backs, [*(event for one in sent for event in _events(one)), *given_back])
        post(*_journals(sent))
        outbox.announce()
        drains.poke(SEND_DRAIN)
        return len(over)


def _units(sent: Sequence[_Sent]) -> list[Item]:
    return [item for one in sent for item in one.lapsing.units]


def _send_back(one: Lapsing, payment: Payment, coupons: Mapping[UUID, Spending], moment: datetime) -> _Sent:
    for item in one.units:
        item.refund(moment)
    one.order.fold(one.items, moment)
    amount = sum(item.paid_minor for item in one.units)
    payment.returned_minor += amount
    if one.order.state == OrderState.REFUNDED:
        payment.refund()
    back = Return(
        id=ids.new_id(),
        payment=payment,
        cause=_cause(one),
        amount_minor=amount,
        currency=payment.currency,
        created_at=moment,
    )
    if payment.source == WALLET:
        back.succeed(moment)
    else:
        back.ask_at = moment
    return _Sent(one, payment, back, coupons.get(payment.pk))


def _cause(one: Lapsing) -> str:
    """Named by the first unit: another unit of the order may come to it later."""
    return f"{CAUSE}:{min(item.pk for item in one.units).hex}"


def _journals(sent: Sequence[_Sent]) -> Iterator[Journal]:
    by_currency: defaultdict[str, list[_Sent]] = defaultdict(list)
    for one in sent:
        by_currency[one.back.currency].append(one)
    for currency, these in sorted(by_currency.items()):
        debts = {buyer_debt(one.payment.payer_id) for one in these if one.payment.source == WALLET}
        owed = lock_debts(currency, *debts) if debts else {}
        for one in these:
            yield refund_journal(one.lapsing.order, one.lapsing.units, one.back, one.spending, owed)


def _events(one: _Sent) -> Iterator[OutboxEvent]:
    order, payment, back = one.lapsing.order, one.payment, one.back
    shop = order.merchant_id
    way = {"to": WALLET} if payment.source == WALLET else {}
    name = "payment.returned" if way else "payment.returning"
    told = {**payment.facts(), "cause": CAUSE, "returned": back.amount_minor, **way}
    yield outbox.event(name, payment.public_id, merchant_id=shop, **told)
    for item in one.lapsing.units:
        told = {"order": order.public_id, "item": item.public_id, "amount": item.paid_minor}
        told |= {"currency": order.currency, "cause": CAUSE}
        yield outbox.event("item.refunded", order.public_id, merchant_id=shop, **told)
    if order.state != OrderState.PAID:  # some units need no redemption, or were redeemed in time
        yield outbox.event(f"order.{order.state}", order.public_id, merchant_id=shop, **order.facts())
