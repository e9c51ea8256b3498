"""What the dashboard's pages of campaigns show of values: a preview's lines, a coupon in the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from common.money import MAX_AMOUNT_MINOR
from coupons.forms import PreviewForm
from coupons.models import Campaign, Coupon, CouponState
from coupons.pricing import Bill, NoDeduction, Part, Terms, deduction
from coupons.words import Words, why_not

_LADDER = (1, 2, 5, 10)
"""Other bills that the preview shows beside the one asked for: multiples of it."""


class Line(NamedTuple):
    """One bill: what comes off and what is paid, or why nothing comes off."""

    bill_minor: int
    taken_minor: int
    why_not: Words = ""

    @property
    def paid_minor(self) -> int:
        """What the buyer pays."""
        return self.bill_minor - self.taken_minor


@dataclass(frozen=True, slots=True)
class Preview:
    """The bill that was asked for, and a few greater ones; nothing while the form can't be read."""

    asked: Line | None
    others: list[Line]
    currency: str
    problems: list[str]


def preview_of(form: PreviewForm) -> Preview:
    """What the server would compute, by the same arithmetic as a payment."""
    currency = form.merchant.currency
    if not form.is_valid():
        return Preview(None, [], currency, _problems(form))
    terms, bill = form.terms(), form.bill()
    bills = [_times(bill, many) for many in _LADDER if bill.amount_minor * many <= MAX_AMOUNT_MINOR]
    asked, *others = [_line(terms, each) for each in bills]
    return Preview(asked, others, currency, [])


def _times(bill: Bill, many: int) -> Bill:
    parts = tuple(Part(part.product, part.amount_minor * many) for part in bill.parts)
    return Bill(bill.amount_minor * many, parts)


def _line(terms: Terms, bill: Bill) -> Line:
    try:
        return Line(bill.amount_minor, deduction(terms, bill))
    except NoDeduction as no:
        return Line(bill.amount_minor, 0, why_not(no))


def _problems(form: PreviewForm) -> list[str]:
    labels = {name: str(field.label) for name, field in form.fields.items()}
    return [
        f"{labels[name]}: {error}" if name in labels else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


class ShownCoupon(NamedTuple):
    """A coupon in the list, in the state that it is in at this moment, also before a sweep."""

    coupon: Coupon
    state: str


def shown_coupon(coupon: Coupon, campaign: Campaign, moment: datetime) -> ShownCoupon:
    """What has run out shows as expired; a payment that counts on it is still counted on."""
    waits = coupon.state in (CouponState.ISSUED, CouponState.ARMED)
    is_over = not coupon.is_valid(moment) or campaign.has_ended(moment)
    return ShownCoupon(coupon, CouponState.EXPIRED.value if waits and is_over else coupon.state)
