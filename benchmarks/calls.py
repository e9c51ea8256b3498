"""Call records a second through the real path, beside bare SQL in sets over the same rows."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks._till import Till, running

EVERY = 5
FEW_RECORDS = 50_000
POLL_SECONDS = 2
LATE_CALLS = 200
ALLOWED_RATIO, ALLOWED_GROWTH = 5, 1.3


def run(records: int, bindings: int) -> list[dict[str, object]]:
    """Fill, measure, print, and answer what goes into results.json."""
    with running(workers=1) as till:
        till.fill("cast")
        few = _merchant(till, bindings // 100)
        slow = _polled(till, few, min(FEW_RECORDS, bindings // 100 * EVERY // 2))
        many = _merchant(till, bindings)
        fast = _polled(till, many, FEW_RECORDS if bindings >= FEW_RECORDS else bindings)
        _calls(till, "telephony", many, str(records), str(EVERY))
        bare = _calls(till, "bare", many)["seconds"]
        whole = _poll(till, many)
        late = _latency(till, many, whole["feed"])
    return _told(records, bindings, slow, fast, whole, bare, late)


def _calls(till: Till, *arguments: str) -> Any:
    return till.inside("benchmarks._calls", *arguments)


def _merchant(till: Till, bindings: int) -> str:
    made = till.fill("bindings", str(bindings))
    if made["differences"]:
        raise RuntimeError(f"the orders do not agree: {made['differences']}")
    print(f"{bindings:,} live bindings made", flush=True)
    return str(made["merchant"])


def _polled(till: Till, merchant: str, records: int) -> dict[str, Any]:
    _calls(till, "telephony", merchant, str(records), str(EVERY))
    return _poll(till, merchant)


def _poll(till: Till, merchant: str) -> dict[str, Any]:
    made = _calls(till, "feed", merchant, till.cluster.url(), str(POLL_SECONDS))
    return {**_calls(till, "poll", made["feed"]), **made}


def _latency(till: Till, merchant: str, feed: str) -> list[float]:
    with till.worker():
        found: list[float] = _calls(till, "latency", merchant, str(LATE_CALLS), feed)["seconds"]
    return found


def _told(
    records: int,
    bindings: int,
    slow: dict[str, Any],
    fast: dict[str, Any],
    whole: dict[str, Any],
    bare: float,
    late: list[float],
) -> list[dict[str, object]]:
    ratio = whole["seconds"] / bare
    growth = (fast["seconds"] / fast["records"]) / (slow["seconds"] / slow["records"])
    p95 = late[len(late) * 95 // 100]
    print(
        f"\n{records:,} call records, {int(whole['redeemed']):,} of them redeem, {bindings:,} live bindings"
    )
    print(f"poll, intake, match, redeem   {whole['records'] / whole['seconds']:>9,.0f} records/s")
    print(f"bare SQL in sets              {records / bare:>9,.0f} records/s")
    print(f"takes longer by               {ratio:>9.1f} (at most {ALLOWED_RATIO})")
    print(f"a record with 100 × the bindings, takes longer by {growth:.2f} (at most {ALLOWED_GROWTH})")
    print(
        f"from a call's row to the order's state: median {median(late):.2f} s, p95 {p95:.2f} s"
        f" (at most {POLL_SECONDS + 1} s, polled every {POLL_SECONDS} s)"
    )
    return [
        {
            "group": "calls",
            "records": records,
            "bindings": bindings,
            "redeemed": whole["redeemed"],
            "records_a_second": whole["records"] / whole["seconds"],
            "bare_records_a_second": records / bare,
            "ratio": ratio,
            "growth_with_100_times_the_bindings": growth,
            "latency_p50_seconds": median(late),
            "latency_p95_seconds": p95,
        }
    ]
