"""What payments and returns prove of their money (POSTINGS, "Checks that `reconcile` makes")."""

from __future__ import annotations

from collections.abc import Iterator

from common.ids import public_id
from ledger.accounts import in_flight
from ledger.reconciliation import Difference, check, rows

_RECEIVED = """
    WITH should AS (
        SELECT id, CASE WHEN state = 'failed' THEN 'stray_payment_received'
                        WHEN kind = 'top_up' THEN 'top_up_confirmed'
                        WHEN kind = 'till' THEN 'till_sale_wallet'
                        WHEN source = 'wallet' THEN 'order_paid_wallet'
                        ELSE 'order_paid_gateway' END AS posting,
               received_minor AS amount
          FROM payments_payment WHERE received_minor > 0),
    posted AS (
        SELECT journal AS id, posting, sum(amount) AS amount FROM ledger_leg
         WHERE (posting IN ('stray_payment_received', 'top_up_confirmed') AND debit_kind = 'G')
            OR (posting IN ('order_paid_wallet', 'till_sale_wallet') AND debit_kind = 'W')
            OR (posting = 'order_paid_gateway' AND debit_kind = 'G')
         GROUP BY journal, posting)
    SELECT id, should.posting, should.amount, posted.posting, posted.amount
      FROM should FULL JOIN posted USING (id)
     WHERE (should.posting, should.amount) IS DISTINCT FROM (posted.posting, posted.amount)
"""

_COUNTED = """
    SELECT o.id, o.paid_at IS NOT NULL, count(p.id), max(p.amount_minor)
      FROM orders_order o
      LEFT JOIN payments_payment p ON p.order_id = o.id AND p.state IN ('succeeded', 'reversed', 'refunded')
     GROUP BY o.id
    HAVING (o.paid_at IS NOT NULL)::int <> count(p.id)
        OR (count(p.id) = 1 AND max(p.amount_minor) <> o.amount_minor)
"""

_STATES = """
    SELECT id, state, received_minor, amount_minor - deduction_minor FROM payments_payment
     WHERE (state IN ('succeeded', 'reversed', 'refunded')
            AND received_minor <> amount_minor - deduction_minor)
        OR (state IN ('pending', 'unknown') AND received_minor <> 0)
"""

_RETURNED = """
    SELECT p.id, p.returned_minor, coalesce(sum(r.amount_minor), 0)
      FROM payments_payment p LEFT JOIN payments_return r ON r.payment_id = p.id
     GROUP BY p.id HAVING p.returned_minor <> coalesce(sum(r.amount_minor), 0)
"""

_SENT = """
    WITH should AS (
        SELECT r.id, r.settled_journal, r.state, r.amount_minor AS amount,
               CASE WHEN p.state = 'failed' THEN 'stray_payment_returned'
                    WHEN p.kind = 'till' THEN 'till_sale_reversed_wallet'
                    ELSE CASE WHEN u.released_at IS NULL THEN '' ELSE 'redeemed_' END || 'unit_refunded_'
                         || CASE WHEN p.source = 'wallet' THEN 'wallet' ELSE 'gateway' END END AS posting,
               CASE WHEN p.source = 'wallet' THEN NULL
                    WHEN r.state = 'succeeded' THEN 'gateway_refund_confirmed'
                    WHEN r.state = 'failed' THEN 'gateway_refund_failed' END AS ends
          FROM payments_return r JOIN payments_payment p ON p.id = r.payment_id
          LEFT JOIN orders_item u
            ON u.id = CASE WHEN r.cause LIKE 'refund:%' THEN substr(r.cause, 8)::uuid END),
    out AS (
        SELECT journal AS id, posting, sum(amount) AS amount FROM ledger_leg
         WHERE posting IN ('stray_payment_returned', 'unit_refunded_wallet', 'unit_refunded_gateway',
                           'redeemed_unit_refunded_wallet', 'redeemed_unit_refunded_gateway',
                           'till_sale_reversed_wallet')
           AND credit_kind IN ('W', 'X')
         GROUP BY journal, posting)
    SELECT id, state, should.posting, should.amount, out.posting, out.amount, done.posting
      FROM should FULL JOIN out USING (id)
      LEFT JOIN LATERAL (
           SELECT posting FROM ledger_leg l WHERE l.journal = should.settled_journal LIMIT 1) done ON true
     WHERE (should.posting, should.amount) IS DISTINCT FROM (out.posting, out.amount)
        OR done.posting IS DISTINCT FROM should.ends
"""

