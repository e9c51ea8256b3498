"""The whole house: starts, revives what dies, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.start.house import House, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.embedded]


@pytest.fixture
def house() -> Iterator[House]:
    """A house that is taken away afterwards."""
    made = House()
    yield made
    made.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(house: House, number: signal.Signals) -> None:
    """Web, workers, beat, the database and all their children go with the supervisor."""
    house.start()
    assert house.get("/readyz") == 200
    commands = " ".join(house.processes().values())
    assert all(
        word in commands for word in ("granian", "prompt@", "backlog@", " beat ", "keeper.py", "bin/postgres")
    )
    assert house.process is not None
    house.process.send_signal(number)
    assert wait_until(house.ended, 15)
    assert wait_until(lambda: not house.processes(), 15), house.processes()
    assert wait_until(lambda: house.get("/healthz") == 0, 1)


@pytest.mark.parametrize("word", [" granian ", "prompt@", "backlog@", " beat "])
def test_a_child_that_dies_is_started_again(house: House, word: str) -> None:
    """Also what the dead one had started itself is gone before that."""
    house.start()
    family = [pid for pid, command in house.processes().items() if word in command]
    os.kill(house.find(word), signal.SIGKILL)
    assert wait_until(lambda: not set(family) & set(house.processes()), 10), house.processes()
    assert wait_until(lambda: any(word in command for command in house.processes().values()), 10)
    assert wait_until(lambda: house.get("/healthz") == 200, 20)
    assert "child_ended" in house.said()


@pytest.mark.parametrize("word", ["bin/postgres", "keeper.py"])
def test_the_database_comes_back_and_the_pages_with_it(house: House, word: str) -> None:
    """Meanwhile they say 503, and nothing else has to be started again."""
    house.start()
    web = house.find("granian")
    killed = house.find(word)
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: killed not in house.processes(), 5)
    assert house.get("/readyz") in (200, 503)
    assert wait_until(lambda: house.get("/readyz") == 200, 30), house.said()
    assert house.find("granian") == web


def test_a_second_start_is_refused_in_words(house: House) -> None:
    """Both the second of one checkout and one on a taken port are told what to do."""
    house.start()
    again = house.run("start", "--no-demo")
    assert again.returncode == 1
    assert "already runs at http://127.0.0.1:" in again.stderr
    other = House(PORT=str(house.port))
    try:
        taken = other.start()
        assert f"Port {house.port} is taken" in taken.said()
    finally:
        other.end()


def test_commands_work_while_it_runs_and_while_nothing_runs(house: House) -> None:
    """With no variable set, and the database ends with the last of them."""
    before = house.run("migrate", "--check")
    assert before.returncode == 1
    house.start()
    assert house.run("migrate", "--check").returncode == 0
    told = house.run("shell", "-c", "from django.conf import settings; print(settings.BASE_URL)")
    assert f"http://127.0.0.1:{house.port}" in told.stdout
    house.end()
