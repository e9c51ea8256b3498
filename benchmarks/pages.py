"""Pages and lists of a merchant with a thousand orders and of one with a million: two tills, in turn."""

from __future__ import annotations

import itertools
import time
from datetime import date, timedelta
from functools import partial
from statistics import median
from typing import Any

from benchmarks._http import request
from benchmarks._rounds import Measured, Prepare, Run, measure
from benchmarks._till import Till, running

SMALL = 1_000
ALLOWED = 1.3
_LONG_AGO = date.today() - timedelta(days=300)
PATHS = {
    "overview": "/dashboard/",
    "order list": "/dashboard/orders",
    "order list, redeemed": "/dashboard/orders?state=redeemed",
    "payments": "/dashboard/payments",
    "API orders": "/api/v1/orders",
    "API orders, paid": "/api/v1/orders?state=paid&limit=20",
    "API orders, 300 days back": f"/api/v1/orders?created_before={_LONG_AGO}T00:00:00Z",
    "API orders, a note": "/api/v1/orders?q=table+250",
    "API balance": "/api/v1/balance",
}


def run(large: int, *, rounds: int, seconds: float) -> list[dict[str, object]]:
    """Fill two tills, measure, print, and answer what goes into results.json."""
    with running(workers=1) as small_till, running(workers=1) as large_till:
        small, big = _filled(small_till, SMALL), _filled(large_till, large)
        found: list[tuple[str, Measured, Measured]] = []
        for name, path in PATHS.items():
            one, other = f"{name}, {SMALL:,}", f"{name}, {large:,}"
            variants: dict[str, tuple[int, Prepare]] = {
                one: (1, partial(_ask, small_till, small, path, seconds)),
                other: (1, partial(_ask, large_till, big, path, seconds)),
            }
            both = measure(small_till, variants, rounds)
            # Processor time is read at the small till, which is idle while the large one answers.
            both[other].web_us, both[other].database_us = [], []
            found.append((name, both[one], both[other]))
    return _told(found, large)


def _filled(till: Till, count: int) -> dict[str, Any]:
    cast: dict[str, Any] = till.fill("cast")
    began = time.monotonic()
    made = till.fill("orders", cast["merchants"][0]["id"], str(count))
    if made["differences"]:
        raise RuntimeError(f"the history does not agree: {made['differences']}")
    print(f"{count:,} orders written and reconciled in {time.monotonic() - began:.0f} s", flush=True)
    return cast


def _ask(till: Till, cast: dict[str, Any], path: str, seconds: float) -> Run:
    key = cast["merchants"][0]["key"] if path.startswith("/api/") else ""
    cookie = "" if key else cast["session"]
    asked = request("GET", path, till.address, key, cookie=cookie)
    return partial(till.load, itertools.repeat(asked), 1, seconds)


def _told(found: list[tuple[str, Measured, Measured]], large: int) -> list[dict[str, object]]:
    print("\nTime of a page in ms (median), one client")
    print(f"{'':24} {SMALL:>9,} {large:>10,}  grows by (at most {ALLOWED})")
    written: list[dict[str, object]] = []
    for name, small, big in found:
        times = zip(small.middle_ms, big.middle_ms, strict=True)
        growth = median(more / less for less, more in times)
        mark = "" if growth <= ALLOWED else "  TOO MUCH"
        print(f"{name:24} {median(small.middle_ms):9.2f} {median(big.middle_ms):10.2f}  {growth:5.2f}{mark}")
        records = (one.record({"growth": growth}) for one in (small, big))
        written.extend({"group": "pages", **record} for record in records)
    return written
