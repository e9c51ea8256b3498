"""A wallet's statement in words: what came in or went out, for what, and where to read more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.accounts import wallet
from ledger.queries import Line, statement
from merchants.models import Person
from payments.look import source_label
from payments.models import Payment, PaymentKind, Return

Words = str | Promise

_WORDS: Mapping[str, tuple[str, Words]] = {
    "top_up_confirmed": ("arrow-down-left", _("Top-up")),
    "top_up_charged_back": ("arrow-up-right", _("Top-up taken back")),
    "order_paid_wallet": ("shopping-bag", _("Payment")),
    "till_sale_wallet": ("building-store", _("Payment at the till")),
    "till_sale_reversed_wallet": ("arrow-back-up", _("Till payment reversed")),
    "gateway_refund_failed": ("arrow-back-up", _("Returned to the wallet")),
    "unit_refunded_wallet": ("receipt-refund", _("Refund")),
    "redeemed_unit_refunded_wallet": ("receipt-refund", _("Refund")),
}


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the statement; `amount_minor` below 0 went out."""

    at: datetime
    icon: str
    title: Words
    text: Words
    amount_minor: int
    currency: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Movements:
    """A page of them, newest first."""

    rows: list[Movement]
    next_cursor: str | None


def movements_of(person: Person, currency: str, cursor: str | None = None, *, limit: int) -> Movements:
    """What moved in a wallet. `cursor` is a `next_cursor`; one that is none is a ValueError."""
    page = statement(wallet(person.pk), currency, cursor, limit=limit)
    payments = _payments(page.lines)
    rows = [_movement(line, payments.get(line.journal)) for line in page.lines]
    return Movements(rows, page.next_cursor)


def _payments(lines: Sequence[Line]) -> dict[UUID, Payment]:
    """Journal → the payment that it belongs to, be it the payment's own or that of a return; two queries."""
    journals = [line.journal for line in lines]
    found = Payment.objects.select_related("merchant", "order").in_bulk(journals)
    returns = Return.objects.filter(settled_journal__in=journals).select_related(
        "payment__merchant", "payment__order"
    )
    return found | {sent.settled_journal: sent.payment for sent in returns}


def _movement(line: Line, payment: Payment | None) -> Movement:
    icon, title = _WORDS.get(line.posting, ("arrows-exchange", _("Movement")))
    text: Words = ""
    url = ""
    if payment is not None and payment.order is not None and payment.merchant is not None:
        title, text = payment.merchant.name, title
        url = reverse("pay_done", args=[payment.order.live_token])
    elif payment is not None and payment.kind == PaymentKind.TILL and payment.merchant is not None:
        title, text = payment.merchant.name, title
        url = reverse("my_till_receipt", args=[payment.public_id])
    elif payment is not None:
        text = source_label(payment.source)
    return Movement(line.at, icon, title, text, line.amount, line.currency, url)
