"""What orders prove of their money (POSTINGS, "Checks that `reconcile` makes")."""

from __future__ import annotations

from collections.abc import Iterator

from common.ids import public_id
from ledger.reconciliation import Difference, check, rows

_ESCROW = """
    WITH should AS (
        SELECT i.order_id AS owner, o.currency,
               sum(i.price_minor - i.deduction_minor + i.platform_minor) AS amount
          FROM orders_item i JOIN orders_order o ON o.id = i.order_id
         WHERE o.paid_at IS NOT NULL AND i.released_at IS NULL AND i.state <> 'refunded'
         GROUP BY i.order_id, o.currency),
    holds AS (SELECT owner, currency, sum(amount) AS amount FROM ledger_balance
               WHERE kind = 'E' GROUP BY owner, currency)
    SELECT owner, currency, coalesce(holds.amount, 0), coalesce(should.amount, 0)
      FROM should FULL JOIN holds USING (owner, currency)
     WHERE coalesce(holds.amount, 0) <> coalesce(should.amount, 0)
"""

_RELEASES = """
    WITH should AS (
        SELECT i.release_journal AS journal, i.id AS item,
               CASE WHEN o.state = 'expired' AND i.state = 'issued' AND i.redeem_by <> 'none'
                    THEN 'unit_expired_kept' ELSE 'unit_redeemed' END AS posting,
               i.price_minor - i.deduction_minor + i.platform_minor AS amount
          FROM orders_item i JOIN orders_order o ON o.id = i.order_id
         WHERE i.released_at IS NOT NULL AND i.price_minor - i.deduction_minor + i.platform_minor > 0
         UNION ALL
        SELECT u.release_journal, u.item_id, 'unit_redeemed', u.gross_minor
          FROM orders_undoing u WHERE u.gross_minor > 0),
    posted AS (SELECT journal, posting, amount FROM ledger_leg
                WHERE posting IN ('unit_redeemed', 'unit_expired_kept') AND debit_kind = 'E')
    SELECT should.item, posted.journal, should.posting, should.amount, posted.posting, posted.amount
      FROM should FULL JOIN posted USING (journal)
     WHERE (should.posting, should.amount) IS DISTINCT FROM (posted.posting, posted.amount)
"""

_UNDONE = """
    WITH backwards AS (
        SELECT u.id AS journal, l.credit_kind AS debit, l.credit_owner AS debit_owner,
               l.debit_kind AS credit, l.debit_owner AS credit_owner, l.amount, l.currency
          FROM orders_undoing u JOIN ledger_leg l ON l.journal = u.release_journal),
    posted AS (
        SELECT journal, debit_kind, debit_owner, credit_kind, credit_owner, amount, currency
          FROM ledger_leg WHERE posting = 'redemption_undone'),
    wrong AS (
        (SELECT *, 'not posted' AS what FROM (TABLE backwards EXCEPT TABLE posted) missing)
        UNION ALL
        (SELECT *, 'not of a redemption' FROM (TABLE posted EXCEPT TABLE backwards) extra))
    SELECT journal, debit, credit, amount, currency, what FROM wrong
"""

_REFUNDED = """
    WITH should AS (
        SELECT order_id AS owner, sum(price_minor - deduction_minor + platform_minor) AS amount
          FROM orders_item WHERE state = 'refunded' AND released_at IS NULL GROUP BY order_id),
    posted AS (
        SELECT debit_owner AS owner, sum(amount) AS amount FROM ledger_leg
         WHERE posting IN ('unit_refunded_wallet', 'unit_refunded_gateway') AND debit_kind = 'E'
         GROUP BY debit_owner)
    SELECT owner, coalesce(should.amount, 0), coalesce(posted.amount, 0)
      FROM should FULL JOIN posted USING (owner)
     WHERE coalesce(should.amount, 0) <> coalesce(posted.amount, 0)
"""

_AMOUNTS = """
    SELECT o.id, o.amount_minor, sum(i.price_minor)
      FROM orders_order o LEFT JOIN orders_item i ON i.order_id = o.id
     GROUP BY o.id HAVING o.amount_minor IS DISTINCT FROM sum(i.price_minor)
"""


@check("orders: escrow")
def escrow() -> Iterator[Difference]:
    """An order's escrow is what was paid for its unreleased units, the platform's part included."""
    for owner, currency, holds, should in rows(_ESCROW):
        yield Difference(public_id("ord", owner), f"escrow {holds} {currency}, its units make {should}")


@check("orders: releases")
def releases() -> Iterator[Difference]:
    """A unit's money was released (or kept) just where a journal says so; undone releases count too."""
    for item, journal, says, amount, posted, booked in rows(_RELEASES):
        name = public_id("itm", item) if item else f"journal {journal}"
        yield Difference(name, f"should be {says} {amount}, posted {posted} {booked}")


@check("orders: undone")
def undone() -> Iterator[Difference]:
    """Every undone redemption has its own legs backwards, and no other was posted so."""
    for journal, debit, credit, amount, currency, what in rows(_UNDONE):
        yield Difference(f"undoing {journal}", f"{debit}→{credit} {amount} {currency}: {what}")


@check("orders: refunded")
def refunded() -> Iterator[Difference]:
    """What went back out of an order's escrow is the sum of its units refunded before redemption."""
    for owner, should, posted in rows(_REFUNDED):
        yield Difference(public_id("ord", owner), f"refunded units make {should}, posted {posted}")


@check("orders: amounts")
def amounts() -> Iterator[Difference]:
    """An order's amount is the sum of its units' prices."""
    for order, amount, units in rows(_AMOUNTS):
        yield Difference(public_id("ord", order), f"amount {amount}, its units make {units}")
