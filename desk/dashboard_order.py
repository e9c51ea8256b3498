"""One order with all that belongs to it: items, live code, payments and returns, customer, history."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common import clock
from common.ids import parse_public_id
from customers.models import Customer
from customers.queries import customer_for
from desk.timeline import history_of
from merchants.dashboard import DashboardRequest, dashboard, found, may, page
from orders import qr
from orders.models import CallState, ItemState, Order, OrderState
from orders.queries import order_of
from orders.words import lines_of
from payments.models import Payment
from payments.queries import payments_of

SECONDS = 4


@dashboard("orders:read")
@require_safe
def order_detail(request: DashboardRequest, order_id: str) -> HttpResponseBase:
    """The order's page; the parts that can change keep themselves fresh."""
    order: Order = found(order_of(request.merchant, parse_public_id("ord", order_id)))
    order.merchant = request.merchant
    part = "desk/dashboard_order_part.html"
    template = part if request.headers.get("HX-Request") else "desk/dashboard_order.html"
    return page(request, template, _context(request, order), nav="orders")


def _context(request: DashboardRequest, order: Order) -> dict[str, Any]:
    payments = list(
        payments_of(request.merchant).filter(order=order).prefetch_related("returns").order_by("-id")
    )
    items = sorted(order.items.all(), key=lambda item: item.pk)
    overdue = order.is_overdue(clock.now())
    state = OrderState.EXPIRED if overdue else order.state
    waiting = [
        item
        for item in items
        if item.state == ItemState.ISSUED and item.needs_redemption and item.held_at is None
    ]
    return {
        "order": order,
        "state": state,
        "items": items,
        "lines": lines_of(items),
        "payments": payments if may(request, "payments:read") else [],
        "history": history_of(order, payments),
        "call": order.calls.filter(state=CallState.REDEEMED).first() if order.service_number else None,
        "customer": _customer(request, payments),
        "qr": qr.data_uri(order.live_url) if state == OrderState.PLACED else "",
        "redeemable": len(waiting) if state == OrderState.PAID else 0,
        "stamp": _stamp(order, state, payments),
        "announce": _("Order %(number)s: %(state)s.")
        % {"number": order.number, "state": OrderState(state).label},
        "seconds": SECONDS,
        "is_final": state in (OrderState.CANCELLED, OrderState.REFUNDED),
    }


def _customer(request: DashboardRequest, payments: list[Payment]) -> Customer | None:
    """Who paid, where that person agreed to be this shop's customer."""
    counted = next((payment for payment in payments if payment.state == "succeeded"), None)
    if counted is None or not may(request, "customers:read"):
        return None
    return customer_for(request.merchant, counted.payer)


def _stamp(order: Order, state: str, payments: list[Payment]) -> str:
    items = "".join(item.state[2] + ("h" if item.held_at else "") for item in order.items.all())
    paid = "-".join(f"{payment.state[:3]}{len(payment.returns.all())}" for payment in payments)
    returns = "".join(row.state[:2] for payment in payments for row in payment.returns.all())
    return f"{state}-{items}-{paid}-{returns}"
