"""Thousands of days in the life of a shop whose process keeps dying; `make faults` runs them all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import transaction

import payments.api
from common import clock, failpoints
from payments.flows import top_up_wallet
from payments.gateways.sandbox import courier
from tests.faults.world import World

STEPS = 30
SEEDS_A_CHUNK = 25
SEEDS = int(os.environ.get("FAULT_SEEDS", "50"))
FIRST_SEED = int(os.environ.get("FAULT_FIRST_SEED", "1"))


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """The clock, the fail points and the courier are put back whatever happens."""
    offset, transport = clock._offset, courier.transport
    yield
    clock._offset, courier.transport = offset, transport
    failpoints.arm(None)


class TakenBack(Exception):
    """Ends a world's transaction, so that the next one begins with empty tables."""


def play_seed(seed: int) -> World:
    """One world from its seed, looked at and taken back; asserts that nothing is wrong with it."""
    offset = clock._offset
    played: list[World] = []
    try:
        with transaction.atomic():
            world = World.of(seed)
            played.append(world)
            world.play(STEPS)
            world.come_to_rest()
            wrongs = world.wrongs()
            assert not wrongs, f"seed {seed}, died at {world.crashes}: {wrongs}"
            raise TakenBack
    except TakenBack:
        return played[0]
    finally:
        clock._offset = offset


@pytest.mark.faults
@pytest.mark.django_db
@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, SEEDS_A_CHUNK))
def test_nothing_is_lost_and_nothing_happens_twice(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    places: Counter[str] = Counter()
    seeds = range(first, min(first + SEEDS_A_CHUNK, FIRST_SEED + SEEDS))
    for seed in seeds:
        places.update(play_seed(seed).crashes)
    record_property("worlds", len(seeds))
    record_property("crashes", places.total())
    assert places, "no process died: the fail points are not reached"


def _play_until_wrong() -> None:
    for seed in range(1, 60):
        play_seed(seed)


@pytest.mark.django_db
def test_control_forgetting_the_payment_s_id_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the id that is kept before the provider is called, a repeat takes money twice."""
    real = top_up_wallet.top_up_wallet
    monkeypatch.setattr(payments.api, "top_up_wallet", lambda ask: real(replace(ask, id=None)))
    with pytest.raises(AssertionError, match=r"top_up: .* made"):
        _play_until_wrong()


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [7, 11, 13])
def test_a_few_days_in_every_run(seed: int) -> None:
    assert play_seed(seed).asked
