"""What is known of a unit when its refund is asked for: read under the locks of the asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from common import locking
from merchants.models import Person
from orders.models import ItemState
from payments.refunding import UnitRefund
from refunds.deciding import Case, Policy
from refunds.likeness import FLAT
from refunds.models import MerchantDay, Photo, Refund
from refunds.photos import ALIKE_BITS, Picture, distance
from refunds.standing import score_of

LOOKED_BACK = 500
"""So many of the buyer's own photos are compared by how they look; every photo there is, by its bytes."""


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Who asks for which unit's money, with what; `id` names the refund beforehand."""

    buyer: Person
    code: str
    photos: Sequence[Picture]
    reason: str
    id: UUID | None = None


def lock_day(merchant_id: UUID, moment: datetime) -> MerchantDay:
    day = timezone.localdate(moment)
    MerchantDay.objects.bulk_create([MerchantDay(merchant_id=merchant_id, day=day)], ignore_conflicts=True)
    found = locking.lock_row(MerchantDay.objects.filter(merchant_id=merchant_id, day=day))
    assert found is not None
    return found


def count_in(today: MerchantDay, refund: Refund) -> None:
    row = MerchantDay.objects.filter(pk=today.pk)
    row.update(count=F("count") + 1, amount_minor=F("amount_minor") + refund.amount_minor)


def case_of(ask: RefundAsk, held: UnitRefund, policy: Policy, today: MerchantDay, moment: datetime) -> Case:
    unit, order = held.unit, held.order
    since = moment - timedelta(days=policy.per_buyer_days)
    lately = Refund.objects.filter(buyer=ask.buyer, is_automatic=True, created_at__gt=since)
    totals = lately.aggregate(count=Count("pk"), amount=Sum("amount_minor"))
    assert order.paid_at is not None
    return Case(
        amount_minor=unit.paid_minor,
        is_redeemed=unit.state == ItemState.REDEEMED,
        asked_at=moment,
        delivered_at=unit.redeemed_at or order.paid_at,
        score=score_of(ask.buyer.pk, moment),
        refunds_of_buyer=totals["count"],
        amount_of_buyer_minor=totals["amount"] or 0,
        refunds_of_merchant_today=today.count,
        amount_of_merchant_today_minor=today.amount_minor,
        photo_reused=_used_before(ask),
    )


def _used_before(ask: RefundAsk) -> bool:
    bytes_of = [picture.sha256 for picture in ask.photos]
    pixels_of = [picture.content_sha256 for picture in ask.photos]
    if Photo.objects.filter(Q(sha256__in=bytes_of) | Q(content_sha256__in=pixels_of)).exists():
        return True
    mine = Photo.objects.filter(buyer=ask.buyer).exclude(perceptual_hash=FLAT).order_by("-pk")
    earlier = list(mine.values_list("perceptual_hash", flat=True)[:LOOKED_BACK])
    looks = [picture.perceptual_hash for picture in ask.photos if picture.perceptual_hash != FLAT]
    return any(distance(one, look) <= ALIKE_BITS for one in earlier for look in looks)
