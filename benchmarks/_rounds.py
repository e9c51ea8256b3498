"""Measuring side by side: in every round each variant runs for a moment, so that slow moments hit them all.

Beside the rate stands the processor time of web processes and database for each answer: on a shared
machine it is steadier than any rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

from benchmarks._http import Load
from benchmarks._till import Till

Run = Callable[[], Load | float]
"""Runs for a while: the load it put on, or only its rate a second."""
Prepare = Callable[[], Run]
"""Makes ready what a run needs; its time does not count."""


@dataclass(slots=True)
class Measured:
    """One variant over the rounds: rates a second, latencies in ms, processor time in µs an answer."""

    name: str
    clients: int
    per_second: list[float] = field(default_factory=list)
    middle_ms: list[float] = field(default_factory=list)
    slow_ms: list[float] = field(default_factory=list)
    web_us: list[float] = field(default_factory=list)
    database_us: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The middle of the rounds."""
        return median(self.per_second)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median."""
        return (max(self.per_second) - min(self.per_second)) / self.rate

    def ratio(self, other: Measured) -> float:
        """How its rate compares with another one's: the middle of what the rounds say, each by itself."""
        pairs = zip(self.per_second, other.per_second, strict=True)
        return median(mine / theirs for mine, theirs in pairs)

    def record(self, ratios: Mapping[str, float]) -> dict[str, object]:
        """For results.json."""
        return {
            "name": self.name,
            "clients": self.clients,
            "per_second": round(self.rate, 1),
            "spread": round(self.spread, 3),
            **{name: round(median(values), 3) for name, values in self._measures().items() if values},
            "ratios": {name: round(value, 4) for name, value in ratios.items()},
        }

    def _measures(self) -> dict[str, list[float]]:
        return {
            "p50_ms": self.middle_ms,
            "p95_ms": self.slow_ms,
            "web_us": self.web_us,
            "database_us": self.database_us,
        }


def measure(till: Till, variants: Mapping[str, tuple[int, Prepare]], rounds: int) -> dict[str, Measured]:
    """Run the variants (clients, what to run) in turn, round after round; the first round warms up."""
    found = {name: Measured(name, clients) for name, (clients, _prepare) in variants.items()}
    for number in range(rounds + 1):
        for name, (_clients, prepare) in variants.items():
            run = prepare()
            before = till.cpu()
            ran = run()
            after = till.cpu()
            if number:
                _note(found[name], ran, after.web - before.web, after.database - before.database)
    return found


def _note(measured: Measured, ran: Load | float, web_seconds: float, database_seconds: float) -> None:
    if isinstance(ran, float):
        measured.per_second.append(ran)
        return
    wrong = {status: count for status, count in ran.statuses.items() if not 200 <= status < 300}
    if wrong or not ran.latencies_seconds:
        raise RuntimeError(f"{measured.name}: answered {ran.statuses}")
    measured.per_second.append(ran.per_second)
    latencies = sorted(ran.latencies_seconds)
    measured.middle_ms.append(latencies[len(latencies) // 2] * 1000)
    measured.slow_ms.append(latencies[len(latencies) * 95 // 100] * 1000)
    measured.web_us.append(web_seconds * 1e6 / len(latencies))
    measured.database_us.append(database_seconds * 1e6 / len(latencies))


def show(title: str, found: Mapping[str, Measured], beside: Mapping[str, tuple[str, ...]]) -> None:
    """A table; `beside` names the variants that a rate is compared with."""
    width = max(len(name) for name in found)
    print(f"\n{title}\n{'':{width}} {'a second':>9} {'spread':>6} {'p50 ms':>7} {'p95 ms':>7}", end=" ")
    print(f"{'web µs':>7} {'db µs':>6}  compared")
    for name, one in found.items():
        cells = [f"{name:{width}} {one.rate:9,.0f} {one.spread:6.0%}"]
        cells.append(
            f"{median(one.middle_ms):7.2f} {median(one.slow_ms):7.2f}" if one.middle_ms else " " * 15
        )
        cells.append(f"{median(one.web_us):7.0f} {median(one.database_us):6.0f}" if one.web_us else " " * 14)
        compared = [f"{_as_ratio(one.ratio(found[other]))} of {other}" for other in beside.get(name, ())]
        print(" ".join(cells), "", "; ".join(compared))


def _as_ratio(ratio: float) -> str:
    return f"1/{1 / ratio:.1f}" if ratio < 0.5 else f"{ratio:.2f}"


def records(
    found: Mapping[str, Measured], beside: Mapping[str, tuple[str, ...]], group: str
) -> list[dict[str, object]]:
    """The same for results.json."""
    return [
        {"group": group, **one.record({other: one.ratio(found[other]) for other in beside.get(name, ())})}
        for name, one in found.items()
    ]
