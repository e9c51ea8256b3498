"""Reads of the till's page, always of one merchant; nothing of the buyer or of a coupon is loaded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from common.ids import first_id_at
from common.models import AuditEntry, OutboxEvent
from merchants.models import Merchant
from merchants.who import names_of
from orders.models import Product
from payments.models import GivenUpSale, Payment, PaymentCode, PaymentKind, PaymentState
from payments.payment_codes import digest_of


def sales_of(merchant: Merchant) -> QuerySet[Payment]:
    """The merchant's sales at the till."""
    return Payment.objects.filter(merchant=merchant, kind=PaymentKind.TILL)


def sale_of(merchant: Merchant, sale_id: UUID | None) -> Payment | None:
    """One sale by its id; None for anybody else's."""
    return sales_of(merchant).filter(pk=sale_id).first() if sale_id else None


def sale_of_reference(merchant: Merchant, reference: str) -> Payment | None:
    """One sale by the till's own number of it."""
    return sales_of(merchant).filter(till_reference=reference).first()


def is_given_up(merchant: Merchant, reference: str) -> bool:
    """Whether a sale of this number will never happen."""
    return GivenUpSale.objects.filter(merchant=merchant, reference=reference).exists()


def was_paid_with(payment: Payment, code: str) -> bool:
    """Whether it is this code that the sale was collected with."""
    return PaymentCode.objects.filter(payment_id=payment.pk, digest=digest_of(code)).exists()


def products_on_bill(merchant: Merchant, chosen: Collection[UUID]) -> list[Product]:
    """Those of the chosen products that the merchant sells."""
    if not chosen:
        return []
    sold = Product.objects.filter(merchant=merchant, archived_at=None, currency=merchant.currency)
    return list(sold.filter(pk__in=chosen).order_by("-id"))


def names_on_bill(merchant: Merchant, chosen: Collection[UUID]) -> list[str]:
    """What those of the merchant's products are called, sold or not."""
    products = Product.objects.filter(merchant=merchant, pk__in=chosen)
    return list(products.order_by("name").values_list("name", flat=True))


# --- the day -------------------------------------------------------------------------------


def sales_of_day(merchant: Merchant, day: date) -> QuerySet[Payment]:
    """A calendar day's sales (`TIME_ZONE`), found by their time-ordered ids."""
    begins, ends = first_id_at(_midnight(day)), first_id_at(_midnight(day + timedelta(days=1)))
    return sales_of(merchant).filter(pk__gte=begins, pk__lt=ends)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True, slots=True)
class DaySums:
    """What a day's sales come to, in minor units; reversed ones stand by themselves."""

    count: int
    paid_minor: int
    deducted_minor: int
    reversed_count: int
    reversed_minor: int


def sums_of_day(merchant: Merchant, day: date) -> DaySums:
    """The sums of a day; one statement."""
    stands, taken_back = Q(state=PaymentState.SUCCEEDED), Q(state=PaymentState.REVERSED)
    told = sales_of_day(merchant, day).aggregate(
        count=Count("pk", filter=stands),
        amount=Sum("amount_minor", filter=stands, default=0),
        deducted=Sum("deduction_minor", filter=stands, default=0),
        back_count=Count("pk", filter=taken_back),
        back=Sum("returned_minor", filter=taken_back, default=0),
    )
    return DaySums(
        told["count"], told["amount"] - told["deducted"], told["deducted"], told["back_count"], told["back"]
    )


# --- what happened to a sale -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that was done: `word` is `collected` or `reversed`."""

    word: str
    at: datetime
    who: str
    reason: str = ""


def moments_of(merchant: Merchant, payment: Payment) -> list[Moment]:
    """Who collected a sale, who took it back and why, the oldest first."""
    events = OutboxEvent.objects.filter(subject=payment.public_id, name="payment.collected")
    entries = AuditEntry.objects.filter(subject=payment.public_id, verb="payment.reversed")
    collected = [("collected", event.at, event.actor, "") for event in events[:1]]
    reversed_ = [("reversed", entry.at, entry.actor, entry.detail.get("reason", "")) for entry in entries[:1]]
    found = [*collected, *reversed_]
    names = names_of(merchant, {actor for _word, _at, actor, _why in found})
    return [Moment(word, at, _who(names[actor]), why) for word, at, actor, why in found]


def _who(name: str) -> str:
    """Whoever is neither member nor key any more goes for the buyer elsewhere; no buyer stands at a till."""
    return _("A former member") if name == _("The buyer") else name
