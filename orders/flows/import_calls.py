"""Call records from a file, taken in chunks by the same door as all others (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from common import clock
from merchants.models import Merchant
from orders.feeds import sift
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import CallFact, Rejected
from orders.gateways.file import Line

CHUNK = 1000
KEPT_REJECTIONS = 10_000


@dataclass(slots=True)
class Imported:
    """What became of a file so far; of very many rejected lines the first ones are kept."""

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    redeemed: int = 0
    refused: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def refuse(self, line: int, code: str, detail: str) -> None:
        """Note a line that was not taken."""
        self.refused += 1
        if len(self.rejected) < KEPT_REJECTIONS:
            self.rejected.append(Rejected(line, code, detail))


def import_calls(
    merchant: Merchant, lines: Iterable[Line], tell: Callable[[Imported], None] = lambda _so_far: None
) -> Imported:
    """Take in a file's records, a thousand in each transaction; `tell` hears how far it has come.

    Doing it again changes nothing, so a file that was broken off is simply imported once more.
    """
    result, remaining = Imported(), iter(lines)
    while chunk := list(islice(remaining, CHUNK)):
        result.lines += len(chunk)
        _take(merchant, chunk, result)
        tell(result)
    result.rejected.sort(key=lambda one: one.place)
    return result


def _take(merchant: Merchant, chunk: list[Line], result: Imported) -> None:
    facts = list(_facts(chunk, result))
    good, odd = sift([fact for _line, fact in facts], clock.now())
    strange = {one.place for one in odd}
    kept = [line for place, (line, _fact) in enumerate(facts) if place not in strange]
    received = receive_calls(merchant, good)
    for one in odd:
        result.refuse(facts[one.place][0], one.code, one.detail)
    for one in received.rejected:
        result.refuse(kept[one.place], one.code, one.detail)
    result.accepted += received.accepted
    result.duplicates += received.duplicates
    result.redeemed += len(received.redeemed)


def _facts(chunk: list[Line], result: Imported) -> Iterator[tuple[int, CallFact]]:
    for line, one in chunk:
        if isinstance(one, Rejected):
            result.refuse(line, one.code, one.detail)
        else:
            yield line, one
