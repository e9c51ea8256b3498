"""What every reversal of a till's sale does; the caller holds the payment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from common import audit, clock, ids, outbox
from common.models import OutboxEvent
from common.refusals import InvalidState
from common.rows import insert_together, save_states
from coupons.spending import coupon_of, give_back_coupon
from ledger.accounts import (
    Account,
    buyer_debt,
    campaign_fund,
    fees,
    merchant as merchant_account,
    merchant_debt,
    wallet,
)
from ledger.posting import Journal, post
from ledger.pricing import split_shortfall
from ledger.queries import lock_available
from payments.models import Payment, PaymentKind, PaymentState, Return

CAUSE = "reversed"


def reverse_sale(payment: Payment, reason: str) -> None:
    """Reverse it. Raises `InvalidState` for what is no till payment or does not stand."""
    if payment.kind != PaymentKind.TILL or payment.state != PaymentState.SUCCEEDED:
        raise InvalidState
    moment = clock.now()
    payment.reverse()
    save_states([payment], ["state", "returned_minor"])
    spending = coupon_of(payment.pk)
    fund = campaign_fund(spending.campaign.pk) if spending is not None else None
    events = [_event(payment)]
    if spending is not None:
        events.append(give_back_coupon(spending, moment, payment.amount_minor))
    back = _return(payment, moment)
    entry = audit.entry("payment.reversed", payment.public_id, merchant_id=payment.merchant_id, reason=reason)
    insert_together([back] if payment.paid_minor else [], events, [entry])
    post(_journal(payment, back, fund))
    outbox.announce()


def _return(payment: Payment, moment: datetime) -> Return:
    back = Return(
        id=ids.new_id(),
        payment=payment,
        cause=CAUSE,
        amount_minor=payment.paid_minor,
        currency=payment.currency,
        created_at=moment,
    )
    back.succeed(moment)
    return back


def _event(payment: Payment) -> OutboxEvent:
    return outbox.event(
        "payment.reversed", payment.public_id, merchant_id=payment.merchant_id, **payment.facts()
    )


def _journal(payment: Payment, back: Return, fund: Account | None) -> Journal:
    assert payment.merchant_id is not None
    shop, owes = merchant_account(payment.merchant_id), merchant_debt(payment.merchant_id)
    purse, buyer_owes = wallet(payment.payer_id), buyer_debt(payment.payer_id)
    indebted, _shop_owes, available, _purse = lock_available(payment.currency, buyer_owes, owes, shop, purse)
    short = split_shortfall(available + payment.fee_minor, payment.paid_minor, payment.platform_minor)
    accounts: Sequence[Account] = [purse, buyer_owes, shop, owes, fees(), *([fund] if fund else [])]
    return Journal.of(
        back.pk,
        "till_sale_reversed_wallet",
        payment.currency,
        *accounts,
        paid=short.paid,
        paid_short=short.paid_short,
        platform=short.platform,
        platform_short=short.platform_short,
        fee=payment.fee_minor,
        owed=min(payment.paid_minor, -indebted),
    )
