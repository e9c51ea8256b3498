"""What campaigns prove of their counters: how many were issued, what was spent, on which day."""

from __future__ import annotations

from collections.abc import Iterator

from common.ids import public_id
from ledger.reconciliation import Difference, check, rows

_ISSUED = """
    SELECT c.id, c.issued_count, coalesce(n.issued, 0)
      FROM coupons_campaign c
      LEFT JOIN (SELECT campaign_id, count(*) AS issued FROM coupons_coupon GROUP BY campaign_id) n
        ON n.campaign_id = c.id
     WHERE c.issued_count <> coalesce(n.issued, 0)
"""

_SPENT = """
    SELECT c.id, c.spent_minor, coalesce(s.spent, 0)
      FROM coupons_campaign c
      LEFT JOIN (SELECT campaign_id, sum(deduction_minor) AS spent FROM coupons_coupon
                  WHERE state IN ('locked', 'used') GROUP BY campaign_id) s ON s.campaign_id = c.id
     WHERE c.spent_minor <> CASE WHEN c.budget_minor IS NULL THEN 0 ELSE coalesce(s.spent, 0) END
"""

_DAYS = """
    WITH spent AS (
        SELECT campaign_id, spent_on AS day, sum(deduction_minor) AS spent FROM coupons_coupon
         WHERE spent_on IS NOT NULL GROUP BY campaign_id, spent_on)
    SELECT campaign_id, day, d.spent_minor, spent.spent
      FROM coupons_campaignday d FULL JOIN spent USING (campaign_id, day)
     WHERE coalesce(d.spent_minor, 0) <> coalesce(spent.spent, 0)
"""

_HOLDINGS = """
    SELECT c.id, count(h.id) FROM coupons_coupon c
      LEFT JOIN coupons_holding h ON h.coupon_id = c.id AND h.person_id = c.owner_id
     GROUP BY c.id HAVING count(h.id) <> 1
"""


@check("coupons: issued")
def issued() -> Iterator[Difference]:
    """What a campaign says it has issued is how many coupons it has."""
    for campaign, says, count in rows(_ISSUED):
        yield Difference(public_id("cmp", campaign), f"says {says} issued, there are {count}")


@check("coupons: spent")
def spent() -> Iterator[Difference]:
    """What a campaign with a budget says it has spent is what its locked and used coupons take off."""
    for campaign, says, is_spent in rows(_SPENT):
        yield Difference(public_id("cmp", campaign), f"says {says} spent, its coupons make {is_spent}")


@check("coupons: days")
def days() -> Iterator[Difference]:
    """The same for each day of a campaign with a daily budget."""
    for campaign, day, says, is_spent in rows(_DAYS):
        yield Difference(public_id("cmp", campaign), f"{day}: says {says}, its coupons make {is_spent}")


@check("coupons: holdings")
def holdings() -> Iterator[Difference]:
    """Whoever owns a coupon came to have it once, counted against the buyer's limit."""
    for coupon, count in rows(_HOLDINGS):
        yield Difference(public_id("cpn", coupon), f"its owner came to have it {count} times")
