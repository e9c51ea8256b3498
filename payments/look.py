"""What a payment page shows of an order: one word for its face, and refusals in the payer's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import ids
from common.refusals import Refusal
from ledger.refusals import InsufficientFunds
from merchants.models import Person
from orders.models import Item, Order, OrderState
from payments.coupon_choice import why_refused
from payments.gateways.base import gateway, names
from payments.models import Payment, Return
from payments.models.payments import WALLET
from payments.queries import counted_payment, latest_payment
from payments.refusals import PaymentDeclined, WrongAmount

Words = str | Promise


class OrderLine(NamedTuple):
    """So many of one product, as the receipt says it."""

    product_id: UUID
    name: str
    price_minor: int
    quantity: int

    @property
    def amount_minor(self) -> int:
        """What the line comes to."""
        return self.price_minor * self.quantity


def lines_of(items: Iterable[Item]) -> list[OrderLine]:
    """An order's units gathered into lines, in the order they were chosen."""
    counted = Counter(
        (item.product_id, item.product_name, item.price_minor)
        for item in sorted(items, key=lambda item: item.pk)
    )
    return [OrderLine(*line, quantity) for line, quantity in counted.items()]


def again_url(order: Order) -> str:
    """The shop (or the printed code's page) with the same things chosen once more."""
    chosen = {
        f"q-{ids.public_id('prd', line.product_id)}": line.quantity for line in lines_of(order.items.all())
    }
    code = order.printed_code
    if code is not None and code.retired_at is None:
        place = reverse("printed_code", args=[code.token])
    else:
        place = reverse("shop", args=[order.merchant.slug])
    return f"{place}?{urlencode(chosen)}"


def source_label(source: str) -> Words:
    """From where it was paid, in words."""
    if source == WALLET:
        return _("Wallet")
    return gateway(source).label if source in names() else source


@dataclass(frozen=True, slots=True)
class Face:
    """Which of the page's faces to show, with the viewer's own last try to pay, if any."""

    word: str
    lines: list[OrderLine]
    again_url: str
    payment: Payment | None = None
    returning: Return | None = None

    @property
    def state(self) -> str:
        """Changes whenever the page has something new to say."""
        tried = f"{self.payment.state}" if self.payment else ""
        back = self.returning.state if self.returning else ""
        return f"{self.word}-{tried}-{back}"

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        waits = self.payment is not None and self.payment.is_open
        coming = self.returning is not None and self.returning.settled_at is None
        return self.word in _ENDED and not waits and not coming

    @property
    def source_label(self) -> Words:
        """From where the viewer tried to pay."""
        return source_label(self.payment.source) if self.payment else ""

    @property
    def failure(self) -> Words:
        """Why the viewer's last try came to nothing."""
        code = self.payment.failure_code if self.payment else ""
        return _FAILURES.get(code, _FAILURES["declined"]) if code else ""


_ENDED = frozenset({"paid_by_other", "cancelled", "expired", "refunded"})

_FAILURES: dict[str, Words] = {
    "declined": _("Your last attempt was declined. Nothing was taken. Try again, or pay another way."),
    "never_started": _("Your last attempt never reached the provider. Nothing was taken. Try again."),
    "wrong_amount": _("Another amount arrived than was asked for. All of it goes back to you by itself."),
}


def face_of(order: Order, viewer: Person | None, moment: datetime, *, again: bool = False) -> Face:
    """What the page is for this viewer now; `again` asks for the form though an attempt is under way."""
    mine = latest_payment(order, viewer) if viewer else None
    returning = mine.returns.order_by("-id").first() if mine and mine.returned_minor else None
    word = _word(order, viewer, mine, moment, again=again)
    return Face(word, lines_of(order.items.all()), again_url(order), mine, returning)


def _word(order: Order, viewer: Person | None, mine: Payment | None, moment: datetime, *, again: bool) -> str:
    if order.state in (OrderState.PAID, OrderState.REDEEMED):
        counted = counted_payment(order)
        is_mine = viewer is not None and counted is not None and counted.payer_id == viewer.pk
        return "paid_by_me" if is_mine else "paid_by_other"
    if order.state == OrderState.PLACED and not order.is_overdue(moment):
        if mine is not None and mine.is_open and not again:
            return "waiting"
        return "confirm" if viewer is not None else "sign_in"
    if order.state == OrderState.PLACED:
        return "expired"
    if order.state == OrderState.EXPIRED and order.paid_at is not None:
        return "paid_expired"
    return str(order.state)


class Trouble(NamedTuple):
    """A refusal as the payer reads it: what happened, and what to do next."""

    title: Words
    text: Words


def refusal_words(refusal: Refusal, order: Order) -> Trouble:
    """Every "no" of paying with its way on; what the order's state says itself needs no more words."""
    if isinstance(refusal, InsufficientFunds):
        return Trouble(
            _("Your wallet holds too little"), _("Top it up, or pay another way. Nothing was taken.")
        )
    if isinstance(refusal, PaymentDeclined):
        return Trouble(_("The payment was declined"), _("Nothing was taken. Try again, or pay another way."))
    reason = why_refused(refusal)
    if reason:
        text = _("%(reason)s Nothing was taken. Pay without a coupon, or choose another.")
        return Trouble(_("The coupon was refused"), text % {"reason": reason})
    if isinstance(refusal, WrongAmount):
        return Trouble(
            _("Another amount arrived than was asked for"),
            _("All of it goes back to you by itself. You can pay anew."),
        )
    return Trouble(refusal.title, _("Nothing was taken."))
