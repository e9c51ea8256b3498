"""A buyer asks for the money of one unit back: its code, photos of the defect, a reason (FLOWS 4).

What decides is looked at under locks, in the transaction that writes the refund: the unit, the buyer's
standing, the merchant's day. So neither a cap nor the score can be outrun by asking many times at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from common import actors, clock, drains, ids, locking, outbox
from common.refusals import Refusal
from common.rows import insert_together, save_states
from merchants.models import Person
from orders.models import Item, ItemState
from orders.refusals import Held
from payments.refunding import UnitRefund, hold_unit
from refunds import photo_store
from refunds.deciding import Case, Decision, Outcome, Policy, decide, due_at
from refunds.flows.send_refunds import DRAIN
from refunds.models import MerchantDay, Photo, Refund
from refunds.photos import ALIKE_BITS, Picture, distance
from refunds.policy import policy_of
from refunds.queries import item_of_buyer
from refunds.refusals import AlreadyAsked, NotRefundable, NotYours, WindowOver
from refunds.standing import lock_standing, remember, score_of

MAX_PHOTOS = 5
LOOKED_BACK = 500
"""So many of the buyer's own photos are compared by how they look; every photo there is, by its bytes."""

_REFUSALS: dict[Outcome, type[Refusal]] = {
    Outcome.NOT_REFUNDABLE: NotRefundable,
    Outcome.WINDOW_OVER: WindowOver,
}


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Who asks for which unit's money, with what; `id` names the refund beforehand."""

    buyer: Person
    code: str
    photos: Sequence[Picture]
    reason: str
    id: UUID | None = None


def ask_refund(ask: RefundAsk) -> Refund:
    """The refund, approved by itself or waiting for the merchant.

    Raises `NotYours`, `AlreadyAsked`, `Held`, `Refunded`, `Expired`, `NotRefundable`, `WindowOver`.
    """
    earlier = Refund.objects.filter(pk=ask.id, buyer=ask.buyer).first() if ask.id else None
    if earlier is not None:
        return earlier
    item = item_of_buyer(ask.buyer, ask.code)
    if item is None:
        raise NotYours
    _refuse_if_asked(item)
    refund_id = ask.id or ids.new_id()
    names = [photo_store.keep(refund_id, place, one.jpeg) for place, one in enumerate(ask.photos)]
    try:
        with locking.transaction():
            return _decided(ask, refund_id, hold_unit(item), names)
    except BaseException:
        if not Refund.objects.filter(pk=refund_id).exists():  # the same, sent twice at once: they are its own
            for name in names:
                photo_store.forget(name)
        raise


def _refuse_if_asked(unit: Item) -> None:
    if Refund.objects.filter(item=unit).exists():
        raise AlreadyAsked


def _refuse_if_held(unit: Item) -> None:
    if unit.held_at is not None:
        raise Held


def _decided(ask: RefundAsk, refund_id: UUID, held: UnitRefund, names: Sequence[str]) -> Refund:
    moment = clock.now()
    _refuse_if_asked(held.unit)
    _refuse_if_held(held.unit)
    lock_standing(ask.buyer.pk)
    policy = policy_of(held.order.merchant_id)
    today = _lock_day(held.order.merchant_id, moment)
    decision = decide(_case(ask, held, policy, today, moment), policy)
    if decision.outcome in _REFUSALS:
        raise _REFUSALS[decision.outcome]
    refund = _refund(ask, refund_id, held, decision, moment)
    held.unit.held_at = moment
    save_states([held.unit], ["held_at"])
    event = outbox.event("refund.asked", refund.public_id, merchant_id=refund.merchant_id, **refund.facts())
    insert_together([refund], _photos(ask, refund, names), [event])
    if decision.case.photo_reused:
        remember(ask.buyer.pk, "photo_reused", refund.public_id)
    if refund.is_automatic:
        _count(today, refund)
        remember(ask.buyer.pk, "refund_automatic", refund.public_id)
        drains.poke(DRAIN)
    outbox.announce()
    return refund


def _lock_day(merchant_id: UUID, moment: datetime) -> MerchantDay:
    day = timezone.localdate(moment)
    MerchantDay.objects.bulk_create([MerchantDay(merchant_id=merchant_id, day=day)], ignore_conflicts=True)
    found = locking.lock_row(MerchantDay.objects.filter(merchant_id=merchant_id, day=day))
    assert found is not None
    return found


def _count(today: MerchantDay, refund: Refund) -> None:
    row = MerchantDay.objects.filter(pk=today.pk)
    row.update(count=F("count") + 1, amount_minor=F("amount_minor") + refund.amount_minor)


def _case(ask: RefundAsk, held: UnitRefund, policy: Policy, today: MerchantDay, moment: datetime) -> Case:
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
    mine = Photo.objects.filter(buyer=ask.buyer).order_by("-pk")
    earlier = list(mine.values_list("perceptual_hash", flat=True)[:LOOKED_BACK])
    looks = [picture.perceptual_hash for picture in ask.photos]
    return any(distance(one, look) <= ALIKE_BITS for one in earlier for look in looks)


def _refund(
    ask: RefundAsk, refund_id: UUID, held: UnitRefund, decision: Decision, moment: datetime
) -> Refund:
    refund = Refund(
        id=refund_id,
        merchant_id=held.order.merchant_id,
        order=held.order,
        item=held.unit,
        buyer=ask.buyer,
        amount_minor=held.unit.paid_minor,
        currency=held.order.currency,
        reason=ask.reason,
        rule=decision.rule,
        decision=decision.basis(),
        is_automatic=decision.outcome == Outcome.AUTOMATIC,
        created_at=moment,
    )
    if refund.is_automatic:
        refund.approve(moment, actors.SYSTEM)
    else:
        refund.decide_by = due_at(moment, decision.policy)
    return refund


def _photos(ask: RefundAsk, refund: Refund, names: Sequence[str]) -> list[Photo]:
    return [
        Photo(
            refund=refund,
            buyer=ask.buyer,
            number=number,
            name=name,
            width=picture.width,
            height=picture.height,
            sha256=picture.sha256,
            content_sha256=picture.content_sha256,
            perceptual_hash=picture.perceptual_hash,
        )
        for number, (name, picture) in enumerate(zip(names, ask.photos, strict=True))
    ]