_TILL = """
    WITH legs AS (
        SELECT journal AS id, coalesce(sum(amount) FILTER (WHERE debit_kind = 'C'), 0) AS platform,
               coalesce(sum(amount) FILTER (WHERE credit_kind = 'F'), 0) AS fee
          FROM ledger_leg WHERE posting = 'till_sale_wallet' GROUP BY journal)
    SELECT p.id, p.platform_minor, p.fee_minor, legs.platform, legs.fee
      FROM payments_payment p LEFT JOIN legs USING (id)
     WHERE p.kind = 'till' AND p.state IN ('succeeded', 'reversed')
       AND (p.platform_minor, p.fee_minor) <> (coalesce(legs.platform, 0), coalesce(legs.fee, 0))
"""

_COUPONS = """
    WITH held AS (
        SELECT payment_id AS id, state, deduction_minor FROM coupons_coupon
         WHERE state IN ('locked', 'used')),
    should AS (
        SELECT id, CASE WHEN state = 'succeeded' THEN 'used' ELSE 'locked' END AS state, deduction_minor
          FROM payments_payment WHERE deduction_minor > 0 AND state IN ('pending', 'unknown', 'succeeded'))
    SELECT id, should.state, should.deduction_minor, held.state, held.deduction_minor
      FROM should FULL JOIN held USING (id)
     WHERE (should.state, should.deduction_minor) IS DISTINCT FROM (held.state, held.deduction_minor)
"""

_FUNDS = """
    WITH back AS (
        SELECT order_id, sum(platform_minor) AS amount FROM orders_item
         WHERE state = 'refunded' AND platform_minor > 0 GROUP BY order_id),
    held AS (
        SELECT c.campaign_id AS id, sum(p.platform_minor - coalesce(back.amount, 0)) AS gone,
               sum(p.platform_minor) FILTER (WHERE p.state IN ('pending', 'unknown')) AS reserved
          FROM coupons_coupon c JOIN payments_payment p ON p.id = c.payment_id
          LEFT JOIN back ON back.order_id = p.order_id AND p.state = 'succeeded'
         WHERE p.platform_minor > 0 GROUP BY c.campaign_id),
    returned AS (
        SELECT debit_owner AS id, sum(amount) AS amount FROM ledger_leg
         WHERE posting = 'campaign_closed' GROUP BY debit_owner),
    there AS (
        SELECT owner AS id, coalesce(sum(amount) FILTER (WHERE kind = 'C'), 0) AS fund,
               coalesce(sum(amount) FILTER (WHERE kind = 'R'), 0) AS reserved
          FROM ledger_balance WHERE kind IN ('C', 'R') GROUP BY owner),
    should AS (
        SELECT id, m.state, coalesce(returned.amount, 0) AS returned, coalesce(held.reserved, 0) AS reserved,
               m.budget_minor - coalesce(held.gone, 0) - coalesce(returned.amount, 0) AS fund
          FROM coupons_campaign m LEFT JOIN held USING (id) LEFT JOIN returned USING (id)
         WHERE m.funded_by = 'platform')
    SELECT id, should.state, should.fund, there.fund, should.reserved, there.reserved, should.returned
      FROM should LEFT JOIN there USING (id)
     WHERE (should.fund, should.reserved) IS DISTINCT FROM (there.fund, there.reserved)
        OR (should.state <> 'closed' AND should.returned > 0) OR (should.state = 'closed' AND there.fund > 0)
"""

