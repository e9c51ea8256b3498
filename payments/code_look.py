"""What the payment code's page shows: one word for its face, and what came of a code in its buyer's words."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from coupons.refusals import REASONS
from ledger.refusals import InsufficientFunds
from merchants.models import Merchant, Person
from orders import code128, qr
from payments.models import CodeOutcome, Payment, PaymentCode
from payments.payment_codes import GRACE
from payments.queries import payments_by, wallet_of
from payments.refusals import PinLocked, PinRequired, PinWrong
from payments.shown_codes import ShownCode

Words = str | Promise


@dataclass(frozen=True, slots=True)
class CodeFace:
    """One face of the page; `status` is what its POST answers with."""

    word: str
    status: int = 200
    shown: ShownCode | None = None
    left_ms: int = 0
    merchant: Merchant | None = None
    amount_minor: int = 0
    payment: Payment | None = None
    reason: Words = ""
    missing_minor: int = 0
    error: Words = ""

    @property
    def code_id(self) -> str:
        """What the page asks after the code by."""
        return PaymentCode(pk=self.shown.id).public_id if self.shown else ""

    @property
    def url(self) -> str:
        """Where this face is found again, after a reload."""
        return reverse("my_till_receipt", args=[self.payment.public_id]) if self.payment else ""

    @property
    def qr(self) -> str:
        """The code as QR: in the page itself, so that it needs no second answer."""
        return qr.data_uri(self.shown.digits) if self.shown else ""

    @property
    def barcode(self) -> str:
        """The code as Code 128, likewise."""
        if not self.shown:
            return ""
        return "data:image/svg+xml;base64," + b64encode(code128.svg(self.shown.digits).encode()).decode()


def code_face(shown: ShownCode, moment: datetime) -> CodeFace:
    """A code that can be paid with."""
    left = int((shown.expires_at - moment).total_seconds() * 1000)
    return CodeFace("code", 201, shown=shown, left_ms=max(left, 0))


def pin_face(refusal: PinWrong | PinLocked | None = None, error: Words = "") -> CodeFace:
    """The page asks for the PIN; `refusal` says what was wrong with the one that was said."""
    if isinstance(refusal, PinLocked):
        return CodeFace("pin", refusal.status, error=pin_locked_words(refusal))
    return CodeFace("pin", 422 if refusal or error else 200, error=refusal.title if refusal else error)


def pin_locked_words(refusal: PinLocked) -> str:
    """That the PIN rests, and for how long."""
    minutes = -(-int(refusal.headers.get("Retry-After", "60")) // 60)
    return _("Too many wrong PINs. Try again in %(minutes)d min.") % {"minutes": minutes}


def outcome_face(code: PaymentCode, buyer: Person, moment: datetime) -> CodeFace | None:
    """What came of a code; None while it can be paid with."""
    if code.outcome == CodeOutcome.USED:
        return _paid(code, buyer)
    if code.outcome == CodeOutcome.REFUSED:
        return _refused(code, buyer)
    if code.outcome == CodeOutcome.REPLACED:
        return CodeFace("replaced")
    return None if moment < code.expires_at + GRACE else CodeFace("ended")


def is_decided(code: PaymentCode | None) -> bool:
    """Whether a till has tried it, so that its buyer has to hear what came of it."""
    return code is not None and code.outcome in (CodeOutcome.USED, CodeOutcome.REFUSED)


def _paid(code: PaymentCode, buyer: Person) -> CodeFace:
    assert code.payment_id is not None
    payment = payments_by(buyer).get(pk=code.payment_id)
    return CodeFace("paid", merchant=payment.merchant, payment=payment, amount_minor=payment.amount_minor)


def _refused(code: PaymentCode, buyer: Person) -> CodeFace:
    amount, missing = code.amount_minor or 0, 0
    assert code.merchant is not None
    if code.reason == PinRequired.code:
        return CodeFace("pin", merchant=code.merchant, amount_minor=amount)
    if code.reason == InsufficientFunds.code:
        missing = max(amount - wallet_of(buyer, code.merchant.currency), 0)
        return CodeFace("short", merchant=code.merchant, amount_minor=amount, missing_minor=missing)
    reason = REASONS.get(code.reason, _("The till could not collect with this code."))
    return CodeFace("refused", merchant=code.merchant, amount_minor=amount, reason=reason)
