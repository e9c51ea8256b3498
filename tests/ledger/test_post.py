from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import transaction

from common import clock, locking
from common.ids import new_id
from ledger import accounts, queries
from ledger.accounts import Account, Kind
from ledger.models import Balance, Leg
from ledger.posting import Journal, post
from ledger.refusals import DebtOverpaid, InsufficientFunds, JournalReused
from tests.ledger.till import CNY, fresh, merchant_with, sums_of_balances, till_sale, top_up, wallet_with

pytestmark = pytest.mark.django_db


def order_paid(wallet: Account, escrow: Account, paid: int, fund: Account | None = None) -> Journal:
    owners = {Kind.WALLET: wallet, Kind.ESCROW: escrow}
    if fund:
        owners[Kind.CAMPAIGN_FUND] = fund
    amounts = {"paid": paid, "platform": 10 if fund else 0}
    return Journal(new_id(), "order_paid_wallet", CNY, owners, amounts)


def redeemed(escrow: Account, merchant: Account, gross: int, fee: int = 0, debt: int = 0) -> Journal:
    owing = accounts.merchant_debt(merchant.owner)
    parties = (escrow, merchant, owing, accounts.fees())
    return Journal.of(new_id(), "unit_redeemed", CNY, *parties, gross=gross, fee=fee, debt=debt)


def test_legs_and_balances_are_written(django_assert_num_queries: Callable[[int], object]) -> None:
    wallet = fresh(Kind.WALLET)
    journal = top_up(wallet, 500)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        post(journal)
    (leg,) = queries.journal(journal.id)
    assert (leg.n, leg.posting, leg.amount, leg.currency) == (0, "top_up_confirmed", 500, CNY)
    assert (leg.debit_kind, leg.credit_kind, leg.credit_owner) == ("G", "W", wallet.owner)
    assert queries.balance(wallet, CNY) == 500


def test_the_example_of_the_book() -> None:
    """Two units, 60 + 40, a coupon of 10 by the platform (6 + 4): A redeemed, B refunded, A refunded."""
    wallet, fund = wallet_with(90), fresh(Kind.CAMPAIGN_FUND)
    merchant = fresh(Kind.MERCHANT)
    escrow = accounts.escrow(new_id(), merchant.owner)
    owes = accounts.merchant_debt(merchant.owner)
    post(Journal.of(new_id(), "campaign_funded", CNY, accounts.bank(), fund, amount=10))
    post(order_paid(wallet, escrow, 90, fund))
    assert queries.escrow_held(merchant.owner, CNY) == 100
    post(redeemed(escrow, merchant, 60, fee=2))
    back = {"paid": 36, "platform": 4, "owed": 0}
    post(Journal.of(new_id(), "unit_refunded_wallet", CNY, escrow, wallet, fund, **back))
    assert [queries.balance(a, CNY) for a in (wallet, fund, escrow, merchant)] == [36, 4, 0, 58]
    post(Journal.of(new_id(), "payout_sent", CNY, merchant, accounts.in_flight("bank"), amount=38))
    split = {"paid": 22, "paid_short": 32, "platform": 0, "platform_short": 6, "fee": 2, "owed": 0}
    parties = (merchant, owes, wallet, fund, accounts.fees())
    post(Journal.of(new_id(), "redeemed_unit_refunded_wallet", CNY, *parties, **split))
    assert [queries.balance(a, CNY) for a in (wallet, fund, merchant, owes)] == [90, 10, 0, -38]


def test_the_same_again_changes_nothing() -> None:
    wallet = fresh(Kind.WALLET)
    journal = top_up(wallet, 500)
    post(journal)
    post(journal)
    assert queries.balance(wallet, CNY) == 500
    assert Leg.objects.filter(journal=journal.id).count() == 1


@pytest.mark.parametrize(
    "change",
    [{"gross": 61}, {"fee": 4}, {"fee": 0}, {"gross": 60, "fee": 2, "debt": 1}, {"gross": 0, "fee": 0}],
)
def test_the_same_id_with_other_amounts_is_refused(change: dict[str, int]) -> None:
    escrow, merchant = fresh(Kind.ESCROW), fresh(Kind.MERCHANT)
    post(order_paid(wallet_with(100), escrow, 100))
    first = redeemed(escrow, merchant, 60, fee=2)
    post(first)
    other = replace(first, amounts={**first.amounts, **change})
    if not any(other.amounts.values()):
        return
    with pytest.raises(JournalReused) as refused, transaction.atomic():
        post(other)
    assert refused.value.journal == first.id
    assert queries.balance(merchant, CNY) == 58


