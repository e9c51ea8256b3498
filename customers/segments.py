"""A segment of a merchant's customers: what one can ask for, and who fits. Reads only.

What a customer bought is what `totals_of` says: orders paid and not wholly refunded, of everybody who was
merged into the customer too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from customers.models import Customer, CustomerTag
from merchants.models import Merchant
from payments.models import PaymentKind, PaymentState

_BOUGHT = """
    SELECT coalesce(c.merged_into_id, c.id)
      FROM payments_payment p
      JOIN customers_customer c ON c.merchant_id = p.merchant_id AND c.person_id = p.payer_id
     WHERE p.merchant_id = %s AND p.kind = %s AND p.state = %s
     GROUP BY 1
    HAVING count(*) >= %s
       AND sum(p.amount_minor - p.deduction_minor - p.returned_minor) >= %s
       AND max(p.settled_at) >= %s
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """All of these have to hold: every tag; so many orders, so much spent in minor units; bought on that day
    or later; not bought since that day began. Days are of `TIME_ZONE`."""

    tags: tuple[UUID, ...] = ()
    min_orders: int = 0
    min_spent_minor: int = 0
    bought_since: date | None = None
    not_since: date | None = None

    def as_json(self) -> dict[str, Any]:
        """What a run keeps."""
        return {
            "tags": [str(tag) for tag in self.tags],
            "min_orders": self.min_orders,
            "min_spent_minor": self.min_spent_minor,
            "bought_since": self.bought_since.isoformat() if self.bought_since else None,
            "not_since": self.not_since.isoformat() if self.not_since else None,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Segment:
        """What a run has kept."""
        return cls(
            tuple(UUID(tag) for tag in kept["tags"]),
            kept["min_orders"],
            kept["min_spent_minor"],
            *(date.fromisoformat(kept[day]) if kept[day] else None for day in ("bought_since", "not_since")),
        )


def customers_in(merchant: Merchant, segment: Segment) -> QuerySet[Customer]:
    """Who fits now. A customer exists only with consent; merged and erased ones are left out."""
    found = Customer.objects.filter(merchant=merchant, merged_into=None, erased_at=None)
    for tag in segment.tags:
        found = found.filter(Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag=tag)))
    if segment.min_orders or segment.min_spent_minor or segment.bought_since:
        found = found.filter(pk__in=_bought(merchant, segment))
    if segment.not_since:
        found = found.exclude(pk__in=_bought(merchant, Segment(bought_since=segment.not_since)))
    return found


def _bought(merchant: Merchant, segment: Segment) -> RawSQL:
    since = _midnight(segment.bought_since or date(2000, 1, 1))
    counted = [merchant.pk, PaymentKind.ORDER.value, PaymentState.SUCCEEDED.value]
    return RawSQL(_BOUGHT, [*counted, max(1, segment.min_orders), segment.min_spent_minor, since])


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
