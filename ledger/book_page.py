"""The posting book as a page for people: `docs/ledger.md`, printed by `manage.py posting_book`."""

from __future__ import annotations

from ledger.accounts import ANY_SIGN, DEBTS, LOCK_ORDER, STRIPES, Kind
from ledger.postings import ROWS, Posting, Row

_HEAD = """\
# The posting book

Every way money moves. This page is printed by `manage.py posting_book` from `ledger/postings.py` and
`ledger/accounts.py`; a test compares them.

`A→B x` moves the amount `x` (minor units) from account A to account B. A leg whose amount is 0 is left
out. A row of the first column may have several moments; each is a posting with a name, made once under
the id of a journal that was saved beforehand. Legs are only ever inserted; a correction is another
journal.

Words for amounts: `paid` is what the buyer paid, `platform` what a campaign of the platform added, `fee`
ours, `debt` what goes to the merchant's old debt, `owed` what goes to the buyer's old debt (every credit
of a wallet serves it first), `…_short` what the merchant lacked: the debt pays it, the buyer comes first.

## Accounts

| | what it holds | balance | rows |
|---|---|---|---|
"""

_HOLDS = {
    Kind.WALLET: "a buyer's wallet",
    Kind.ESCROW: "an order's escrow",
    Kind.MERCHANT: "a merchant's money (or an app owner's)",
    Kind.MERCHANT_DEBT: "a merchant's debt",
    Kind.BUYER_DEBT: "a buyer's debt",
    Kind.CAMPAIGN_FUND: "a campaign's fund",
    Kind.CAMPAIGN_RESERVED: "what a campaign's locked coupons reserve",
    Kind.CHARGES_HELD: "an app's charges that await delivery",
    Kind.IN_FLIGHT: "sent to the outside, unconfirmed",
    Kind.SUSPENSE: "received for a payment that could not count",
    Kind.GATEWAY: "a gateway",
    Kind.BANK: "the bank",
    Kind.FEES: "fees",
    Kind.LOSSES: "losses",
}


def page() -> str:
    """The whole page, in Markdown."""
    accounts = "".join(
        f"| {kind} | {holds} | {_sign(kind)} | {STRIPES[kind]} |\n" for kind, holds in _HOLDS.items()
    )
    order = " → ".join(LOCK_ORDER)
    rows = "".join(line for row in ROWS for line in _lines(row))
    return (
        f"{_HEAD}{accounts}\nA balance is credits − debits. Balances are locked in this order: {order}; "
        f"then by owner, then by row.\n\n## Postings\n\n| when | posting | legs |\n|---|---|---|\n{rows}"
    )


def _sign(kind: Kind) -> str:
    if kind in ANY_SIGN:
        return "any"
    return "≤ 0" if kind in DEBTS else "≥ 0"


def _lines(row: Row) -> list[str]:
    first = f"{row.when} ({row.note})" if row.note else row.when
    heads = [first, *[""] * (len(row.postings) - 1)]
    return [
        f"| {head} | `{posting.name}` | {_legs(posting)} |\n"
        for head, posting in zip(heads, row.postings, strict=True)
    ]


def _legs(posting: Posting) -> str:
    return ", ".join(str(leg) for leg in posting.legs)
