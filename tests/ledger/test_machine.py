"""Any sequence of postings, replays and shortfalls against a model of a few lines (hypothesis)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.ids import new_id
from ledger.accounts import ANY_SIGN, DEBTS, Kind
from ledger.models import Balance
from ledger.posting import Journal, post
from ledger.postings import BOOK
from ledger.refusals import DebtOverpaid, InsufficientFunds, JournalReused
from tests.ledger.till import fresh, sums_of_balances, sums_of_legs

Key = tuple[str, UUID, str]
CURRENCIES = ("CNY", "EUR")
FUNDING = [name for name, posting in BOOK.items() if any(leg.debit in ANY_SIGN for leg in posting.legs)]

small = st.integers(min_value=0, max_value=40)
choice = st.integers(min_value=0, max_value=1)


@st.composite
def journals(draw: st.DrawFn, names: list[str] | None = None) -> Journal:
    """Any posting of the book between two accounts of each kind; `owners` are filled in later."""
    posting = BOOK[draw(st.sampled_from(names or list(BOOK)))]
    amounts = {name: draw(small) for name in sorted(posting.amounts)}
    currency = draw(st.sampled_from(CURRENCIES))
    which = {kind: draw(choice) for kind in sorted(posting.kinds)}
    return Journal(new_id(), posting.name, currency, which, amounts)  # type: ignore[arg-type]


class Till(RuleBasedStateMachine):
    """Two accounts of each kind, and what a few lines of Python think is on them."""

    @initialize()
    def open(self) -> None:
        self.accounts = {kind: (fresh(kind), fresh(kind)) for kind in Kind}
        self.owners = [account.owner for pair in self.accounts.values() for account in pair]
        self.model: dict[Key, int] = {}
        self.posted: dict[UUID, Journal] = {}

    @rule(drawn=st.lists(journals(), min_size=1, max_size=3))
    def post_new(self, drawn: list[Journal]) -> None:
        self._post([self._placed(journal) for journal in drawn])

    @rule(drawn=journals(FUNDING))
    def bring_money(self, drawn: Journal) -> None:
        self._post([self._placed(drawn)])

    @rule(data=st.data(), drawn=st.lists(journals(), max_size=2))
    def post_again(self, data: st.DataObject, drawn: list[Journal]) -> None:
        if self.posted:
            again = data.draw(st.sampled_from(sorted(self.posted.values(), key=lambda old: old.id)))
            self._post([again, *(self._placed(journal) for journal in drawn)])

    @rule(data=st.data(), more=st.integers(min_value=1, max_value=9))
    def post_again_changed(self, data: st.DataObject, more: int) -> None:
        if self.posted:
            old = data.draw(st.sampled_from(sorted(self.posted.values(), key=lambda old: old.id)))
            name = data.draw(st.sampled_from(sorted(old.amounts)))
            self._post([replace(old, amounts={**old.amounts, name: old.amounts[name] + more})])

    @rule(data=st.data())
    def empty_an_account(self, data: st.DataObject) -> None:
        """Take all that is there, and one more: exactly the first goes through."""
        merchant, provider = self.accounts[Kind.MERCHANT][0], self.accounts[Kind.IN_FLIGHT][0]
        there = self.model.get((Kind.MERCHANT, merchant.owner, "CNY"), 0)
        for amount in (there + 1, there):
            self._post([Journal.of(new_id(), "payout_sent", "CNY", merchant, provider, amount=amount)])

    def _placed(self, drawn: Journal) -> Journal:
        owners: dict[Kind, Any] = {
            kind: self.accounts[kind][which]  # type: ignore[call-overload]
            for kind, which in drawn.owners.items()
        }
        return replace(drawn, id=new_id(), owners=owners)

    def _post(self, asked: list[Journal]) -> None:
        wanted = self._expected(asked)
        if wanted:
            with pytest.raises(tuple(wanted)), transaction.atomic():
                post(*asked)
            return
        post(*asked)
        for journal in asked:
            if journal.id not in self.posted and any(journal.amounts.values()):
                self.posted[journal.id] = journal
                self._apply(self.model, journal)

    def _expected(self, asked: list[Journal]) -> set[type[Exception]]:
        """Which refusals would be right; none means that it must go through."""
        after = dict(self.model)
        for journal in asked:
            if journal.id not in self.posted:
                self._apply(after, journal)
            elif self.posted[journal.id] != journal:
                return {JournalReused}
        refusals: set[type[Exception]] = set()
        for (kind, _owner, _currency), amount in after.items():
            if Kind(kind) in DEBTS:
                refusals |= {DebtOverpaid} if amount > 0 else set()
            elif Kind(kind) not in ANY_SIGN:
                refusals |= {InsufficientFunds} if amount < 0 else set()
        return refusals

    @staticmethod
    def _apply(model: dict[Key, int], journal: Journal) -> None:
        for debit, credit, name in BOOK[journal.posting].legs:
            for kind, amount in ((debit, -journal.amounts[name]), (credit, journal.amounts[name])):
                account = journal.owners[kind]
                key = (kind.value, account.owner, journal.currency)
                model[key] = model.get(key, 0) + amount

    @invariant()
    def everything_agrees(self) -> None:
        model = {key: amount for key, amount in self.model.items() if amount}
        assert sums_of_balances(self.owners) == model
        assert sums_of_legs(self.owners) == model

    @invariant()
    def all_accounts_sum_to_zero(self) -> None:
        for currency in CURRENCIES:
            assert sum(amount for key, amount in self.model.items() if key[2] == currency) == 0

    @invariant()
    def nothing_is_on_the_wrong_side_of_zero(self) -> None:
        for stripe in Balance.objects.filter(owner__in=self.owners):
            if stripe.kind in DEBTS:
                assert stripe.amount <= 0
            elif stripe.kind not in ANY_SIGN:
                assert stripe.amount >= 0


@pytest.mark.django_db
def test_any_sequence_of_postings() -> None:
    run_state_machine_as_test(
        Till,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
