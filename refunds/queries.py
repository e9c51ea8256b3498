"""Reads of refunds, always scoped to a merchant or a buyer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from merchants.models import Merchant, Person
from orders.models import Item, ItemState, Order, OrderState
from payments.models.payments import COUNTED
from refunds.deciding import Case, decide
from refunds.models import Refund
from refunds.policy import policy_of


def refunds_of(merchant: Merchant, state: str | None = None) -> QuerySet[Refund]:
    """A merchant's refunds, those in one state where it is named."""
    found = Refund.objects.filter(merchant=merchant).select_related("item").prefetch_related("photos")
    return found.filter(state=state) if state else found


def refund_of(merchant: Merchant, refund_id: UUID | None) -> Refund | None:
    """One of a merchant's refunds."""
    return refunds_of(merchant).filter(pk=refund_id).first() if refund_id else None


def refunds_asked_by(buyer: Person) -> QuerySet[Refund]:
    """A buyer's own."""
    return Refund.objects.filter(buyer=buyer).select_related("item").prefetch_related("photos")


def item_of_buyer(buyer: Person, code: str) -> Item | None:
    """The unit with that code, of an order that is this buyer's or that this buyer has paid."""
    paid = Q(order__payments__payer=buyer, order__payments__state__in=COUNTED)
    mine = Item.objects.filter(Q(order__buyer=buyer) | paid, code=code, order__paid_at__isnull=False)
    return mine.select_related("order__merchant").distinct().first()


def units_to_ask_for(order: Order, items: Iterable[Item], moment: datetime) -> list[Item]:
    """Of an order's units, those whose refund can be asked for now. Two queries, none before it is paid."""
    if order.paid_at is None or order.state not in (OrderState.PAID, OrderState.REDEEMED):
        return []
    policy = policy_of(order.merchant_id)
    asked = set(Refund.objects.filter(order=order).values_list("item_id", flat=True))
    free = [item for item in items if item.held_at is None and item.state != ItemState.REFUNDED]
    return [
        item
        for item in free
        if item.pk not in asked and not decide(_case(item, order.paid_at, moment), policy).is_refused
    ]


def _case(item: Item, paid_at: datetime, moment: datetime) -> Case:
    """As far as it says whether the rules refuse it."""
    return Case(
        amount_minor=item.paid_minor,
        is_redeemed=item.state == ItemState.REDEEMED,
        asked_at=moment,
        delivered_at=item.redeemed_at or paid_at,
        score=0,
    )
