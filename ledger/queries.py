"""Reads of the ledger: balances, escrow held, statements; and balances under lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from common import locking
from ledger.accounts import ANY_SIGN, LOCK_RANK, Account, Kind
from ledger.models import Balance, Leg
from ledger.postings import BOOK

PAGE_LINES = 50


def balance(account: Account, currency: str) -> int:
    """What is on an account, in minor units; 0 for one that nothing ever touched."""
    stripes = Balance.objects.filter(owner=account.owner, kind=account.kind, currency=currency)
    return stripes.aggregate(total=Sum("amount"))["total"] or 0


def balances(account: Account) -> dict[str, int]:
    """What is on an account in every currency, in minor units."""
    stripes = Balance.objects.filter(owner=account.owner, kind=account.kind).order_by()
    return dict(stripes.values_list("currency").annotate(total=Sum("amount")))


def debt(account: Account, currency: str) -> int:
    """What is owed on an account of debts, as a number not below 0, in minor units."""
    return -balance(account, currency)


def escrow_held(merchant_id: UUID, currency: str) -> int:
    """What a merchant's orders hold in escrow, in minor units: some rows, however many orders there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(amount), 0)::bigint FROM ledger_held WHERE owner = %s AND currency = %s",
            [merchant_id, currency],
        )
        return int(cursor.fetchone()[0])


def lock_debt(account: Account, currency: str) -> int:
    """What is owed, for a posting that repays it in this transaction, in minor units.

    Takes the lock only where something is owed: a debt that arises right after is repaid by a later
    credit. Ask before `lock_available` and `post`.
    """
    if debt(account, currency) == 0:
        return 0
    (amount,) = lock_available(currency, account)
    return -amount


def lock_debts(currency: str, *accounts: Account) -> dict[Account, int]:
    """As `lock_debt` for several accounts at once, in minor units."""
    kinds = {account.kind.value for account in accounts}
    owed = Balance.objects.filter(
        owner__in=[account.owner for account in accounts], kind__in=kinds, currency=currency, amount__lt=0
    )
    owing = set(owed.values_list("kind", "owner"))
    indebted = [account for account in accounts if (account.kind.value, account.owner) in owing]
    amounts = lock_available(currency, *indebted) if indebted else ()
    return dict.fromkeys(accounts, 0) | {
        account: -amount for account, amount in zip(indebted, amounts, strict=True)
    }


def lock_available(currency: str, *accounts: Account) -> tuple[int, ...]:
    """Lock accounts until the transaction ends and tell what is on them, in the order asked.

    Ask in ONE call for every account whose amount decides the legs, together with those that stand
    before it in `LOCK_ORDER` and that the same transaction will post to: for M that is D, for W
    that is DB, D and M. Accounts of any sign are never asked for (ValueError). A debt is at or
    below 0.
    """
    if any(account.kind in ANY_SIGN for account in accounts):
        raise ValueError("an account of any sign is never short")
    if locking.is_open():
        locking.ascend_to(locking.Rank.BALANCE)
    ordered = sorted(set(accounts), key=lambda account: (LOCK_RANK[account.kind], account.owner.int))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_lock(%s, %s, %s)",
            [[account.kind.value for account in ordered], [account.owner for account in ordered], currency],
        )
        (amounts,) = cursor.fetchone() or (None,)
    found = dict(zip(ordered, amounts or [], strict=True))
    return tuple(found[account] for account in accounts)


@dataclass(frozen=True, slots=True)
class Line:
    """One leg as the owner of an account sees it: `amount` above 0 came in, below 0 went out."""

    journal: UUID
    n: int
    at: datetime
    posting: str
    amount: int
    currency: str
    other: Account

    @property
    def cursor(self) -> str:
        """Where a next page goes on after this line."""
        return f"{self.journal.hex}.{self.n}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A page of an account's lines, newest first; `next_cursor` is None on the last page."""

    lines: Sequence[Line]
    next_cursor: str | None


def statement(
    account: Account, currency: str, cursor: str | None = None, *, limit: int = PAGE_LINES
) -> Statement:
    """An account's legs in one currency, newest journal first, a page at a time.

    `cursor` is a `next_cursor`; one that is none is a ValueError.
    """
    legs = Leg.objects.filter(currency=currency)
    if cursor is not None:
        journal, n = _place(cursor)
        legs = legs.filter(journal__lte=journal).exclude(journal=journal, n__gte=n)
    newest = legs.order_by("-journal", "-n")
    going = newest.filter(debit_owner=account.owner, debit_kind=account.kind)[: limit + 1]
    coming = newest.filter(credit_owner=account.owner, credit_kind=account.kind)[: limit + 1]
    lines = sorted(
        [_line(leg, -1) for leg in going] + [_line(leg, 1) for leg in coming],
        key=lambda line: (line.journal, line.n),
        reverse=True,
    )
    page = lines[:limit]
    return Statement(page, page[-1].cursor if len(lines) > limit else None)


def _line(leg: Leg, sign: int) -> Line:
    kind, owner = (leg.credit_kind, leg.credit_owner) if sign < 0 else (leg.debit_kind, leg.debit_owner)
    other = Account(Kind(kind), owner)
    return Line(leg.journal, leg.n, leg.at, leg.posting, sign * leg.amount, leg.currency, other)


def _place(cursor: str) -> tuple[UUID, int]:
    head, _dot, tail = cursor.partition(".")
    if not (tail.isascii() and tail.isdigit() and len(tail) < 5):
        raise ValueError("no cursor of a statement")
    return UUID(hex=head), int(tail)


def journal(journal_id: UUID) -> list[Leg]:
    """The legs of one journal in order; none if it was not posted."""
    return list(Leg.objects.filter(Q(journal=journal_id)).order_by("n"))


def posted_amounts(*journal_ids: UUID) -> dict[UUID, dict[str, int]]:
    """What these journals were posted with: amounts in minor units by the names of the book.

    What a leg left out is 0; a journal that was not posted is left out.
    """
    found: dict[UUID, dict[str, int]] = {}
    for leg in Leg.objects.filter(journal__in=journal_ids):
        rules = BOOK[leg.posting]
        amounts = found.setdefault(leg.journal, dict.fromkeys(rules.amounts, 0))
        sides = (leg.debit_kind, leg.credit_kind)
        name = next(rule.amount for rule in rules.legs if (rule.debit, rule.credit) == sides)
        amounts[name] = leg.amount
    return found
