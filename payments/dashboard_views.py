"""The dashboard's pages of money: payments with what went back, the balance and its statement."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from common.ids import public_id
from common.paging import page_of
from ledger.accounts import Kind, merchant as merchant_account
from ledger.queries import Line, statement
from merchants.dashboard import PAGE_ROWS, DashboardRequest, dashboard, page, place_of
from payments.queries import balance_of, payments_of
from payments.words import posting_text


@dashboard("payments:read")
@require_safe
def payment_list(request: DashboardRequest) -> HttpResponseBase:
    """Every try to pay one of the merchant's orders, and every sale at the till, newest first."""
    payments = payments_of(request.merchant).select_related("order").prefetch_related("returns")
    context = {"page": page_of(payments, place_of(request))}
    return page(request, "payments/dashboard_list.html", context, nav="payments")


@dashboard("balance:read")
@require_safe
def money(request: DashboardRequest) -> HttpResponseBase:
    """What is available, held and owed, and how the available money came to be."""
    account = merchant_account(request.merchant.pk)
    currency = request.merchant.currency
    cursor = request.GET.get("cursor") or None
    try:
        lines = statement(account, currency, cursor, limit=PAGE_ROWS)
    except ValueError:  # an address that somebody mangled
        cursor = None
        lines = statement(account, currency, limit=PAGE_ROWS)
    context = {
        "balance": balance_of(request.merchant),
        "lines": [(line, _what(line), _order_id(line)) for line in lines.lines],
        "older": lines.next_cursor,
        "is_first": cursor is None,
    }
    return page(request, "payments/dashboard_money.html", context, nav="money")


def _order_id(line: Line) -> str:
    """The order that a line's money came from or went back to: its escrow is the other side."""
    return public_id("ord", line.other.owner) if line.other.kind == Kind.ESCROW else ""


def _what(line: Line) -> str:
    """A line's name; the platform's fee and a debt's repayment are lines of their own."""
    if line.amount < 0 and line.other.kind == Kind.FEES:
        return _("Platform's fee")
    if line.amount < 0 and line.other.kind == Kind.MERCHANT_DEBT:
        return _("Debt paid off")
    return posting_text(line.posting)