def test_the_same_id_with_another_account_currency_or_posting_is_refused() -> None:
    wallet, merchant = wallet_with(100), fresh(Kind.MERCHANT)
    sale = till_sale(wallet, merchant, 10)
    post(sale)
    others = [
        replace(sale, owners={**sale.owners, Kind.MERCHANT: fresh(Kind.MERCHANT)}),
        replace(sale, currency="EUR"),
        Journal.of(sale.id, "withdrawal_sent", CNY, wallet, accounts.in_flight("bank"), amount=10),
    ]
    for other in others:
        with pytest.raises(JournalReused), transaction.atomic():
            post(other)
    assert queries.balance(wallet, CNY) == 90


def test_a_call_may_mix_new_and_old_journals() -> None:
    wallet, merchant = wallet_with(100), fresh(Kind.MERCHANT)
    old, new = till_sale(wallet, merchant, 10), till_sale(wallet, merchant, 20)
    post(old)
    post(new, old)
    assert (queries.balance(wallet, CNY), queries.balance(merchant, CNY)) == (70, 30)


def test_a_call_is_all_or_nothing() -> None:
    wallet, merchant = wallet_with(100), fresh(Kind.MERCHANT)
    good, bad = till_sale(wallet, merchant, 10), till_sale(wallet_with(5), merchant, 6)
    with pytest.raises(InsufficientFunds), transaction.atomic():
        post(good, bad)
    assert queries.journal(good.id) == []
    assert queries.balance(merchant, CNY) == 0


def test_what_comes_in_may_go_out_in_the_same_call() -> None:
    wallet, merchant = fresh(Kind.WALLET), fresh(Kind.MERCHANT)
    post(top_up(wallet, 100), till_sale(wallet, merchant, 100))
    assert (queries.balance(wallet, CNY), queries.balance(merchant, CNY)) == (0, 100)


@pytest.mark.parametrize("have", [0, 9])
def test_a_wallet_never_goes_below_zero(have: int) -> None:
    wallet = wallet_with(have)
    with pytest.raises(InsufficientFunds) as refused, transaction.atomic():
        post(till_sale(wallet, fresh(Kind.MERCHANT), 10))
    assert (refused.value.kind, refused.value.owner) == (Kind.WALLET, wallet.owner)
    assert (refused.value.status, refused.value.code) == (402, "insufficient_funds")
    assert queries.balance(wallet, CNY) == have


def test_money_of_another_currency_does_not_help() -> None:
    wallet = wallet_with(100, "EUR")
    with pytest.raises(InsufficientFunds), transaction.atomic():
        post(till_sale(wallet, fresh(Kind.MERCHANT), 10))
    assert queries.balances(wallet) == {"EUR": 100}


def test_a_debt_is_repaid_up_to_zero_only() -> None:
    merchant = fresh(Kind.MERCHANT)
    owes = accounts.merchant_debt(merchant.owner)
    parties = (fresh(Kind.GATEWAY), owes)
    lost = {"escrow": 0, "amount": 0, "loss": 0}
    post(Journal.of(new_id(), "dispute_lost", CNY, *parties, amount_short=30, **lost))
    assert queries.debt(owes, CNY) == 30
    post(Journal.of(new_id(), "debt_written_off", CNY, accounts.losses(), owes, amount=10))
    with pytest.raises(DebtOverpaid), transaction.atomic():
        post(Journal.of(new_id(), "debt_written_off", CNY, accounts.losses(), owes, amount=21))
    assert queries.debt(owes, CNY) == 20


def test_a_striped_account_pays_from_all_its_stripes() -> None:
    merchant = fresh(Kind.MERCHANT)
    scatter(merchant, {0: 5, 3: 7, 9: 1, 15: 2})
    post(payout(merchant, 12))
    assert queries.balance(merchant, CNY) == 3
    with pytest.raises(InsufficientFunds) as refused, transaction.atomic():
        post(payout(merchant, 4))
    assert refused.value.kind is Kind.MERCHANT
    post(payout(merchant, 3))
    assert queries.balance(merchant, CNY) == 0


