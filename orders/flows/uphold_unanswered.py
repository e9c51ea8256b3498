"""Objections that no merchant has answered end by themselves, in the buyer's favour (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from common import clock, drains
from common.refusals import Refusal
from orders.flows.decide_objection import decide_objection
from orders.flows.hold_objected import hold_objected
from orders.models import Objection, ObjectionState
from orders.refusals import AlreadyDecided
from orders.undoing import DECIDE_WITHIN, GIVE_UP_AFTER

DRAIN = "uphold_unanswered"
CHUNK = 50


@drains.register(DRAIN, every_seconds=60)
def uphold_unanswered() -> int:
    """Uphold one chunk of objections whose time to be decided has passed; how many came further.

    For the buyer, because that takes nothing from anybody for good: the money stays in escrow, the
    buyer still has to come or the order ends by the merchant's own policy; whereas dismissing would
    pay for silence. That needs the money: where the account was short it is held as soon as later
    sales bring it, and the objection goes on as any other. An account that stays empty can give
    nothing back and the book knows no debt for an undoing, so that such an objection ends at last
    with the redemption as it was; until then staff may decide.
    """
    waiting = Objection.objects.filter(state=ObjectionState.WAITING).select_related("merchant")
    overdue = waiting.filter(is_held=True, created_at__lte=clock.now() - DECIDE_WITHIN)
    # Any of them: those that can't be held today stand in nobody's way.
    without_money = waiting.filter(is_held=False).order_by("?")
    return _each(_uphold, overdue.order_by("created_at")[:CHUNK]) + _each(_hold, without_money[:CHUNK])


def _each(work: Callable[[Objection], bool], objections: Iterable[Objection]) -> int:
    done: list[bool] = []
    drains.each(lambda objection: done.append(work(objection)), objections)
    return sum(done)


def _uphold(objection: Objection) -> bool:
    with suppress(AlreadyDecided):
        decide_objection(objection.merchant, objection.pk, True, "")
    return True


def _hold(objection: Objection) -> bool:
    try:
        return hold_objected(objection.merchant, objection.pk) or _uphold(objection)
    except AlreadyDecided:
        return False
    except Refusal:
        if clock.now() < objection.created_at + GIVE_UP_AFTER:
            return False
    with suppress(AlreadyDecided):
        decide_objection(objection.merchant, objection.pk, False, "")
    return True
