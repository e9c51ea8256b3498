"""Celery: the broker of files, the schedule, and the request's id on its way into tasks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from kombu import Connection, Queue

from common import drains
from common.tasks import drain
from config.celery import app


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Connection]:
    """A connection to a broker of files."""
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.05,
    }
    with Connection(transport="config.broker:Transport", transport_options=options) as made:
        yield made


def test_every_message_arrives_once_in_order(files: Connection, tmp_path: Path) -> None:
    """Several readers at once share them; nothing is left in the folder."""
    with files.SimpleQueue("till") as queue:
        for n in range(200):
            queue.put({"n": n})
        assert queue.get(timeout=30).payload == {"n": 0}
    seen: list[int] = []

    def read() -> None:
        with files.clone() as mine, mine.SimpleQueue("till", no_ack=True) as own:
            while True:
                try:
                    seen.append(own.get(timeout=1.5).payload["n"])
                except own.Empty:
                    return

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(set(seen)) == sorted(seen)
    assert set(seen) >= set(range(1, 200))
    assert not list(tmp_path.glob("*.msg")) + list(tmp_path.glob(".*.msg"))


def test_queues_do_not_see_each_other(files: Connection) -> None:
    """They share a folder."""
    with files.SimpleQueue("one") as one, files.SimpleQueue("two") as two:
        one.put({"for": "one"})
        with pytest.raises(two.Empty):
            two.get(timeout=0.2)
        assert one.get(timeout=30).payload == {"for": "one"}


def test_beat_runs_every_drain_and_its_pokes_expire() -> None:
    """So that a lost poke is a delay, and old ones don't pile up while no worker runs."""
    app.finalize()
    schedule = app.conf.beat_schedule
    assert drains.REGISTRY
    for name, registered in drains.REGISTRY.items():
        entry = schedule[f"drain:{name}"]
        assert (entry["task"], entry["args"]) == ("drain", (name,))
        assert entry["schedule"] == registered.every_seconds
        assert entry["options"]["queue"] == drains.queue_name(registered.queue)
    assert all(entry["options"]["expires"] for entry in schedule.values())


def test_every_queue_is_known_to_a_worker_that_is_told_none() -> None:
    """Each by an exchange and a key of its own, so that no message waits in two."""
    queues = app.amqp.queues
    assert set(queues) == {drains.queue_name(queue) for queue in drains.Queue}
    assert all(queue.exchange.name == queue.routing_key == name for name, queue in queues.items())


def test_what_people_wait_for_has_workers_of_its_own() -> None:
    """A backlog of events holds up no poll, no call and no callback."""
    prompt = {name for name, one in drains.REGISTRY.items() if one.queue == drains.Queue.PROMPT}
    assert prompt == {
        "ask_payments",
        "expire_orders",
        "gateway_inbox",
        "match_calls",
        "poll_feeds",
        "sandbox_callbacks",
    }


def test_a_request_id_goes_along_into_tasks() -> None:
    """In the message's headers, and from there into every line that the task logs."""
    task: Any = drain
    queue = Queue("test_request_id", routing_key="test_request_id")
    with app.connection_for_write() as broker, broker.channel() as channel:
        queue(channel).declare()
        with structlog.contextvars.bound_contextvars(request_id="from-the-till"):
            task.apply_async(("outbox",), connection=broker, queue=queue)
        message = queue(channel).get(no_ack=True)
    assert message is not None
    assert message.headers["request_id"] == "from-the-till"


def test_a_task_logs_with_the_request_id() -> None:
    """Celery's signals bind it before the task and take it away after."""
    from celery import signals

    task: Any = drain
    task.push_request(id="t1", request_id="from-the-till")
    try:
        signals.task_prerun.send(sender=drain, task_id="t1", task=drain)
        bound: dict[str, Any] = dict(structlog.contextvars.get_contextvars())
        signals.task_postrun.send(sender=drain, task_id="t1", task=drain)
    finally:
        task.pop_request()
    assert (bound["request_id"], bound["task"], bound["task_id"]) == ("from-the-till", "drain", "t1")
    assert not structlog.contextvars.get_contextvars()
