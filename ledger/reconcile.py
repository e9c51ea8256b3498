"""What the ledger proves of itself (POSTINGS, "Checks that `reconcile` makes")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from common import clock
from ledger.accounts import ANY_SIGN, DEBTS, STRIPES, Kind
from ledger.postings import BOOK
from ledger.reconciliation import Difference, check, rows

OLD_SUSPENSE = timedelta(days=1)

_SUMS = "SELECT currency, sum(amount) FROM ledger_balance GROUP BY currency HAVING sum(amount) <> 0"

_BALANCES = """
    WITH moved AS (
        SELECT kind, owner, currency, sum(amount) AS amount
          FROM (SELECT debit_kind AS kind, debit_owner AS owner, currency, - amount AS amount FROM ledger_leg
                UNION ALL
                SELECT credit_kind, credit_owner, currency, amount FROM ledger_leg) sides
         GROUP BY kind, owner, currency),
    there AS (
        SELECT kind, owner, currency, sum(amount) AS amount FROM ledger_balance
         GROUP BY kind, owner, currency)
    SELECT kind, owner, currency, coalesce(there.amount, 0), coalesce(moved.amount, 0)
      FROM moved FULL JOIN there USING (kind, owner, currency)
     WHERE coalesce(there.amount, 0) <> coalesce(moved.amount, 0)
"""

_HELD = """
    WITH escrows AS (
        SELECT within AS owner, currency, sum(amount) AS amount FROM ledger_balance
         WHERE kind = 'E' GROUP BY within, currency),
    kept AS (SELECT owner, currency, sum(amount) AS amount FROM ledger_held GROUP BY owner, currency)
    SELECT owner, currency, coalesce(kept.amount, 0), coalesce(escrows.amount, 0)
      FROM escrows FULL JOIN kept USING (owner, currency)
     WHERE coalesce(kept.amount, 0) <> coalesce(escrows.amount, 0)
"""

_SIGNS = """
    SELECT kind, owner, currency, stripe, amount FROM ledger_balance
     WHERE (amount < 0 AND kind <> ALL (%s)) OR (amount > 0 AND kind = ANY (%s))
        OR stripe < 0 OR stripe >= CASE WHEN kind = ANY (%s) THEN 1 ELSE %s END
        OR (kind = 'E') <> (within IS NOT NULL)
"""

_LEGS = """
    SELECT posting, debit_kind, credit_kind, count(*), (min(journal::text))
      FROM ledger_leg GROUP BY posting, debit_kind, credit_kind
"""

_SUSPENSE = """
    SELECT b.owner, b.currency, b.amount, first.at
      FROM ledger_balance b, LATERAL (
           SELECT min(l.at) AS at FROM ledger_leg l
            WHERE l.credit_owner = b.owner AND l.credit_kind = 'S') first
     WHERE b.kind = 'S' AND b.amount > 0 AND first.at < %s
"""


@check("ledger: sums")
def sums() -> Iterator[Difference]:
    """Per currency all accounts sum to 0."""
    for currency, amount in rows(_SUMS):
        yield Difference(currency, f"all accounts sum to {amount}, not 0")


@check("ledger: balances")
def balances() -> Iterator[Difference]:
    """Every balance is the sum of its legs, and every leg is in a balance."""
    for kind, owner, currency, there, moved in rows(_BALANCES):
        yield Difference(f"{kind} {owner} {currency}", f"balance {there}, its legs make {moved}")


@check("ledger: held")
def held() -> Iterator[Difference]:
    """What is kept as held by a merchant's orders is the sum of their escrows."""
    for owner, currency, kept, escrows in rows(_HELD):
        yield Difference(f"held by {owner}", f"{kept} {currency}, the escrows make {escrows}")


@check("ledger: signs")
def signs() -> Iterator[Difference]:
    """No balance on the wrong side of zero, in a stripe its kind has not, or in nobody's escrow."""
    single = [kind.value for kind in Kind if STRIPES[kind] == 1]
    below = [kind.value for kind in ANY_SIGN | DEBTS]
    above = [kind.value for kind in DEBTS]
    for kind, owner, currency, stripe, amount in rows(_SIGNS, [below, above, single, max(STRIPES.values())]):
        yield Difference(f"{kind} {owner} {currency}", f"stripe {stripe} may not hold {amount}")


@check("ledger: book")
def book() -> Iterator[Difference]:
    """Every leg is one that the posting book has under its name."""
    for posting, debit, credit, count, journal in rows(_LEGS):
        known = BOOK.get(posting)
        if known is None:
            yield Difference(posting, f"not in the book, {count} legs, one in journal {journal}")
        elif not any((leg.debit, leg.credit) == (debit, credit) for leg in known.legs):
            yield Difference(posting, f"{debit}→{credit} {count} times, one in journal {journal}")


@check("ledger: suspense")
def suspense() -> Iterator[Difference]:
    """Money that waits for its way back for more than a day is reported."""
    for owner, currency, amount, since in rows(_SUSPENSE, [clock.now() - OLD_SUSPENSE]):
        yield Difference(f"S {owner}", f"{amount} {currency} since {since:%Y-%m-%d %H:%M}", is_notice=True)