def test_plenty_is_spread_over_the_stripes() -> None:
    """So that the next debits of other sessions each find their money in their own stripe."""
    fund = fresh(Kind.CAMPAIGN_FUND)
    own = Balance.objects.get(owner=merchant_with(1).owner).stripe
    scatter(fund, {(own + 1) % 16: 1_000_003, (own + 2) % 16: 4})
    post(Journal.of(new_id(), "campaign_closed", CNY, fund, accounts.bank(), amount=7))
    parts = list(Balance.objects.filter(owner=fund.owner).values_list("amount", flat=True))
    assert sum(parts) == 1_000_000
    assert len(parts) == 16
    assert max(parts) - min(parts) <= 1


def scatter(account: Account, parts: dict[int, int]) -> None:
    for stripe, amount in parts.items():
        Balance.objects.create(
            owner=account.owner, kind=account.kind, currency=CNY, stripe=stripe, amount=amount
        )


def payout(merchant: Account, amount: int) -> Journal:
    return Journal.of(new_id(), "payout_sent", CNY, merchant, accounts.in_flight("bank"), amount=amount)


def test_legs_of_nothing_are_left_out() -> None:
    journal = redeemed(fresh(Kind.ESCROW), fresh(Kind.MERCHANT), 0)
    post(journal)
    post()
    assert queries.journal(journal.id) == []


def test_the_time_is_the_clocks() -> None:
    journal = top_up(fresh(Kind.WALLET), 1)
    before = clock.now()
    post(journal)
    assert before <= queries.journal(journal.id)[0].at <= clock.now()


def test_hundreds_of_journals_in_one_call() -> None:
    wallet, merchants = wallet_with(10_000), [fresh(Kind.MERCHANT) for _ in range(20)]
    post(*(till_sale(wallet, merchants[number % 20], 1 + number % 7) for number in range(300)))
    owners = [wallet.owner, *(merchant.owner for merchant in merchants)]
    assert sum(sums_of_balances(owners).values()) == 10_000


def test_no_lower_lock_after_a_post() -> None:
    with locking.transaction():
        post(top_up(fresh(Kind.WALLET), 1))
        with pytest.raises(locking.LockOrderViolated):
            locking.ascend_to(locking.Rank.ORDER)


WALLET, MERCHANT = fresh(Kind.WALLET), fresh(Kind.MERCHANT)
SALE = till_sale(WALLET, MERCHANT, 1)


@pytest.mark.parametrize(
    "journal",
    [
        replace(SALE, posting="till_sale"),
        replace(SALE, amounts={"paid": 1, "platform": 0}),
        replace(SALE, amounts={"paid": 1, "platform": 0, "fee": 0, "tip": 0}),
        replace(SALE, amounts={"paid": -1, "platform": 0, "fee": 0}),
        replace(SALE, amounts={"paid": True, "platform": 0, "fee": 0}),
        replace(SALE, amounts={"paid": 1.0, "platform": 0, "fee": 0}),  # type: ignore[dict-item]
        replace(SALE, owners={Kind.WALLET: WALLET}),
        replace(SALE, owners={Kind.WALLET: MERCHANT, Kind.MERCHANT: MERCHANT}),
        replace(SALE, owners={**SALE.owners, Kind.BANK: accounts.bank()}),
        replace(SALE, currency="cny"),
        replace(SALE, currency="CNYX"),
        replace(SALE, currency="C,Y"),
        order_paid(WALLET, Account(Kind.ESCROW, uuid4()), 1),
        replace(SALE, owners={**SALE.owners, Kind.WALLET: WALLET._replace(within=uuid4())}),
    ],
)
def test_what_does_not_fit_the_book_is_a_programming_error(journal: Journal) -> None:
    with pytest.raises(ValueError, match=r"."):
        post(journal)


def test_one_journal_twice_in_a_call_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        post(SALE, replace(SALE, amounts={"paid": 2, "platform": 0, "fee": 0}))


def test_one_escrow_within_two_merchants_is_a_programming_error() -> None:
    escrow, wallet = fresh(Kind.ESCROW), wallet_with(2)
    with pytest.raises(ValueError, match="two merchants"):
        post(order_paid(wallet, escrow, 1), order_paid(wallet, escrow._replace(within=uuid4()), 1))
