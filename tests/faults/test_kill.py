"""kill -9 at random moments under load: nothing lost, nothing twice, nothing left behind.

A whole till as `make run` starts it, clients over HTTP, and one process after another killed:
web, worker, beat, PostgreSQL, its keeper, the supervisor. `FAULT_KILLS` is how many, `FAULT_SEED`
repeats a run (what is killed and asked; the moments are the machine's).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.faults import kill_books, kill_checks
from tests.faults.kill_clients import Load, Shop
from tests.faults.kill_till import (
    COMES_BACK_SECONDS,
    KEEPER,
    POSTMASTER,
    SUPERVISOR,
    VICTIMS,
    Process,
    Till,
)
from tests.start.house import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.embedded]

KILLS = int(os.environ.get("FAULT_KILLS", "3"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
CLIENTS = 6
PAUSE_SECONDS = (0.3, 3.0)
NO_WAIT_CHANCE = 0.25
REST_SECONDS = 90
VICTIM_SECONDS = 60.0
ENOUGH_ORDERS = 15


@pytest.fixture
def till() -> Iterator[Till]:
    """A whole till, taken away afterwards."""
    made = Till()
    try:
        yield made.start()
    finally:
        made.end()


def open_shop(till: Till) -> Shop:
    """The stage is set, and the clients know it."""
    stage = till.books("prepare()")
    return Shop(till.port, stage["key"], stage["products"], stage["buyers"], coupons=stage["coupons"])


@dataclass(slots=True)
class Hunter:
    """Kills one process after another, and sees that what died comes back."""

    till: Till
    chance: random.Random
    killed: Counter[str]
    slowest_seconds: float = 0.0

    def victims(self, many: int) -> Iterator[str]:
        """Each kind once in a random order, then again."""
        deck: list[str] = []
        for _number in range(many):
            deck = deck or self.chance.sample(sorted(VICTIMS), len(VICTIMS))
            yield deck.pop()

    def hunt(self, many: int) -> None:
        """So many kills at random moments; sometimes the next one comes before all is well again."""
        for victim in self.victims(many):
            time.sleep(self.chance.uniform(*PAUSE_SECONDS))
            self.kill(victim)
            if victim == SUPERVISOR or self.chance.random() > NO_WAIT_CHANCE:
                self._comes_back()
        self._comes_back()

    def _comes_back(self) -> None:
        self.slowest_seconds = max(self.slowest_seconds, self.till.comes_back())

    def kill(self, victim: str) -> None:
        """One of that kind; a supervisor must leave nothing, and is started again.

        Keeper and supervisor killed at one moment would leave an empty folder until the next start.
        """
        if victim == SUPERVISOR:
            self._find(KEEPER)
        before = self.till.all_processes()
        while not self.till.kill(self._find(victim)):
            pass  # a server process ends by itself now and then: another one will do
        self.killed[victim] += 1
        if victim == SUPERVISOR:
            left = self.till.left_behind(before)
            assert not left, left
            self.till.start()

    def _find(self, victim: str) -> Process:
        found: list[Process] = []

        def look() -> bool:
            found[:] = self.till.find_all(victim)
            return bool(found)

        assert wait_until(look, VICTIM_SECONDS), f"{victim} was not started again: {self.till.said()[-2000:]}"
        return self.chance.choice(sorted(found, key=lambda one: one.pid))


def looked_at(till: Till, shop: Shop) -> list[str]:
    """All comes to rest, is stopped, and every book is opened: whatever is wrong."""
    wrongs = [f"still waiting: {row}" for row in till.books(f"come_to_rest({REST_SECONDS})")]
    before = till.all_processes()
    assert till.interrupt() == 0, till.said()[-2000:]
    wrongs += (f"left behind: {one}" for one in till.left_behind(before))
    reconciled = till.run("reconcile")
    if reconciled.returncode:
        wrongs.append(f"reconcile: {reconciled.stdout} {reconciled.stderr}")
    wrongs += found_in_the_books(till, shop)
    return wrongs + [f"left behind after a command: {one}" for one in till.left_behind({})]


def found_in_the_books(till: Till, shop: Shop) -> list[str]:
    """What the clients noticed, and what was promised and is not so."""
    return shop.wrongs + kill_checks.wrongs(shop.asks, till.books("dump()"), kill_books.STOCK)


def tally(shop: Shop, hunter: Hunter) -> str:
    """What happened, in one line."""
    answers = Counter(f"{ask.what} {ask.status}" for ask in shop.asks)
    return (
        f"FAULT_SEED={SEED}: {hunter.killed.total()} kills {dict(hunter.killed)}, ready again after at most"
        f" {hunter.slowest_seconds:.1f} s; {sum(shop.statuses.values())} requests {dict(shop.statuses)};"
        f" promises {dict(answers)}"
    )


def with_coupons(till: Till) -> str:
    """What came of the payments that took a coupon, in one line."""
    paid = Counter(
        f"{one['kind']} by {one['source']} {one['state']}"
        for one in till.books("dump()")["payments"]
        if one["deduction"]
    )
    return f"payments with a coupon: {dict(paid)}"


def test_nothing_is_lost_when_processes_die(
    till: Till, record_property: Callable[[str, object], None]
) -> None:
    """`FAULT_KILLS` kills under load, then every promise and every book is looked at."""
    shop = open_shop(till)
    assert till.books("is_durable()")
    hunter = Hunter(till, random.Random(SEED), Counter())
    load = Load(shop, CLIENTS, SEED)
    try:
        hunter.hunt(KILLS)
    finally:
        load.end()
        record_property("kills", tally(shop, hunter))
    wrongs = looked_at(till, shop)
    record_property("kills", with_coupons(till))
    assert not wrongs, f"FAULT_SEED={SEED}: {len(wrongs)} wrongs, among them: {wrongs[:20]}"


def test_control_the_check_finds_what_is_lost_and_what_happened_twice(till: Till) -> None:
    """With PostgreSQL's durability off orders are lost; without their keys clients order twice."""
    stage = till.books("prepare()")
    till.break_durability()
    forgetful = Shop(till.port, stage["key"], stage["products"], stage["buyers"])
    load = Load(forgetful, CLIENTS, SEED)
    assert wait_until(lambda: len(forgetful.orders) > ENOUGH_ORDERS, COMES_BACK_SECONDS)
    (postmaster,) = till.find_all(POSTMASTER)
    till.kill(postmaster)
    till.comes_back()
    load.end()
    lost = [wrong for wrong in found_in_the_books(till, forgetful) if "the books have []" in wrong]
    assert lost

    keyless = Shop(till.port, stage["key"], stage["products"], stage["buyers"], False, hangs_up_chance=0.3)
    load = Load(keyless, CLIENTS, SEED, first=CLIENTS)
    assert wait_until(lambda: len(keyless.orders) > ENOUGH_ORDERS, COMES_BACK_SECONDS)
    load.end()
    assert [wrong for wrong in found_in_the_books(till, keyless) if " times" in wrong and "placed" in wrong]
