"""A campaign that has issued a thousand coupons and one that has issued a million: two tills, in turn.

Issued is through `POST campaigns/{id}/issue`, used is by a sale at the till; both campaigns have a budget and
a daily one, so that everything that a coupon can be counted against is counted.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from uuid import UUID

from benchmarks._counter import PHONE, Counter, Shop
from benchmarks._http import request
from benchmarks._rounds import Measured, Prepare, Run, measure
from benchmarks._till import Till, running

SMALL = 1_000
ALLOWED = 1.3
CLIENTS = (1, 16)
SALES_A_SECOND = {1: 1500, 16: 3000}


@dataclass(slots=True)
class Place:
    """A till with one campaign in it."""

    till: Till
    counter: Counter
    shop: Shop

    def issue(self, clients: int, seconds: float) -> Run:
        """Coupons for one buyer after another."""
        path = f"/api/v1/campaigns/cmp_{self.shop.campaign.hex}/issue"
        phones = itertools.cycle(PHONE.format(number) for number in range(1, len(self.counter.buyers) + 1))
        bodies = (json.dumps({"buyer_phone": phone}).encode() for phone in phones)
        asked = (request("POST", path, self.till.address, self.shop.key, body) for body in bodies)
        return partial(self.till.load, asked, clients, seconds)

    def use(self, clients: int, seconds: float) -> Run:
        """Sales at the till with a coupon each."""
        many = int(SALES_A_SECOND[clients] * seconds)
        sales = self.counter.sales([self.shop], many, with_coupons=True)
        return partial(self.till.load, self.counter.asked(sales), clients, seconds)


WHAT: dict[str, Callable[[Place, int, float], Run]] = {"issue": Place.issue, "sale with coupon": Place.use}


def run(large: int, *, rounds: int, seconds: float) -> list[dict[str, object]]:
    """Fill two tills, measure, print, and answer what goes into results.json."""
    with running() as small_till, running() as large_till:
        places = [_filled(small_till, SMALL, seconds), _filled(large_till, large, seconds)]
        found = {
            f"{name}, {clients} client{'s' * (clients > 1)}": _both(places, what, clients, rounds, seconds)
            for clients in CLIENTS
            for name, what in WHAT.items()
        }
        for place in places:
            if wrong := place.till.fill("reconcile")["differences"]:
                raise RuntimeError(f"the books do not agree: {wrong}")
    return _told(found, large)


def _filled(till: Till, count: int, seconds: float) -> Place:
    cast = till.fill("cast")
    began, merchant = time.monotonic(), cast["merchants"][0]
    made = till.fill("campaign", merchant["id"], str(count))
    if made["differences"]:
        raise RuntimeError(f"the campaign does not agree: {made['differences']}")
    print(f"{count:,} coupons written and reconciled in {time.monotonic() - began:.0f} s", flush=True)
    counter = Counter.of(till, int(max(SALES_A_SECOND.values()) * seconds))
    return Place(till, counter, Shop(UUID(merchant["id"]), merchant["key"], UUID(made["campaign"])))


def _both(
    places: list[Place], what: Callable[[Place, int, float], Run], clients: int, rounds: int, seconds: float
) -> tuple[Measured, Measured]:
    """The same at both tills, in turn."""
    small, large = places
    variants: dict[str, tuple[int, Prepare]] = {
        "small": (clients, partial(what, small, clients, seconds)),
        "large": (clients, partial(what, large, clients, seconds)),
    }
    found = measure(small.till, variants, rounds)
    # Processor time is read at the small till, which is idle while the large one answers.
    found["large"].web_us, found["large"].database_us = [], []
    return found["small"], found["large"]


def _told(found: dict[str, tuple[Measured, Measured]], large: int) -> list[dict[str, object]]:
    print("\nTime of an answer in ms (median), one campaign with so many issued coupons")
    print(f"{'':28} {SMALL:>9,} {large:>10,}  grows by (at most {ALLOWED})")
    written: list[dict[str, object]] = []
    for name, (small, big) in found.items():
        times = zip(small.middle_ms, big.middle_ms, strict=True)
        growth = median(more / less for less, more in times)
        mark = "" if growth <= ALLOWED else "  TOO MUCH"
        print(f"{name:28} {median(small.middle_ms):9.2f} {median(big.middle_ms):10.2f}  {growth:5.2f}{mark}")
        small.name, big.name = f"{name}, {SMALL:,}", f"{name}, {large:,}"
        records = (one.record({"growth": growth}) for one in (small, big))
        written.extend({"group": "coupons", **record} for record in records)
    return written
