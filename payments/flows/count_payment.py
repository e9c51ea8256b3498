"""The payment that counts for an order: what every source does once the money is sure (FLOWS 5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Model

from common import locking, outbox
from common.models import OutboxEvent
from common.rows import Writes
from coupons.spending import Spending, use_coupon
from ledger.accounts import campaign_fund, campaign_reserved, escrow, gateway as gateway_account, wallet
from ledger.posting import Journal, post
from orders.bindings import bind
from orders.models import Item, Order, RedeemBy
from payments.checkout_coupon import spread_over
from payments.models import Payment
from payments.models.payments import WALLET


def count_payment(
    payment: Payment,
    order: Order,
    moment: datetime,
    *,
    insert: bool = False,
    spending: Spending | None = None,
    version: str = "",
) -> None:
    """Mark both as paid, move the money into the order's escrow, tell of it: one statement.

    The order can be paid and is locked, or was read in that version (`read_versions`); locked is the coupon
    that takes something off. The payment is saved by the caller, unless it is to be inserted here. Raises
    `InsufficientFunds` where the wallet is short, and `RowsChanged` for an order of another version by now.
    """
    skipped = order.steps_skipped()
    payment.succeed(moment)
    order.pay(moment, redeem_until(order, moment))
    fields = ["state", "paid_at", "redeem_until", "confirmed_at", "scanned_at"]
    if order.awaits_redemption:
        order.unredeemed = order.merchant.unredeemed
        fields.append("unredeemed")
    if order.buyer_id is None:
        order.buyer = payment.payer
        fields.append("buyer")
    if order.awaits_call:
        order.service_number = bind(order, moment)
        fields.append("service_number")
    if order.awaits_release:
        _schedule_release(order, moment)
    inserted: list[list[Model]] = [[payment]] if insert else []
    events: list[Model] = [_event(payment, order, skipped)]
    if spending is not None:
        spread_over(locking.lock_rows(Item.objects.filter(order=order)), spending)
        events.append(use_coupon(spending, moment, payment.amount_minor))
    inserted.append(events)
    post(_journal(payment, order, spending), beside=Writes(inserted, [(order, fields)], version))
    outbox.announce()


def _event(payment: Payment, order: Order, skipped: list[str]) -> OutboxEvent:
    return outbox.event(
        "order.paid",
        order.public_id,
        merchant_id=order.merchant_id,
        steps_skipped=skipped,
        **order.facts(),
        **payment_facts(payment),
    )


def payment_facts(payment: Payment) -> dict[str, object]:
    """What `order.paid` tells of the payment, for conversion and statistics."""
    return {
        "payment": payment.public_id,
        "payer": str(payment.payer_id),
        "paid": payment.paid_minor,
        "consent": payment.consent,
        "source": payment.source,
    }


def redeem_until(order: Order, moment: datetime) -> datetime | None:
    """When the time to redeem ends; None where nothing waits for redemption."""
    if not order.awaits_redemption:
        return None
    return moment + timedelta(days=order.merchant.redeem_within_days)


def _schedule_release(order: Order, moment: datetime) -> None:
    due = moment + timedelta(seconds=order.merchant.holding_seconds)
    Item.objects.filter(order=order, redeem_by=RedeemBy.NONE).update(release_due_at=due)


def _journal(payment: Payment, order: Order, spending: Spending | None) -> Journal:
    into = escrow(order.pk, order.merchant_id)
    if payment.source == WALLET:
        payer, posting, fund_of = wallet(payment.payer_id), "order_paid_wallet", campaign_fund
    else:
        payer, posting, fund_of = gateway_account(payment.source), "order_paid_gateway", campaign_reserved
    accounts = [payer, into, *([fund_of(spending.campaign.pk)] if spending else [])]
    paid, platform = payment.paid_minor, payment.platform_minor
    return Journal.of(payment.pk, posting, payment.currency, *accounts, paid=paid, platform=platform)
