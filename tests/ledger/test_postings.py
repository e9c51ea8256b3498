"""The book against the table of the design, row by row, and against its page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from ledger.accounts import Kind
from ledger.postings import BOOK, ROWS

# Moment → legs, transcribed from the table of the design. A leg in brackets is one that the table
# states elsewhere: what a merchant lacks ("the merchant is short"), and "later credits W→DB first".
DESIGN = {
    "campaign_funded": "B→C",
    "campaign_closed": "C→B",
    "top_up_confirmed": "G→W [W→DB]",
    "top_up_charged_back": "W→G DB→G",
    "coupon_locked": "C→R",
    "coupon_released": "R→C",
    "order_paid_wallet": "W→E C→E",
    "order_paid_gateway": "G→E R→E",
    "unit_redeemed": "E→M M→F M→D",
    "unit_refunded_wallet": "E→W E→C [W→DB]",
    "unit_refunded_gateway": "E→X E→C",
    "unit_expired_kept": "E→M M→F M→D",
    "redeemed_unit_refunded_wallet": "M→W M→C F→M [D→W] [D→C] [W→DB]",
    "redeemed_unit_refunded_gateway": "M→X M→C F→M [D→X] [D→C]",
    "redemption_undone": "M→E F→M D→M",
    "gateway_refund_confirmed": "X→G",
    "gateway_refund_failed": "X→W [W→DB]",
    "dispute_lost": "E→G M→G D→G L→G",
    "till_sale_wallet": "W→M C→M M→F",
    "till_sale_gateway_asked": "C→R",
    "till_sale_gateway_succeeded": "G→M R→M M→F",
    "till_sale_gateway_failed": "R→C",
    "till_sale_reversed_wallet": "M→W M→C F→M [D→W] [D→C] [W→DB]",
    "till_sale_reversed_gateway": "M→X M→C F→M [D→X] [D→C]",
    "stray_payment_received": "G→S",
    "stray_payment_returned": "S→X",
    "charge_paid": "W→H",
    "charge_delivered": "H→M M→F",
    "charge_undelivered": "H→W [W→DB]",
    "delivered_charge_refunded": "M→W [D→W] [W→DB]",
    "payout_sent": "M→X",
    "payout_confirmed": "X→B",
    "payout_bounced": "X→M",
    "withdrawal_sent": "W→X",
    "withdrawal_confirmed": "X→B",
    "withdrawal_bounced": "X→W [W→DB]",
    "gateway_settled": "B→G L→G",
    "debt_written_off": "L→D",
}


def test_the_book_has_the_moments_of_the_design_and_no_others() -> None:
    assert BOOK.keys() == DESIGN.keys()


@pytest.mark.parametrize("name", DESIGN)
def test_a_posting_has_the_legs_of_the_design(name: str) -> None:
    wanted = sorted(DESIGN[name].replace("[", "").replace("]", "").split())
    assert sorted(f"{leg.debit}→{leg.credit}" for leg in BOOK[name].legs) == wanted


@pytest.mark.parametrize("name", BOOK)
def test_every_credit_of_a_wallet_serves_the_buyers_debt_first(name: str) -> None:
    legs = [(leg.debit, leg.credit) for leg in BOOK[name].legs]
    credits_a_wallet = any(credit is Kind.WALLET for _debit, credit in legs)
    assert credits_a_wallet == ((Kind.WALLET, Kind.BUYER_DEBT) in legs)


@pytest.mark.parametrize("name", BOOK)
def test_amounts_of_a_posting_are_told_apart(name: str) -> None:
    legs = BOOK[name].legs
    assert len({leg.amount for leg in legs}) == len(legs)
    assert len({(leg.debit, leg.credit) for leg in legs}) == len(legs)
    assert all(leg.debit is not leg.credit for leg in legs)


def test_names_are_told_once_and_fit_their_column() -> None:
    names = [posting.name for row in ROWS for posting in row.postings]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 40


def test_every_kind_is_used() -> None:
    assert {kind for posting in BOOK.values() for kind in posting.kinds} == set(Kind)


def test_the_page_is_the_book() -> None:
    printed = io.StringIO()
    call_command("posting_book", stdout=printed)
    page = Path(settings.BASE_DIR, "docs", "ledger.md").read_text(encoding="utf-8")
    assert page == printed.getvalue(), "run: manage.py posting_book > docs/ledger.md"