_IN_FLIGHT = """
    SELECT p.source, r.currency, sum(r.amount_minor) FROM payments_return r
      JOIN payments_payment p ON p.id = r.payment_id
     WHERE r.state IN ('sending', 'unknown') GROUP BY p.source, r.currency
"""

_X = "SELECT owner, currency, sum(amount) FROM ledger_balance WHERE kind = 'X' GROUP BY owner, currency"


@check("payments: received")
def received() -> Iterator[Difference]:
    """A payment says that money came just where a journal booked it, with the same amount."""
    for payment, says, amount, posted, booked in rows(_RECEIVED):
        yield Difference(public_id("pay", payment), f"says {says} {amount}, booked {posted} {booked}")


@check("payments: one counts")
def one_counts() -> Iterator[Difference]:
    """A paid order has exactly one payment that counts, over its whole amount; an unpaid one none."""
    for order, is_paid, count, _amount in rows(_COUNTED):
        yield Difference(public_id("ord", order), f"paid: {is_paid}, payments that count: {count}")


@check("payments: states")
def states() -> Iterator[Difference]:
    """What succeeded received what was asked for; what is open has received nothing."""
    for payment, state, came, asked in rows(_STATES):
        yield Difference(public_id("pay", payment), f"{state}, received {came} of {asked}")


@check("payments: returned")
def returned() -> Iterator[Difference]:
    """What a payment says went back is the sum of its returns."""
    for payment, says, sent in rows(_RETURNED):
        yield Difference(public_id("pay", payment), f"returned {says}, its returns make {sent}")


@check("payments: returns")
def returns() -> Iterator[Difference]:
    """A return has its journals: one that sent it, one that says where it ended (a wallet's ends at once)."""
    for sent, state, says, amount, posted, booked, ended in rows(_SENT):
        told = f"{state}, should be {says} {amount}, posted {posted} {booked}, ended by {ended}"
        yield Difference(f"return {sent}", told)


@check("payments: till")
def till() -> Iterator[Difference]:
    """A sale's journal has the campaign's part and the fee that the payment says."""
    for payment, platform, fee, *booked in rows(_TILL):
        yield Difference(public_id("pay", payment), f"platform {platform}, fee {fee}, booked {booked}")


@check("payments: coupons")
def coupons() -> Iterator[Difference]:
    """A deduction is one coupon's: used where the payment stands, locked where it is open."""
    for payment, *told in rows(_COUPONS):
        yield Difference(public_id("pay", payment), f"state and deduction by payment and by coupon: {told}")


@check("payments: funds")
def funds() -> Iterator[Difference]:
    """C is the budget less what coupons hold and what went back to the bank, R what open payments reserve.

    What comes back to a closed campaign goes on to the bank within a minute: until then it is only reported.
    """
    for campaign, state, fund, there, reserved, kept, returned in rows(_FUNDS):
        agrees = (fund, reserved) == (there, kept) and (state == "closed" or not returned)
        told = f"{state}, fund {there}, should be {fund}; reserved {kept}, should be {reserved}"
        yield Difference(public_id("cmp", campaign), f"{told}; returned {returned}", is_notice=agrees)


@check("payments: in flight")
def flight() -> Iterator[Difference]:
    """X is the sum of the returns on their way."""
    should = {(in_flight(source).owner, currency): amount for source, currency, amount in rows(_IN_FLIGHT)}
    holds = {(owner, currency): amount for owner, currency, amount in rows(_X) if amount}
    for key in sorted(should.keys() | holds.keys(), key=str):
        if should.get(key, 0) != holds.get(key, 0):
            yield Difference(
                f"X {key[0]}", f"{holds.get(key, 0)} {key[1]}, returns make {should.get(key, 0)}"
            )
