"""Posting: the only door through which money moves. One call, one round trip, any number of journals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.db import DatabaseError

from common import clock, locking
from common.rows import Writes, prepared_cursor
from ledger.accounts import LOCK_RANK, Account, Kind
from ledger.postings import BOOK, Posting
from ledger.refusals import DebtOverpaid, InsufficientFunds, JournalReused

_POST = "ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_SHORT, _REUSED, _OVERPAID = "LT001", "LT002", "LT004"


@dataclass(frozen=True, slots=True)
class Journal:
    """One posting of the book, to be made once.

    `id` is a UUIDv7 saved beforehand on the owner's row; `owners` are the accounts, by kind, of the
    legs that move something; `amounts` are all the amounts that the posting names, in minor units.
    """

    id: UUID
    posting: str
    currency: str
    owners: Mapping[Kind, Account]
    amounts: Mapping[str, int]

    @classmethod
    def of(cls, journal_id: UUID, posting: str, currency: str, *accounts: Account, **amounts: int) -> Journal:
        """A journal with its accounts in a row: each knows its kind."""
        return cls(journal_id, posting, currency, {account.kind: account for account in accounts}, amounts)


def post(*journals: Journal, beside: Writes | None = None) -> None:
    """Post journals in the caller's transaction: all of them or none, each with effect once.

    A journal that was posted before with the same legs changes nothing. Balances are locked in one
    order over all journals of the call: post what belongs to one transaction in one call. What is
    given as `beside` is written by the same statement, which saves a hot flow its round trips.

    Raises `InsufficientFunds`, `DebtOverpaid` or `JournalReused`, after any of which the transaction
    (or the savepoint around the call) must be rolled back, and `ValueError` for a journal that does
    not fit the book.
    """
    batch = _Batch()
    for journal in sorted(journals, key=lambda journal: journal.id.int):
        batch.add(journal)
    if not batch.journals and beside is None:
        return
    if locking.is_open():
        locking.ascend_to(locking.Rank.BALANCE)
    try:
        if beside is not None:
            beside.call(_POST, batch.arguments(clock.now()))
            return
        with prepared_cursor() as cursor:
            cursor.execute(f"SELECT {_POST}", batch.arguments(clock.now()))
    except DatabaseError as error:
        _refuse(error)


class _Batch:
    """The legs of one call as the arrays that `ledger_post` takes."""

    __slots__ = ("accounts", "amounts", "credits", "debits", "journals", "names", "numbers", "seen")

    def __init__(self) -> None:
        self.accounts: dict[tuple[int, int, str], Account] = {}
        self.seen: set[UUID] = set()
        self.journals: list[str] = []
        self.numbers: list[int] = []
        self.names: list[str] = []
        self.debits: list[tuple[int, int, str]] = []
        self.credits: list[tuple[int, int, str]] = []
        self.amounts: list[int] = []

    def add(self, journal: Journal) -> None:
        posting, amounts, number = _fitting(journal), journal.amounts, 0
        if journal.id in self.seen:
            raise ValueError(f"journal {journal.id} twice in one call")
        self.seen.add(journal.id)
        for debit, credit, name in posting.legs:
            amount = amounts[name]
            if amount == 0:
                continue
            self.journals.append(journal.id.hex)
            self.numbers.append(number)
            self.names.append(posting.name)
            self.debits.append(self._place(journal, debit))
            self.credits.append(self._place(journal, credit))
            self.amounts.append(amount)
            number += 1

    def _place(self, journal: Journal, kind: Kind) -> tuple[int, int, str]:
        account = journal.owners.get(kind)
        if account is None:
            raise ValueError(f"{journal.posting} needs an account of kind {kind}")
        key = (LOCK_RANK[kind], account.owner.int, journal.currency)
        known = self.accounts.setdefault(key, account)
        if known.within != account.within:
            raise ValueError(f"escrow {account.owner} within two merchants")
        return key

    def arguments(self, moment: datetime) -> tuple[str | datetime, ...]:
        order = sorted(self.accounts)
        place = {key: number for number, key in enumerate(order, 1)}
        accounts = [self.accounts[key] for key in order]
        return (
            _array(account.kind.value for account in accounts),
            _array(account.owner.hex for account in accounts),
            _array(key[2] for key in order),
            _array("NULL" if account.within is None else account.within.hex for account in accounts),
            _array(self.journals),
            _array(map(str, self.numbers)),
            _array(self.names),
            _array(str(place[key]) for key in self.debits),
            _array(str(place[key]) for key in self.credits),
            _array(map(str, self.amounts)),
            moment,
        )


def _array(words: Iterable[str]) -> str:
    """An array as PostgreSQL reads it; the words here are ids, numbers and names that need no quotes."""
    return "{" + ",".join(words) + "}"


def _fitting(journal: Journal) -> Posting:
    posting = BOOK.get(journal.posting)
    if posting is None:
        raise ValueError(f"no posting {journal.posting!r} in the book")
    if journal.amounts.keys() != posting.amounts:
        raise ValueError(f"{posting.name} takes the amounts {', '.join(sorted(posting.amounts))}")
    if not journal.owners.keys() <= posting.kinds:
        raise ValueError(f"{posting.name} takes accounts of {', '.join(sorted(posting.kinds))}")
    for kind, account in journal.owners.items():
        if account.kind is not kind or (account.within is None) is (kind is Kind.ESCROW):
            raise ValueError(f"{account} is no account of kind {kind}")
    for name, amount in journal.amounts.items():
        if type(amount) is not int or amount < 0:
            raise ValueError(f"{posting.name} {name}: {amount!r} is no amount in minor units")
    currency = journal.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise ValueError(f"{journal.currency!r} is no currency")
    return posting


def _refuse(error: DatabaseError) -> NoReturn:
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state not in (_SHORT, _REUSED, _OVERPAID):
        raise error
    words = cause.diag.message_detail.split()  # type: ignore[union-attr]
    if state == _REUSED:
        raise JournalReused(UUID(words[0])) from error
    refusal = InsufficientFunds if state == _SHORT else DebtOverpaid
    raise refusal(Kind(words[0]), UUID(words[1])) from error
