"""The posting book: every way money moves. Nothing posts legs that are not written here.

A posting is the moment of one verb; its legs read `debit→credit amount`, where the letters are
kinds of accounts (accounts.py) and the last word names the amount that the flow gives, in minor
units. A leg whose amount is 0 is left out. `docs/ledger.md` shows this file as a table.

Words for amounts: `paid` is what the buyer paid, `platform` what a campaign of the platform added,
`fee` ours, `debt` what goes to the merchant's old debt, `owed` what goes to the buyer's old debt
(every credit of a wallet serves it first), `…_short` what the merchant lacked (the buyer first).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from ledger.accounts import Kind


class LegRule(NamedTuple):
    """One leg of a posting: which kind pays which, and the name of the amount."""

    debit: Kind
    credit: Kind
    amount: str

    def __str__(self) -> str:
        return f"{self.debit}→{self.credit} {self.amount}"


@dataclass(frozen=True, slots=True)
class Posting:
    """A named moment: its legs, and the amounts and kinds of accounts that they need."""

    name: str
    legs: tuple[LegRule, ...]
    amounts: frozenset[str]
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the book: when it applies, its postings, and what else there is to say."""

    when: str
    postings: tuple[Posting, ...]
    note: str = ""


def _leg(text: str) -> LegRule:
    sides, amount = text.split()
    debit, credit = sides.split("→")
    return LegRule(Kind(debit), Kind(credit), amount)


def _posting(name: str, text: str) -> Posting:
    legs = tuple(_leg(leg) for leg in text.split(", "))
    kinds = frozenset(kind for leg in legs for kind in (leg.debit, leg.credit))
    return Posting(name, legs, frozenset(leg.amount for leg in legs), kinds)


def _row(when: str, note: str = "", **postings: str) -> Row:
    return Row(when, tuple(_posting(name, text) for name, text in postings.items()), note)


ROWS: tuple[Row, ...] = (
    _row(
        "campaign funded by the platform / closed",
        note="what comes back to a closed one goes on to the bank in the same way",
        campaign_funded="B→C amount",
        campaign_closed="C→B amount",
    ),
    _row(
        "top-up confirmed",
        note="asked or unknown: nothing",
        top_up_confirmed="G→W amount, W→DB owed",
    ),
    _row(
        "top-up charged back",
        note="what is there, the rest is the buyer's debt",
        top_up_charged_back="W→G amount, DB→G amount_short",
    ),
    _row(
        "coupon locked for a gateway payment / released",
        coupon_locked="C→R amount",
        coupon_released="R→C amount",
    ),
    _row("order paid from the wallet", order_paid_wallet="W→E paid, C→E platform"),
    _row("order paid by a gateway, confirmed", order_paid_gateway="G→E paid, R→E platform"),
    _row(
        "unit redeemed (call, code, staff, holding time over)",
        unit_redeemed="E→M gross, M→F fee, M→D debt",
    ),
    _row(
        "unit refunded before redemption, or expired: wallet",
        unit_refunded_wallet="E→W paid, E→C platform, W→DB owed",
    ),
    _row(
        "the same, paid by gateway",
        note='then "gateway refund"',
        unit_refunded_gateway="E→X paid, E→C platform",
    ),
    _row(
        "expiry where the merchant's policy keeps the money",
        unit_expired_kept="E→M gross, M→F fee, M→D debt",
    ),
    _row(
        "unit refunded after redemption",
        note="fee by policy; where the merchant is short, D pays and the buyer comes first; "
        'by gateway: then "gateway refund"',
        redeemed_unit_refunded_wallet=(
            "M→W paid, D→W paid_short, M→C platform, D→C platform_short, F→M fee, W→DB owed"
        ),
        redeemed_unit_refunded_gateway=(
            "M→X paid, D→X paid_short, M→C platform, D→C platform_short, F→M fee"
        ),
    ),
    _row(
        "redemption undone",
        note="refused if the merchant is short",
        redemption_undone="M→E gross, F→M fee, D→M debt",
    ),
    _row(
        "gateway refund confirmed / failed for good",
        note="unknown: nothing, ask again",
        gateway_refund_confirmed="X→G amount",
        gateway_refund_failed="X→W amount, W→DB owed",
    ),
    _row(
        "gateway dispute lost",
        note="short: D; the loss by policy",
        dispute_lost="E→G escrow, M→G amount, D→G amount_short, L→G loss",
    ),
    _row("till sale from the wallet", till_sale_wallet="W→M paid, C→M platform, M→F fee"),
    _row(
        "till sale by a gateway: asked / success / failed",
        note="unknown: nothing, ask again, then the provider's reverse",
        till_sale_gateway_asked="C→R platform",
        till_sale_gateway_succeeded="G→M paid, R→M platform, M→F fee",
        till_sale_gateway_failed="R→C platform",
    ),
    _row(
        "till reverse",
        note='short: D as above; by gateway: then "gateway refund"',
        till_sale_reversed_wallet=(
            "M→W paid, D→W paid_short, M→C platform, D→C platform_short, F→M fee, W→DB owed"
        ),
        till_sale_reversed_gateway=("M→X paid, D→X paid_short, M→C platform, D→C platform_short, F→M fee"),
    ),
    _row(
        "second payer, late callback, wrong amount: received / sent back",
        note='then "gateway refund"; wallet: never taken',
        stray_payment_received="G→S amount",
        stray_payment_returned="S→X amount",
    ),
    _row(
        "charge / delivered / undelivered",
        charge_paid="W→H amount",
        charge_delivered="H→M amount, M→F fee",
        charge_undelivered="H→W amount, W→DB owed",
    ),
    _row(
        "refund after delivery",
        note="shortfall by D",
        delivered_charge_refunded="M→W paid, D→W paid_short, W→DB owed",
    ),
    _row(
        "payout: sent / confirmed / bounced",
        payout_sent="M→X amount",
        payout_confirmed="X→B amount",
        payout_bounced="X→M amount",
    ),
    _row(
        "wallet withdrawal: sent / confirmed / bounced",
        withdrawal_sent="W→X amount",
        withdrawal_confirmed="X→B amount",
        withdrawal_bounced="X→W amount, W→DB owed",
    ),
    _row("gateway settles to the bank", gateway_settled="B→G net, L→G fee"),
    _row("debt written off", debt_written_off="L→D amount"),
)

BOOK: Mapping[str, Posting] = MappingProxyType(
    {posting.name: posting for row in ROWS for posting in row.postings}
)
"""Posting name → posting."""
