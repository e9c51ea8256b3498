"""Which number means which order for which caller: bound when it is paid, ended with the order (FLOWS 1).

Whoever calls these holds the order's lock, which guards its binding. That no pair means two orders at
a time is the database's own rule (`binding_pair_alone`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from common import ids
from common.rows import prepared_cursor, save_states
from orders.models import Binding, CallRules, EndReason, Order

TRIES = 8
_ENDED = ["end_reason", "valid_until", "held_until"]

# The pool from a random place on, then from its beginning. Two orders of one buyer that are paid at one
# moment may choose the same number: the second waits for the first and then inserts nothing.
_ALLOCATE = """
WITH caller AS MATERIALIZED (
    SELECT substr(phone, 2)::bigint AS digits FROM merchants_person
     WHERE id = %(buyer)s AND phone IS NOT NULL),
taken AS MATERIALIZED (
    SELECT number_digits FROM orders_binding, caller WHERE buyer_digits = digits AND held_until > %(from)s),
pick AS MATERIALIZED (
    SELECT * FROM (
        (SELECT id, number, digits FROM orders_servicenumber
          WHERE merchant_id = %(merchant)s AND retired_at IS NULL AND place >= %(pivot)s
            AND digits NOT IN (SELECT number_digits FROM taken) ORDER BY place LIMIT 1)
        UNION ALL
        (SELECT id, number, digits FROM orders_servicenumber
          WHERE merchant_id = %(merchant)s AND retired_at IS NULL AND place < %(pivot)s
            AND digits NOT IN (SELECT number_digits FROM taken) ORDER BY place LIMIT 1)) AS found
     WHERE EXISTS (SELECT FROM caller) LIMIT 1),
made AS (
    INSERT INTO orders_binding (id, merchant_id, service_number_id, order_id, number_digits, buyer_digits,
                                valid_from, valid_until, held_until, end_reason)
    SELECT %(id)s, %(merchant)s, pick.id, %(order)s, pick.digits, caller.digits, %(from)s, %(until)s,
           %(until)s + interval '1 hour' * coalesce(
               (SELECT cool_down_hours FROM orders_callrules WHERE merchant_id = %(merchant)s), %(rests)s), ''
      FROM pick, caller
        ON CONFLICT DO NOTHING RETURNING id)
SELECT pick.number, EXISTS (SELECT FROM made) FROM pick
"""


def digits_of(number: str) -> int | None:
    """A number in E.164 as the digits that bindings hold; None for none."""
    return int(number[1:]) if number else None


def bind(order: Order, moment: datetime) -> str:
    """Give a paid order a number of its merchant's pool that means it when its buyer calls.

    Empty where the pool has none left for this buyer, or the buyer has no phone: the order then is
    redeemed by its codes.
    """
    values = {
        "merchant": order.merchant_id,
        "order": order.pk,
        "buyer": order.buyer_id,
        "from": moment,
        "until": order.redeem_until,
        "rests": CallRules().cool_down_hours,
    }
    for _try in range(TRIES):
        tried = {**values, "id": ids.new_id(), "pivot": secrets.randbelow(1 << 62)}
        with prepared_cursor() as cursor:
            cursor.execute(_ALLOCATE, tried)
            row = cursor.fetchone()
        if row is None:
            return ""
        if row[1]:
            return str(row[0])
    return ""


def end(
    orders: Sequence[Order], reason: EndReason, moment: datetime, rules: Mapping[UUID, CallRules]
) -> None:
    """End the live bindings of these orders; their pairs cool down. `rules` by merchant."""
    waiting = [order for order in orders if order.service_number]
    if not waiting:
        return
    merchants = {order.pk: order.merchant_id for order in waiting}
    live = list(Binding.objects.filter(order_id__among=merchants, end_reason="").order_by("pk"))
    for binding in live:
        cooled = moment + cool_down(rules[merchants[binding.order_id]])
        binding.end(moment, reason, cooled)
    save_states(live, _ENDED)


def reopen(order: Order, moment: datetime) -> None:
    """After a redemption was undone a number means the order again; the caller saves `service_number`.

    Its own where the pair is still held for it, else another one, else none: codes redeem it then.
    """
    assert order.redeem_until is not None
    cooled = order.redeem_until + cool_down(rules_of(order.merchant_id)[order.merchant_id])
    bound = Binding.objects.filter(order=order).select_related("service_number")
    last = bound.order_by("-valid_from", "-pk").first()
    if last is not None and _is_again(last, moment, order.redeem_until, cooled):
        order.service_number = last.service_number.number
        return
    bound.filter(end_reason="").update(end_reason=EndReason.EXPIRED)
    order.service_number = bind(order, moment)


def _is_again(binding: Binding, moment: datetime, until: datetime, cooled: datetime) -> bool:
    """Whether the binding serves on. The database says no where its pair means another order by now."""
    if not binding.end_reason:
        binding.prolong(until, cooled)
    elif binding.held_until > moment and binding.service_number.retired_at is None:
        binding.reopen(moment, until, cooled)
    else:
        return False
    try:
        with transaction.atomic():
            save_states([binding], ["valid_from", *_ENDED])
    except IntegrityError:
        return False
    return True


def cool_down(rules: CallRules) -> timedelta:
    """How long a pair rests before it may mean another order."""
    return timedelta(hours=rules.cool_down_hours)


def rules_of(*merchant_ids: UUID) -> dict[UUID, CallRules]:
    """The rules of these merchants, the defaults where nothing was ever set; one query."""
    found = CallRules.objects.in_bulk(merchant_ids)
    return {one: found.get(one) or CallRules(merchant_id=one) for one in merchant_ids}
