"""Orders and payments a second, at 1, 8 and 32 clients, beside bare SQL and an empty view."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from benchmarks import _bare
from benchmarks._http import request
from benchmarks._measure import in_processes
from benchmarks._rounds import Prepare, Run, measure, records, show
from benchmarks._till import Till

CLIENTS = (1, 8, 32)
AHEAD_A_SECOND = 3000, 6000
"""How many unpaid orders are made for a second of paying, by one client and by several: more than can be."""

EMPTY, EMPTY_API = "empty view", "empty view, API's middlewares"
ORDER, BARE_ORDER = "order", "order, bare SQL"
PAY, PAY_HOT, BARE_PAY = "payment, 100 merchants", "payment, one merchant", "payment, bare SQL"
BESIDE = {
    EMPTY_API: (EMPTY,),
    ORDER: (EMPTY, BARE_ORDER),
    PAY: (EMPTY, BARE_PAY),
    PAY_HOT: (EMPTY, PAY),
}


class Requests:
    """The variants for one number of clients."""

    def __init__(self, till: Till, cast: dict[str, Any], clients: int, seconds: float) -> None:
        self.till, self.cast, self.clients, self.seconds = till, cast, clients, seconds
        self.url = till.cluster.url()
        self.payers: list[dict[str, str]] = cast["payers"]

    def variants(self) -> dict[str, tuple[int, Prepare]]:
        """All of them by name."""
        merchants = self.cast["merchants"]
        runs: dict[str, Prepare] = {
            EMPTY: lambda: self._http(itertools.repeat(self._get("/bare"))),
            EMPTY_API: lambda: self._http(itertools.repeat(self._get("/api/v1/empty"))),
            ORDER: lambda: self._http(itertools.repeat(self._order())),
            BARE_ORDER: self._bare_orders,
            PAY: partial(self._pay, merchants),
            PAY_HOT: partial(self._pay, merchants[:1]),
            BARE_PAY: self._bare_payments,
        }
        return {name: (self.clients, prepare) for name, prepare in runs.items()}

    def _http(self, requests: Iterator[bytes]) -> Run:
        return partial(self.till.load, requests, self.clients, self.seconds)

    def _get(self, path: str) -> bytes:
        return request("GET", path, self.till.address)

    def _order(self) -> bytes:
        merchant = self.cast["merchants"][0]
        body = json.dumps({"lines": [{"product": merchant["product"], "quantity": 1}]}).encode()
        return request("POST", "/api/v1/orders", self.till.address, merchant["key"], body)

    def _pay(self, merchants: Sequence[dict[str, str]]) -> Run:
        tokens = self._unpaid(merchants)
        body = json.dumps({"source": "wallet", "consent": False}).encode()
        keys = itertools.cycle(payer["key"] for payer in self.payers)
        return self._http(
            request("POST", f"/api/v1/live-codes/{token}/pay", self.till.address, key, body)
            for token, key in zip(tokens, keys, strict=False)
        )

    def _unpaid(self, merchants: Sequence[dict[str, str]]) -> list[str]:
        return _bare.make_unpaid(self.url, merchants, int(AHEAD_A_SECOND[self.clients > 1] * self.seconds))

    def _bare_orders(self) -> Run:
        placer = partial(_bare.order_placer, self.url, self.cast["merchants"][0])
        return partial(in_processes, placer, self.clients, self.seconds)

    def _bare_payments(self) -> Run:
        tokens = self._unpaid(self.cast["merchants"])
        payer = partial(_bare.order_payer, self.url, tokens, self.payers, self.clients)
        return partial(in_processes, payer, self.clients, self.seconds)


def run(till: Till, cast: dict[str, Any], *, rounds: int, seconds: float) -> list[dict[str, object]]:
    """Measure, print, and answer what goes into results.json."""
    written: list[dict[str, object]] = []
    for clients in CLIENTS:
        found = measure(till, Requests(till, cast, clients, seconds).variants(), rounds)
        show(f"By API, {clients} client{'s' * (clients > 1)}, {till.workers} web processes", found, BESIDE)
        written += records(found, BESIDE, "requests")
    return written + _with_worker(till, cast, rounds=rounds, seconds=seconds)


def _with_worker(till: Till, cast: dict[str, Any], *, rounds: int, seconds: float) -> list[dict[str, object]]:
    """The same on a machine that also does what follows from each order and payment."""
    variants = Requests(till, cast, 8, seconds).variants()
    chosen = {name: variants[name] for name in (EMPTY, ORDER, PAY)}
    beside = {ORDER: (EMPTY,), PAY: (EMPTY,)}
    with till.worker():
        found = measure(till, chosen, rounds)
    show("The same with worker and beat at work on the same processors, 8 clients", found, beside)
    return records(found, beside, "requests, worker at work")
