"""What a call means, from values alone: no database, no clock (FLOWS 1).

A call is matched by number, caller and the time it began against the times in which a number means an
order for that caller, so that late, repeated and out-of-order records do the right thing even after
the number was bound again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.models import CallReason, CallState, OrderState


@dataclass(frozen=True, slots=True)
class Rules:
    """Which calls redeem a merchant's orders."""

    answered_only: bool = True
    least_seconds: int = 0
    within: timedelta | None = None
    tolerance: timedelta = timedelta(0)
    least_trust: int = 0
    switchboards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """What took place; a number that was withheld is empty."""

    caller: str
    called: str
    is_message: bool
    began: datetime
    answered: datetime | None
    ended: datetime | None
    trust: int


@dataclass(frozen=True, slots=True)
class Meant:
    """The order that this pair of numbers means, and when; `is_held`: its units wait for a decision."""

    order_state: str
    valid_from: datetime
    valid_until: datetime
    has_units: bool = True
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the record, and why; no reason where it redeems."""

    state: CallState
    reason: CallReason | None = None


REDEEMS = Verdict(CallState.REDEEMED)
_ENDED = {
    OrderState.REDEEMED: CallReason.ALREADY_REDEEMED,
    OrderState.REFUNDED: CallReason.ORDER_REFUNDED,
    OrderState.EXPIRED: CallReason.ORDER_EXPIRED,
}


def judge(call: Call, meant: Meant | None, rules: Rules, *, has_unpaid: bool = False) -> Verdict:
    """What a call does. `has_unpaid`: the caller has an order of this merchant that is not paid yet."""
    if not (call.caller and call.called):
        return _left(CallReason.CALLER_WITHHELD)
    if call.trust < rules.least_trust:
        return _left(CallReason.NOT_TRUSTED)
    if rules.switchboards & {call.caller, call.called}:
        return _left(CallReason.SWITCHBOARD)
    if meant is None:
        return _left(CallReason.ORDER_NOT_PAID if has_unpaid else CallReason.NO_BINDING)
    if not _is_in_time(call, meant, rules):
        return _left(CallReason.OUTSIDE_WINDOW)
    ended = _ENDED.get(OrderState(meant.order_state))
    if ended is not None:
        return _ignored(ended)
    if not meant.has_units:
        return _ignored(CallReason.ALREADY_REDEEMED)
    if meant.is_held:
        return _left(CallReason.HELD)
    return REDEEMS if call.is_message else _of_talk(call, rules)


def _is_in_time(call: Call, meant: Meant, rules: Rules) -> bool:
    """From payment on, within the merchant's own limit; the end is asked of the order's state."""
    if call.began < meant.valid_from - rules.tolerance:
        return False
    if rules.within is not None and call.began > meant.valid_from + rules.within + rules.tolerance:
        return False
    is_over = meant.order_state == OrderState.PAID and call.began >= meant.valid_until + rules.tolerance
    return not is_over


def _of_talk(call: Call, rules: Rules) -> Verdict:
    if rules.answered_only and call.answered is None:
        return _ignored(CallReason.NOT_ANSWERED)
    if rules.least_seconds and call.answered is not None:
        if call.ended is None:
            return _left(CallReason.NOT_ENDED)
        if call.ended - call.answered < timedelta(seconds=rules.least_seconds):
            return _ignored(CallReason.TOO_SHORT)
    return REDEEMS


def _left(reason: CallReason) -> Verdict:
    return Verdict(CallState.UNMATCHED, reason)


def _ignored(reason: CallReason) -> Verdict:
    return Verdict(CallState.IGNORED, reason)
