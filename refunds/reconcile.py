"""What refunds prove of units, amounts and counters."""

from __future__ import annotations

from collections.abc import Iterator

from common.ids import public_id
from ledger.reconciliation import Difference, check, rows

_UNITS = """
    SELECT r.id, r.state, i.state, i.held_at IS NOT NULL
      FROM refunds_refund r JOIN orders_item i ON i.id = r.item_id
     WHERE (r.state IN ('waiting_for_merchant', 'escalated') AND (i.state = 'refunded' OR i.held_at IS NULL))
        OR (r.state = 'refunded' AND i.state <> 'refunded')
"""

_AMOUNTS = """
    SELECT r.id, r.state, r.amount_minor, coalesce(b.amount_minor, 0)
      FROM refunds_refund r JOIN orders_item i ON i.id = r.item_id
      LEFT JOIN payments_return b ON b.id = r.back_id
     WHERE r.amount_minor <> i.price_minor - i.deduction_minor
        OR (r.state = 'refunded' AND r.amount_minor <> coalesce(b.amount_minor, 0))
        OR (b.id IS NOT NULL AND b.cause <> 'refund:' || replace(r.item_id::text, '-', ''))
"""

_DAYS = """
    WITH asked AS (
        SELECT merchant_id, count(*) AS count, sum(amount_minor) AS amount
          FROM refunds_refund WHERE is_automatic GROUP BY merchant_id),
    counted AS (
        SELECT merchant_id, sum(count) AS count, sum(amount_minor) AS amount
          FROM refunds_merchantday GROUP BY merchant_id)
    SELECT merchant_id, asked.count, asked.amount, counted.count, counted.amount
      FROM asked FULL JOIN counted USING (merchant_id)
     WHERE (coalesce(asked.count, 0), coalesce(asked.amount, 0))
        <> (coalesce(counted.count, 0), coalesce(counted.amount, 0))
"""


@check("refunds: units")
def units() -> Iterator[Difference]:
    """A refund that waits holds its unit; one that is done has a unit that is refunded."""
    for refund, state, unit, is_held in rows(_UNITS):
        yield Difference(public_id("rfd", refund), f"{state}, its unit is {unit}, held: {is_held}")


@check("refunds: amounts")
def amounts() -> Iterator[Difference]:
    """A refund is over what was paid for its unit, and that went back, for this unit."""
    for refund, state, amount, sent in rows(_AMOUNTS):
        yield Difference(public_id("rfd", refund), f"{state} over {amount}, sent back {sent}")


@check("refunds: days")
def days() -> Iterator[Difference]:
    """What merchants' days count are the refunds that were automatic."""
    for merchant, count, amount, counted, summed in rows(_DAYS):
        yield Difference(str(merchant), f"{count} refunds over {amount}, counted {counted} over {summed}")
