"""What calls do, in sets: each is judged, and redeems the order that its numbers mean.

A chunk costs a fixed number of statements, however many records are in it. Each order still passes its
verbs, under its lock, and writes its events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import clock, locking
from common.rows import read_among, save_states
from merchants.models import Merchant
from orders.call_lookup import Chosen, Lookup, as_call, look_up
from orders.matching import REDEEMS, Meant, Verdict, judge
from orders.models import Binding, CallReason, CallRecord, CallState, Item, ItemState, Order, RedeemBy
from orders.redemption import Redeeming, redeem_together

FIELDS = ["state", "reason", "order", "decided_at"]


def match_records(records: Sequence[CallRecord]) -> list[Order]:
    """Decide what each of these records does, and do it; the orders that were redeemed.

    The caller holds the records in its transaction.
    """
    if not records:
        return []
    found = look_up(records)
    redeemed = redeem_meant(leave_meaningless(records, found), found)
    save_states(records, FIELDS)
    return redeemed


def leave_meaningless(records: Sequence[CallRecord], found: Lookup) -> list[CallRecord]:
    """Decide, in memory, about records whose numbers mean no order; those that are left mean one."""
    moment = clock.now()
    for record in records:
        if record.pk not in found.chosen:
            _decide(record, _judge(record, None, found), None, moment)
    return [record for record in records if record.pk in found.chosen]


def redeem_meant(records: Sequence[CallRecord], found: Lookup) -> list[Order]:
    """Lock the orders that these records mean and redeem what may be; whoever calls saves the records."""
    moment = clock.now()
    chosen = {record.pk: found.chosen[record.pk] for record in records}
    known = _lock_orders({order_id for order_id, _binding in chosen.values()}, chosen)
    redeemings: dict[UUID, Redeeming] = {}
    for record in sorted(records, key=lambda record: record.started_at):
        meant = known[chosen[record.pk]]
        verdict = _judge(record, meant, found)
        if verdict == REDEEMS and meant.order.pk in redeemings:
            verdict = Verdict(CallState.IGNORED, CallReason.ALREADY_REDEEMED)
        if verdict == REDEEMS:
            units = [item for item in meant.units() if item.held_at is None]
            facts = {"call": record.public_id}
            redeemings[meant.order.pk] = Redeeming(meant.order, meant.items, units, by="call", facts=facts)
        _decide(record, verdict, meant.order, moment)
    redeem_together(list(redeemings.values()), moment, found.rules)
    return [one.order for one in redeemings.values()]


def _judge(record: CallRecord, meant: _Known | None, found: Lookup) -> Verdict:
    has_unpaid = any((record.merchant_id, phone) in found.unpaid for phone in (record.caller, record.called))
    rules = found.judging[record.merchant_id]
    return judge(as_call(record), meant.meant() if meant else None, rules, has_unpaid=has_unpaid)


def _decide(record: CallRecord, verdict: Verdict, order: Order | None, moment: datetime) -> None:
    if verdict == REDEEMS:
        assert order is not None
        record.redeem(moment, order)
        return
    assert verdict.reason is not None
    if verdict.state == CallState.IGNORED:
        record.ignore(moment, verdict.reason, order)
    else:
        record.leave(moment, verdict.reason)


@dataclass(slots=True)
class _Known:
    """An order under lock with its items, and one of its bindings as it stands under that lock."""

    order: Order
    items: list[Item]
    binding: Binding

    def meant(self) -> Meant:
        waiting = self.units()
        return Meant(
            self.order.state,
            self.binding.valid_from,
            self.binding.valid_until,
            has_units=bool(waiting),
            is_held=bool(waiting) and all(item.held_at for item in waiting),
        )

    def units(self) -> list[Item]:
        return [
            item for item in self.items if item.redeem_by == RedeemBy.CALL and item.state == ItemState.ISSUED
        ]


def _lock_orders(order_ids: Collection[UUID], chosen: Mapping[UUID, Chosen]) -> dict[Chosen, _Known]:
    if not order_ids:
        return {}
    by_id = {order.pk: order for order in locking.lock_among(Order, "id", order_ids)}
    merchant_ids = {order.merchant_id for order in by_id.values()}
    merchants = {merchant.pk: merchant for merchant in read_among(Merchant, "id", merchant_ids)}
    for order in by_id.values():
        order.merchant = merchants[order.merchant_id]
    items: dict[UUID, list[Item]] = {order_id: [] for order_id in by_id}
    for item in locking.lock_among(Item, "order_id", order_ids):
        items[item.order_id].append(item)
    binding_ids = {binding_id for _order_id, binding_id in chosen.values()}
    held = {binding.pk: binding for binding in read_among(Binding, "id", binding_ids)}
    return {
        (order_id, binding_id): _Known(by_id[order_id], items[order_id], held[binding_id])
        for order_id, binding_id in set(chosen.values())
    }
