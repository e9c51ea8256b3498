"""A buyer asks for the money of one unit back: its code, photos of the defect, a reason (FLOWS 4).

What decides is looked at under locks, in the transaction that writes the refund: the unit, the buyer's
standing, the merchant's day. So neither a cap nor the score can be outrun by asking many times at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common import actors, clock, drains, ids, locking, outbox
from common.refusals import Refusal
from common.rows import insert_together, save_states
from orders.models import Item
from orders.refusals import Held
from payments.refunding import UnitRefund, hold_unit
from refunds import photo_store
from refunds.cases import RefundAsk, case_of, count_in, lock_day
from refunds.deciding import Decision, Outcome, decide, due_at
from refunds.flows.send_refunds import DRAIN
from refunds.models import Photo, Refund
from refunds.policy import policy_of
from refunds.queries import item_of_buyer
from refunds.refusals import AlreadyAsked, NotRefundable, NotYours, WindowOver
from refunds.standing import lock_standing, remember
from refunds.verdicts import is_held

MAX_PHOTOS = 5

_REFUSALS: dict[Outcome, type[Refusal]] = {
    Outcome.NOT_REFUNDABLE: NotRefundable,
    Outcome.WINDOW_OVER: WindowOver,
}


def ask_refund(ask: RefundAsk) -> Refund:
    """The refund, approved by itself or waiting for the merchant.

    Raises `NotYours`, `AlreadyAsked`, `Held`, `Refunded`, `Expired`, `NotRefundable`, `WindowOver`.
    """
    earlier = Refund.objects.filter(pk=ask.id, buyer=ask.buyer).first() if ask.id else None
    if earlier is not None:
        if earlier.item.code != ask.code:  # the form was sent again, for another item
            raise AlreadyAsked
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
    if is_held(unit):
        raise Held


def _decided(ask: RefundAsk, refund_id: UUID, held: UnitRefund, names: Sequence[str]) -> Refund:
    moment = clock.now()
    _refuse_if_asked(held.unit)
    _refuse_if_held(held.unit)
    lock_standing(ask.buyer.pk)
    policy = policy_of(held.order.merchant_id)
    today = lock_day(held.order.merchant_id, moment)
    decision = decide(case_of(ask, held, policy, today, moment), policy)
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
        count_in(today, refund)
        remember(ask.buyer.pk, "refund_automatic", refund.public_id)
        drains.poke(DRAIN)
    outbox.announce()
    return refund


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
