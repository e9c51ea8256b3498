"""Placing an order: prices are fixed, limited stock is taken, a live code is born (FLOWS 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.utils.translation import gettext as _

from common import clock, ids, locking, outbox
from common.collisions import once_more_if_taken
from common.money import MAX_AMOUNT_MINOR
from common.refusals import FieldProblem, InvalidInput
from common.rows import insert_together, read_rows
from merchants.models import Merchant, Person
from orders import stock
from orders.models import Item, Order, PrintedCode, Product, RedeemBy
from orders.refusals import MerchantClosed

MAX_UNITS = 200
_FOR_SALE = (
    "SELECT {0} FROM orders_product t0 WHERE t0.merchant_id = %s AND t0.id = ANY(%s)"
    " AND t0.archived_at IS NULL AND t0.currency = %s"
)


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one product."""

    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Placement:
    """What is asked for, by whom, and where it came from."""

    merchant: Merchant
    lines: Sequence[Line]
    buyer: Person | None = None
    note: str = ""
    channel: str = "api"
    printed_code: PrintedCode | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An order with its items in the order of its lines."""

    order: Order
    items: list[Item]


def place_order(placement: Placement) -> Placed:
    """Create the order, its items and their codes, all or nothing.

    Raises `OutOfStock`, `MerchantClosed`, and `InvalidInput` for products that are not the
    merchant's, too many units or too large an amount.
    """
    return once_more_if_taken(Item, lambda: _place(placement))


def _place(placement: Placement) -> Placed:
    if not placement.merchant.is_open:
        raise MerchantClosed
    products = _products(placement)
    moment = clock.now()
    order = _order(placement, products, moment)
    items = _items(placement, products, order)
    order.awaits_redemption = any(item.needs_redemption for item in items)
    order.awaits_call = any(item.redeem_by == RedeemBy.CALL for item in items)
    order.awaits_release = not all(item.needs_redemption for item in items)
    limited = _limited(placement, products)
    event = outbox.event("order.placed", order.public_id, merchant_id=order.merchant_id, **order.facts())
    # One statement is a transaction of its own: only taking from stock needs one around both.
    with locking.transaction() if limited else locking.one_statement():
        stock.take(limited)
        insert_together([order], items, [event])
        outbox.announce()
    return Placed(order, items)


def _products(placement: Placement) -> dict[UUID, Product]:
    wanted = list({line.product_id for line in placement.lines})
    merchant = placement.merchant
    rows = read_rows(_FOR_SALE, [merchant.pk, wanted, merchant.currency], Product)
    products = {row[0].pk: cast("Product", row[0]) for row in rows}
    problems = [
        FieldProblem(f"lines.{place}.product", "unknown_product", _("No such product of this merchant."))
        for place, line in enumerate(placement.lines)
        if line.product_id not in products
    ]
    if not placement.lines:
        problems.append(FieldProblem("lines", "empty", _("At least one line.")))
    if sum(line.quantity for line in placement.lines) > MAX_UNITS:
        text = _("At most %(most)d units an order.") % {"most": MAX_UNITS}
        problems.append(FieldProblem("lines", "too_many_units", text))
    if problems:
        raise InvalidInput(*problems)
    return products


def _order(placement: Placement, products: dict[UUID, Product], moment: datetime) -> Order:
    amount = sum(products[line.product_id].price_minor * line.quantity for line in placement.lines)
    if amount > MAX_AMOUNT_MINOR:
        text = _("An order comes to at most %(most)d.") % {"most": MAX_AMOUNT_MINOR}
        raise InvalidInput(FieldProblem("lines", "amount_too_large", text))
    merchant, order_id = placement.merchant, ids.new_id()
    return Order(
        id=order_id,
        merchant=merchant,
        buyer=placement.buyer,
        number=order_id.hex[-8:].upper(),
        amount_minor=amount,
        currency=merchant.currency,
        note=placement.note,
        channel=placement.channel,
        printed_code=placement.printed_code,
        placed_at=moment,
        expires_at=moment + timedelta(seconds=merchant.pay_within_seconds),
    )


def _items(placement: Placement, products: dict[UUID, Product], order: Order) -> list[Item]:
    return [
        Item(
            order=order,
            product=product,
            product_name=product.name,
            redeem_by=product.redeem_by,
            price_minor=product.price_minor,
            from_stock=product.stock is not None,
        )
        for line in placement.lines
        for product in [products[line.product_id]] * line.quantity
    ]


def _limited(placement: Placement, products: dict[UUID, Product]) -> Counter[UUID]:
    taken: Counter[UUID] = Counter()
    for line in placement.lines:
        if products[line.product_id].stock is not None:
            taken[line.product_id] += line.quantity
    return taken
