"""`make bench`: how fast it is, beside what the same machine does for an empty view and for bare SQL.

Prints tables and writes results.json beside this file. `--quick` is a short run; `--only` takes some
of the parts: requests, till, pages, coupons, ledger, calls.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")
PARTS = ("requests", "till", "pages", "coupons", "ledger", "calls")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few short rounds, 100,000 orders")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--rounds", type=int, help="how many rounds count")
    parser.add_argument("--seconds", type=float, help="how long a variant runs in each round")
    asked = parser.parse_args()
    rounds = asked.rounds or (3 if asked.quick else 9)
    seconds = asked.seconds or (0.7 if asked.quick else 1.0)
    began, written = time.monotonic(), []
    for part in PARTS:
        if part in asked.only:
            written += _measured(part, rounds, seconds, quick=asked.quick)
            RESULTS.write_text(json.dumps({**_about(), "results": written}, indent=1) + "\n")
    print(f"\n{RESULTS} written, {time.monotonic() - began:.0f} s in all")


def _measured(part: str, rounds: int, seconds: float, *, quick: bool) -> list[dict[str, object]]:
    if part == "ledger":
        from benchmarks import ledger_post

        return [{"group": "ledger", **record} for record in ledger_post.main()]
    if part == "pages":
        from benchmarks import pages

        return pages.run(100_000 if quick else 1_000_000, rounds=rounds, seconds=seconds)
    if part == "calls":
        from benchmarks import calls

        return calls.run(100_000, 100_000) if quick else calls.run(1_000_000, 1_000_000)
    if part == "coupons":
        from benchmarks import campaigns

        return campaigns.run(100_000 if quick else 1_000_000, rounds=rounds, seconds=seconds)
    from benchmarks import requests, sales
    from benchmarks._till import running

    with running() as till:
        run = sales.run if part == "till" else requests.run
        return run(till, till.fill("cast"), rounds=rounds, seconds=seconds)


def _about() -> dict[str, object]:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": said.stdout.strip(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
