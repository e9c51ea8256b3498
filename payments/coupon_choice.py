"""What the page of a live code offers of the payer's coupons, and which one its form came back with.

A choice carries what was shown to be paid with it, so that nobody pays another amount than was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from common.ids import parse_public_id
from common.refusals import InvalidInput, Refusal
from coupons.fitting import Fitting, fittings
from coupons.refusals import CouponRefused
from merchants.models import Person
from orders.models import Order
from payments.checkout_coupon import Chosen, bill_of

NO_COUPON = "none"
SHOWN_FIRST = 3
"""So many that fit are shown at once; the others unfold."""
_CHOICE = re.compile(r"(cpn_\w{1,40}):([0-9]{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to pay: less a coupon, or without any; amounts in minor units."""

    value: str
    paid_minor: int
    missing_minor: int
    fitting: Fitting | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose, the best first, without a coupon last; and what does not fit."""

    fitting: list[Choice]
    without: Choice
    others: list[Fitting]

    @property
    def first(self) -> list[Choice]:
        """What is shown at once."""
        return self.fitting[:SHOWN_FIRST]

    @property
    def more(self) -> list[Choice]:
        """What unfolds."""
        return self.fitting[SHOWN_FIRST:]

    def by_value(self, value: str | None) -> Choice | None:
        """The choice that a form named, if it is still there."""
        return next((each for each in (*self.fitting, self.without) if each.value == value), None)


def choices_of(order: Order, person: Person, balance_minor: int, moment: datetime) -> Choices:
    """What this payer can choose for this order; one statement, the order's items at hand."""
    bill = bill_of((item.product_id, item.price_minor) for item in order.items.all())
    found = fittings(person, order.merchant_id, bill, moment)
    price = order.amount_minor
    return Choices(
        [_less(each, price, balance_minor) for each in found if not each.reason],
        Choice(NO_COUPON, price, max(0, price - balance_minor)),
        [each for each in found if each.reason],
    )


def _less(fitting: Fitting, price_minor: int, balance_minor: int) -> Choice:
    paid = price_minor - fitting.deduction_minor
    return Choice(f"{fitting.coupon.public_id}:{paid}", paid, max(0, paid - balance_minor), fitting)


def opened_choice(value: str) -> Chosen | None:
    """The coupon and the amount that a form's choice stands for; None for what is no choice of ours."""
    found = _CHOICE.fullmatch(value)
    coupon_id = parse_public_id("cpn", found[1]) if found else None
    return Chosen(coupon_id, int(found[2])) if found and coupon_id else None


def why_refused(refusal: Refusal) -> str | Promise:
    """Why the coupon was refused, in words for its owner; empty where it was not about the coupon."""
    if isinstance(refusal, CouponRefused):
        return refusal.told_owner
    problems = refusal.problems if isinstance(refusal, InvalidInput) else ()
    return next((problem.detail for problem in problems if problem.field == "coupon"), "")
