"""Pokes through each broker, with workers that are killed: nothing waits for ever."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.start.house import House, wait_until

EMIT = "from common import outbox; [outbox.emit('test.poked', f'n{n}') for n in range(50)]"
WAITING = (
    "from common.models import OutboxEvent as E;"
    " print(E.objects.filter(dispatched_at=None).count(), E.objects.count())"
)


def _reachable(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "127.0.0.1", place.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture(
    params=[
        "files",
        pytest.param("TEST_REDIS_URL=redis://127.0.0.1:6379/15", marks=pytest.mark.delivery),
        pytest.param("TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:5672//", marks=pytest.mark.delivery),
    ],
    ids=["files", "redis", "rabbitmq"],
)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """A house on that broker, with a queue of its own."""
    name, _, default = request.param.partition("=")
    url = os.environ.get(name, default) if default else ""
    if url and not _reachable(url):
        pytest.skip(f"nobody answers at {url}; {name} names another")
    queue = f"livetill-test-{uuid.uuid4().hex[:12]}"
    made = House(BROKER_URL=url, BROKER_PREFIX=queue)
    yield made
    made.end()
    if url.startswith("amqp"):
        with Connection(url) as broker:
            channel: Any = broker.default_channel
            for name in (f"{queue}-prompt", f"{queue}-backlog"):
                channel.queue_delete(name)
                channel.exchange_delete(name)


@pytest.mark.slow
def test_events_are_handled_and_a_killed_worker_loses_none(house: House) -> None:
    """Emitted by one process, dispatched by the worker, also when that is killed meanwhile."""
    house.start()
    assert house.get("/readyz") == 200
    for killed in (False, True):
        assert house.run("shell", "-v", "0", "-c", EMIT).returncode == 0
        if killed:
            os.kill(house.find("backlog@"), signal.SIGKILL)
        assert wait_until(lambda: _counts(house)[0] == 0, 60), house.said()
    assert _counts(house)[1] >= 100


def _counts(house: House) -> tuple[int, int]:
    said = house.run("shell", "-v", "0", "-c", WAITING).stdout.split()
    return int(said[0]), int(said[1])
