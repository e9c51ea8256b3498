"""A coupon on an order's payment: the same verification as at the till, named by its owner (FLOWS 2).

Called before the order is locked: coupons rank below orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from common import ids
from common.models import OutboxEvent
from common.refusals import FieldProblem, InvalidInput
from common.rows import save_states
from coupons.pricing import Bill, Part, Unit, spread
from coupons.refusals import CouponRefused
from coupons.spending import Spending, Wanted, lock_coupon, release_coupon
from ledger.accounts import Kind, campaign_fund, campaign_reserved
from ledger.posting import Journal, post
from ledger.refusals import InsufficientFunds
from orders.models import Item, Order
from payments.live_codes import end_codes_shown_with
from payments.models import Payment


class Chosen(NamedTuple):
    """The coupon that a payer named; `shown_minor` is what a page said would be paid with it, if one did."""

    coupon_id: UUID
    shown_minor: int | None = None


def bill_of(units: Iterable[tuple[UUID, int]]) -> Bill:
    """An order's bill: its units, the product of each and the price that was fixed when it was placed."""
    return Bill.of([Part(product, price) for product, price in units])


def take_coupon(payment: Payment, order: Order, chosen: Chosen, moment: datetime) -> Spending:
    """Lock the payer's coupon for this order and write into the payment what it takes off.

    A code that is shown with this coupon ends. Raises `CouponRefused`, also where what would be paid is
    not what was shown, and `InvalidInput` for a coupon that is not the payer's. The order's lines never
    change: they are read unlocked.
    """
    end_codes_shown_with(chosen.coupon_id, payment.payer)
    bill = bill_of(Item.objects.filter(order=order).values_list("product_id", "price_minor"))
    wanted = Wanted(chosen.coupon_id, payment.payer_id)
    try:
        spending = lock_coupon(wanted, order.merchant_id, bill, payment.pk, moment)
    except CouponRefused as refusal:
        if refusal.reason == "unknown":
            raise InvalidInput(FieldProblem("coupon", "unknown", refusal.told_owner)) from refusal
        raise
    payment.deduction_minor = spending.deduction_minor
    payment.platform_minor = spending.platform_minor
    payment.campaign_name = spending.campaign.name
    if chosen.shown_minor not in (None, payment.paid_minor):
        raise CouponRefused("changed")
    return spending


def spread_over(items: list[Item], spending: Spending) -> None:
    """Freeze each unit's part of the deduction and save it; the items are locked by the caller."""
    units = [Unit(item.pk, item.product_id, item.price_minor) for item in items]
    parts = spread(spending.deduction_minor, units, spending.campaign.terms.products)
    for item in items:
        item.deduction_minor = parts[item.pk]
        item.platform_minor = parts[item.pk] if spending.platform_minor else 0
    save_states(items, ["deduction_minor", "platform_minor"])


@contextmanager
def out_of_fund() -> Iterator[None]:
    """A campaign's fund that is short is no matter of the buyer's wallet: the coupon is refused."""
    try:
        yield
    except InsufficientFunds as short:
        if short.kind == Kind.CAMPAIGN_FUND:
            raise CouponRefused("budget") from short
        raise


class NothingLeft(Exception):
    """The coupon covers all of it: there is nothing for a gateway to take."""


def admit_coupon(payment: Payment, order: Order, chosen: Chosen, moment: datetime) -> None:
    """As `take_coupon`, for a gateway's payment: the platform's part is set aside (POSTINGS: C→R).

    Raises `CouponRefused`, and `NothingLeft` where nothing is to be taken.
    """
    spending = take_coupon(payment, order, chosen, moment)
    if payment.paid_minor == 0:
        raise NothingLeft
    if payment.platform_minor:
        payment.reserved_journal, payment.released_journal = ids.new_id(), ids.new_id()
        with out_of_fund():
            post(_between_funds(payment, spending, payment.reserved_journal, "coupon_locked"))


def let_go(payment: Payment, spending: Spending) -> OutboxEvent:
    """The payment came to nothing: the coupon is free, the platform's part back in its fund (R→C)."""
    event = release_coupon(spending)
    if payment.released_journal is not None:
        post(_between_funds(payment, spending, payment.released_journal, "coupon_released"))
    return event


def _between_funds(payment: Payment, spending: Spending, journal_id: UUID, posting: str) -> Journal:
    fund, kept = campaign_fund(spending.campaign.pk), campaign_reserved(spending.campaign.pk)
    return Journal.of(journal_id, posting, payment.currency, fund, kept, amount=payment.platform_minor)
