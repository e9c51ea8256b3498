"""What the till says of a sale: one word for its face, and every "no" in the cashier's words.

No refusal says more of a coupon than that it was refused, and of a wallet than that it is too little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, ngettext

from common.refusals import Refusal
from coupons.refusals import CouponRefused
from ledger.refusals import InsufficientFunds
from merchants.models import Merchant
from orders.refusals import MerchantClosed
from payments.models import Payment, PaymentState
from payments.refusals import PaymentCodeInvalid, PinRequired, ReferenceVoid, TooManyGuesses
from payments.till_queries import is_given_up, sale_of_reference

Words = str | Promise

GIVEN_UP = "given_up"
"""Kept as the reason of a sale that went through after the till had given it up."""


class Trouble(NamedTuple):
    """A refusal as the cashier reads it: what it is, what to do next, how it looks."""

    title: Words
    text: Words
    icon: str = "circle-x"
    tone: str = "bad"
    is_again: bool = True
    """Whether the same amount can be collected with another code."""


_TROUBLES: dict[str, Trouble] = {
    PaymentCodeInvalid.code: Trouble(
        _("This code can't be paid with"),
        _("It has ended, or was used before. The buyer shows a new code; scan that one."),
    ),
    InsufficientFunds.code: Trouble(
        _("Too little in the wallet"),
        _("The buyer can top up on the phone and show a new code, or pay in another way."),
        "wallet-off",
        "warn",
    ),
    CouponRefused.code: Trouble(
        _("The coupon was refused"),
        _("The buyer's phone says why. With another coupon or without, the buyer shows a new code."),
        "ticket-off",
        "warn",
    ),
    PinRequired.code: Trouble(
        _("The buyer's PIN is needed"),
        _("The buyer enters it on the phone and shows the new code; scan that one."),
        "lock",
        "warn",
    ),
    MerchantClosed.code: Trouble(
        _("This shop is stopped"),
        _("It can't collect at present. The owner finds out more from Livetill."),
        "ban",
        is_again=False,
    ),
    ReferenceVoid.code: Trouble(
        _("This sale was given up"), _("Begin a new one."), "arrow-back-up", "info", is_again=False
    ),
}

OTHER = Trouble(
    _("This is an earlier sale"),
    _("The form that was sent had collected before, and nothing more was collected now. Begin a new sale."),
    "repeat",
    "warn",
    is_again=False,
)


def trouble_of(refusal: Refusal) -> Trouble:
    """A refusal in the cashier's words."""
    if isinstance(refusal, TooManyGuesses):
        return _guessed_too_often(refusal)
    return _TROUBLES.get(refusal.code) or Trouble(refusal.title, _("Begin a new sale."), is_again=False)


def _guessed_too_often(refusal: TooManyGuesses) -> Trouble:
    minutes = -(-int(refusal.headers.get("Retry-After", "60")) // 60)
    words = ngettext(
        "Codes that nobody was given came from this till again and again. Wait %(minutes)d minute.",
        "Codes that nobody was given came from this till again and again. Wait %(minutes)d minutes.",
        minutes,
    )
    title = _("Too many unknown codes")
    return Trouble(title, words % {"minutes": minutes}, "hand-stop", is_again=False)


@dataclass(frozen=True, slots=True)
class SaleFace:
    """What is said of a sale. `word`: `paid`, `reversed`, `waiting`, `refused`, `other`, `given_up`,
    `none` (there is no such sale, or not yet), `typo` (the form was not understood)."""

    word: str
    status: int = 200
    reference: str = ""
    payment: Payment | None = None
    trouble: Trouble | None = None
    errors: tuple[str, ...] = ()


def refused_face(refusal: Refusal) -> SaleFace:
    """Nothing was collected."""
    return SaleFace("refused", refusal.status, trouble=trouble_of(refusal))


def payment_face(payment: Payment, status: int = 200) -> SaleFace:
    """What a sale's payment has come to."""
    if payment.state == PaymentState.FAILED:
        failed = Trouble(_("The payment failed"), _("The buyer can pay in another way."))
        return SaleFace("refused", trouble=failed)
    word = "reversed" if payment.state == PaymentState.REVERSED else "waiting" if payment.is_open else "paid"
    return SaleFace(word, status, payment.till_reference, payment)


def reference_face(merchant: Merchant, reference: str) -> SaleFace:
    """What has come of the sale of a number, so far."""
    payment = sale_of_reference(merchant, reference)
    if payment is not None:
        return payment_face(payment)
    if is_given_up(merchant, reference):
        return SaleFace("given_up", reference=reference)
    return SaleFace("none", 404, reference)
