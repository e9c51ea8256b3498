"""Reads of refunds, always scoped to a merchant or a buyer."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from merchants.models import Merchant, Person
from orders.models import Item
from payments.models.payments import COUNTED
from refunds.models import Refund


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
