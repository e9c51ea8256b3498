"""Measuring side by side: every round runs each variant once, so that a slow moment hits them all."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from statistics import median

ROUNDS = 5
SECONDS = 2.0

Variant = Callable[[], float]
"""Runs for a while and says how much it did a second."""


@dataclass(slots=True)
class Rates:
    """What one variant did in each round, a second."""

    name: str
    per_second: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.per_second)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median."""
        return (max(self.per_second) - min(self.per_second)) / self.median

    def record(self, baseline: Rates) -> dict[str, float | str]:
        """For results.json."""
        return {
            "name": self.name,
            "per_second": round(self.median, 1),
            "spread": round(self.spread, 3),
            "ratio": round(self.median / baseline.median, 3),
            "baseline": baseline.name,
        }


def interleaved(variants: Mapping[str, Variant], rounds: int = ROUNDS) -> dict[str, Rates]:
    """Run the variants in turn, round after round (the first, to warm up, is not counted)."""
    rates = {name: Rates(name) for name in variants}
    for number in range(rounds + 1):
        for name, variant in variants.items():
            per_second = variant()
            if number:
                rates[name].per_second.append(per_second)
    return rates


def table(rates: Mapping[str, Rates], baseline: str) -> str:
    """The rates as text, each beside the baseline."""
    width = max(map(len, rates))
    lines = [f"{'':{width}}  {'median/s':>9}  {'spread':>6}  ratio"]
    for name, rate in rates.items():
        ratio = rate.median / rates[baseline].median
        lines.append(f"{name:{width}}  {rate.median:9,.0f}  {rate.spread:6.0%}  {ratio:5.2f}")
    return "\n".join(lines)


def in_processes(worker: Callable[[int], Callable[[], object]], many: int, seconds: float = SECONDS) -> float:
    """Calls a second of `many` processes: each makes its call by `worker(number)`, then repeats it.

    Nothing may be connected when this forks.
    """
    fork = multiprocessing.get_context("fork")
    start, done = fork.Barrier(many), fork.SimpleQueue()
    arguments = (worker, start, done, seconds)
    processes = [fork.Process(target=_work, args=(number, *arguments)) for number in range(many)]
    for process in processes:
        process.start()
    counts: list[float] = [done.get() for _process in processes]
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes) or not all(counts):
        raise RuntimeError("a worker of the benchmark failed")
    return sum(counts)


def _work(
    number: int,
    worker: Callable[[int], Callable[[], object]],
    start: Barrier,
    done: multiprocessing.SimpleQueue[float],
    seconds: float,
) -> None:
    rate = 0.0
    try:
        call = worker(number)
        call()
        start.wait(60)
        count, began = 0, time.perf_counter()
        deadline = began + seconds
        while time.perf_counter() < deadline:
            call()
            count += 1
        rate = count / (time.perf_counter() - began)
    finally:
        done.put(rate)
