"""Sales at the till a second: with and without a coupon, one shop and a hundred, 1 and 16 cashiers.

Beside them stand the empty view, an order's payment from a wallet, and the same durable work as bare SQL.
Every sale has a buyer, a live code and, where it says so, an armed coupon of its own, made beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks import _bare_sales
from benchmarks._counter import Counter, Shop, shops_of
from benchmarks._measure import in_processes
from benchmarks._rounds import Prepare, Run, measure, records, show
from benchmarks._till import Till
from benchmarks.requests import EMPTY, PAY, Requests

CASHIERS = (1, 16)
AHEAD_A_SECOND = {1: 1500, 16: 3000}
"""How many sales are prepared for a second of the real path: more than can be made."""
BARE_AHEAD_A_SECOND = {1: 2500, 16: 9000}

SALE, HOT = "sale, 100 shops", "sale, one shop"
COUPON, HOT_COUPON = "sale with coupon, 100 shops", "sale with coupon, one shop"
BARE, BARE_HOT = "sale, 100 shops, bare SQL", "sale, one shop, bare SQL"
BARE_COUPON, BARE_HOT_COUPON = "sale with coupon, 100 shops, bare SQL", "sale with coupon, one shop, bare SQL"
BESIDE = {
    PAY: (EMPTY,),
    SALE: (EMPTY, PAY, BARE),
    HOT: (EMPTY, SALE, BARE_HOT),
    COUPON: (EMPTY, SALE, BARE_COUPON),
    HOT_COUPON: (EMPTY, COUPON, BARE_HOT_COUPON),
}


class Sales:
    """The variants for one number of cashiers."""

    def __init__(self, counter: Counter, shops: Sequence[Shop], cashiers: int, seconds: float) -> None:
        self.counter, self.shops, self.cashiers, self.seconds = counter, shops, cashiers, seconds

    def variants(self, others: dict[str, tuple[int, Prepare]]) -> dict[str, tuple[int, Prepare]]:
        """All of them by name, behind those that they are compared with."""
        one, hundred = self.shops[:1], self.shops
        runs: dict[str, Prepare] = {
            SALE: partial(self._collect, hundred, False),
            BARE: partial(self._bare, hundred, False),
            HOT: partial(self._collect, one, False),
            BARE_HOT: partial(self._bare, one, False),
            COUPON: partial(self._collect, hundred, True),
            BARE_COUPON: partial(self._bare, hundred, True),
            HOT_COUPON: partial(self._collect, one, True),
            BARE_HOT_COUPON: partial(self._bare, one, True),
        }
        return {**others, **{name: (self.cashiers, prepare) for name, prepare in runs.items()}}

    def _collect(self, shops: Sequence[Shop], with_coupons: bool) -> Run:
        many = int(AHEAD_A_SECOND[self.cashiers] * self.seconds)
        sales = self.counter.sales(shops, many, with_coupons=with_coupons)
        asked = self.counter.asked(sales)
        return partial(self.counter.till.load, asked, self.cashiers, self.seconds)

    def _bare(self, shops: Sequence[Shop], with_coupons: bool) -> Run:
        many = int(BARE_AHEAD_A_SECOND[self.cashiers] * self.seconds)
        sales = self.counter.sales(shops, many, with_coupons=with_coupons)
        url = self.counter.till.cluster.url()
        seller = partial(_bare_sales.seller, url, sales, self.cashiers, with_coupons)
        return partial(in_processes, seller, self.cashiers, self.seconds)


def run(till: Till, cast: dict[str, Any], *, rounds: int, seconds: float) -> list[dict[str, object]]:
    """Measure, print, and answer what goes into results.json; at the end every book must agree."""
    campaigns = till.fill("campaigns", *(merchant["id"] for merchant in cast["merchants"]))["campaigns"]
    shops = shops_of(cast, campaigns)
    counter = Counter.of(till, int(BARE_AHEAD_A_SECOND[max(CASHIERS)] * seconds))
    written: list[dict[str, object]] = []
    for cashiers in CASHIERS:
        variants = Sales(counter, shops, cashiers, seconds).variants(_beside(till, cast, cashiers, seconds))
        found = measure(till, variants, rounds)
        show(f"At the till, {cashiers} cashier{'s' * (cashiers > 1)}", found, BESIDE)
        written += records(found, BESIDE, "till")
    if wrong := till.fill("reconcile")["differences"]:
        raise RuntimeError(f"the books do not agree: {wrong}")
    return written


def _beside(
    till: Till, cast: dict[str, Any], cashiers: int, seconds: float
) -> dict[str, tuple[int, Prepare]]:
    variants = Requests(till, cast, cashiers, seconds).variants()
    return {name: variants[name] for name in (EMPTY, PAY)}
