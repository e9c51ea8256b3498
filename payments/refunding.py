"""One unit's money goes back the way it came, whoever decided it (HOUSE, "One door"; FLOWS 4).

Joins the caller's transaction, in which nothing of the money's is locked yet. A unit whose money lies in
escrow gets it from there; one whose money was released gets it from the merchant, a shortfall becomes the
merchant's debt (POSTINGS, "unit refunded after redemption").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock, drains, ids, locking, outbox
from common.models import OutboxEvent
from common.refusals import InvalidState
from common.rows import insert_together, save_states
from coupons.spending import Spending, coupon_of, give_back_coupon
from ledger.accounts import (
    Account,
    buyer_debt,
    campaign_fund,
    fees,
    in_flight,
    merchant as merchant_account,
    merchant_debt,
    wallet,
)
from ledger.posting import Journal, post
from ledger.pricing import split_shortfall
from ledger.queries import lock_available, lock_debts, posted_amounts
from orders import bindings, stock
from orders.models import EndReason, Item, ItemState, Order, OrderState, RedeemBy
from orders.refusals import Refunded
from orders.undoing import refuse_unless_open
from payments.flows.return_stray import SEND_DRAIN
from payments.models import Payment, PaymentState, Return
from payments.models.payments import WALLET
from payments.unit_refunds import refund_journal


@dataclass(frozen=True, slots=True)
class UnitRefund:
    """A unit under lock with its order and its order's units, the payment that counts, and its coupon."""

    payment: Payment
    order: Order
    items: list[Item]
    unit: Item
    spending: Spending | None


def hold_unit(item: Item) -> UnitRefund:
    """Lock all that a unit's refund touches, in the order of locks. The unit was read without a lock.

    Raises `Refunded`, `NotPaid`, `Expired`, and `InvalidState` where no payment counts any more.
    """
    counted = Payment.objects.filter(order_id=item.order_id, state=PaymentState.SUCCEEDED)
    payment = locking.lock_row(counted)
    spending = coupon_of(payment.pk) if payment is not None and payment.deduction_minor else None
    if item.from_stock:
        stock.hold({item.product_id})
    order = locking.lock_row(Order.objects.select_related("merchant"), pk=item.order_id)
    assert order is not None
    items = locking.lock_rows(Item.objects.filter(order=order))
    unit = next(one for one in items if one.pk == item.pk)
    if unit.state == ItemState.REFUNDED:
        raise Refunded
    refuse_unless_open(order)
    if payment is None:
        raise InvalidState
    return UnitRefund(payment, order, items, unit, spending)


def refund_unit(held: UnitRefund, cause: str) -> Return | None:
    """Send the unit's money back; None where the buyer had paid nothing for it."""
    moment = clock.now()
    back = _return(held, cause, moment)
    journal = _journal(held, back)
    payment, order, unit = held.payment, held.order, held.unit
    was_never_had = unit.needs_redemption and unit.state == ItemState.ISSUED and unit.released_at is None
    before = order.state
    unit.refund(moment)
    unit.held_at = None
    order.fold(held.items, moment)
    payment.returned_minor += back.amount_minor
    if order.state == OrderState.REFUNDED:
        payment.refund()
    save_states([unit], ["state", "refunded_at", "held_at"])
    save_states([order], ["state", "closed_at"])
    save_states([payment], ["state", "returned_minor"])
    if not any(item.redeem_by == RedeemBy.CALL and item.state == ItemState.ISSUED for item in held.items):
        bindings.end([order], EndReason.REFUNDED, moment, bindings.rules_of(order.merchant_id))
    if unit.from_stock and was_never_had:
        stock.give_back(Counter([unit.product_id]))
    events = list(_events(held, back, cause))
    if order.state != before:
        events.append(
            outbox.event(
                f"order.{order.state}", order.public_id, merchant_id=order.merchant_id, **order.facts()
            )
        )
    if held.spending is not None and payment.state == PaymentState.REFUNDED:
        events.append(give_back_coupon(held.spending, moment, payment.amount_minor))
    insert_together([back] if back.amount_minor else [], events)
    post(journal)
    outbox.announce()
    drains.poke(SEND_DRAIN)
    return back if back.amount_minor else None


def _return(held: UnitRefund, cause: str, moment: datetime) -> Return:
    back = Return(
        id=ids.new_id(),
        payment=held.payment,
        cause=cause,
        amount_minor=held.unit.paid_minor,
        currency=held.payment.currency,
        created_at=moment,
    )
    if held.payment.source == WALLET:
        back.succeed(moment)
    else:
        back.ask_at = moment
    return back


def _journal(held: UnitRefund, back: Return) -> Journal:
    payment, unit = held.payment, held.unit
    if unit.released_at is None:
        debtors = [buyer_debt(payment.payer_id)] if payment.source == WALLET else []
        owed = lock_debts(back.currency, *debtors) if debtors else {}
        return refund_journal(held.order, [unit], back, held.spending, owed)
    return _from_merchant(held, back)


def _from_merchant(held: UnitRefund, back: Return) -> Journal:
    """The merchant pays, the buyer first; the platform gives its fee back."""
    payment, unit, shop_id = held.payment, held.unit, held.order.merchant_id
    shop, owes = merchant_account(shop_id), merchant_debt(shop_id)
    fee = _fee_of(unit.release_journal)
    funds: list[Account] = [campaign_fund(held.spending.campaign.pk)] if held.spending else []
    accounts = [shop, owes, fees(), *funds]
    if payment.source == WALLET:
        purse, buyer_owes = wallet(payment.payer_id), buyer_debt(payment.payer_id)
        indebted, _owes, available, _purse = lock_available(back.currency, buyer_owes, owes, shop, purse)
        extra = {"owed": min(back.amount_minor, -indebted)}
        posting, accounts = "redeemed_unit_refunded_wallet", [*accounts, purse, buyer_owes]
    else:
        _owes, available = lock_available(back.currency, owes, shop)
        extra, posting = {}, "redeemed_unit_refunded_gateway"
        accounts = [*accounts, in_flight(payment.source)]
    short = split_shortfall(available + fee, back.amount_minor, unit.platform_minor)
    amounts = {**short._asdict(), "fee": fee, **extra}
    return Journal.of(back.pk, posting, back.currency, *accounts, **amounts)


def _fee_of(release: UUID) -> int:
    return posted_amounts(release).get(release, {}).get("fee", 0)


def _events(held: UnitRefund, back: Return, cause: str) -> Iterator[OutboxEvent]:
    order, payment, unit = held.order, held.payment, held.unit
    shop = order.merchant_id
    if back.amount_minor:
        way = {"to": WALLET} if payment.source == WALLET else {}
        name = "payment.returned" if way else "payment.returning"
        told = {**payment.facts(), "cause": cause, "returned": back.amount_minor, **way}
        yield outbox.event(name, payment.public_id, merchant_id=shop, **told)
    yield outbox.event(
        "item.refunded",
        order.public_id,
        merchant_id=shop,
        order=order.public_id,
        item=unit.public_id,
        amount=unit.paid_minor,
        currency=order.currency,
        cause=cause,
    )
