"""A process of a worker's pool that is killed: the worker ends (and is started again), never hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.celery import app
from config.pool import EXIT_CODE
from tests.start.house import BASE_DIR, wait_until

PROCESSES, BURST = 2, 60
OURS, CELERYS = "config.pool:WorkerPool", "celery.concurrency.prefork:TaskPool"
LONG_SECONDS, STUCK_SECONDS, TRIES = 30.0, 4.0, 20

pytestmark = pytest.mark.slow


class Worker:
    """A worker of `pool_app` in a process of its own."""

    def __init__(self, folder: Path, pool: str) -> None:
        self.folder, self.marks = folder, 0
        self.environment = {**os.environ, "FOLDER": str(folder), "POOL": pool}
        self.process = subprocess.Popen(
            self._celery("worker", "--concurrency", str(PROCESSES), "--loglevel", "ERROR"),
            cwd=BASE_DIR,
            env=self.environment,
            start_new_session=True,
        )

    def _celery(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "celery", "--quiet", "--app", "tests.start.pool_app", *arguments]

    def burst(self) -> list[Path]:
        """Ask for many marks at once, so that all processes reach for the pipe."""
        names = [f"mark{self.marks + n}" for n in range(BURST)]
        self.marks += BURST
        code = f"from tests.start.pool_app import leave_a_mark as m; [m.delay(n) for n in {names!r}]"
        subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=self.environment, check=True)
        return [self.folder / name for name in names]

    def kill_all_processes(self) -> None:
        """kill -9 to every process of the pool: an idle one among them may hold the pipe's lock."""
        assert wait_until(lambda: len(self._children()) == PROCESSES, LONG_SECONDS)
        for child in self._children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _children(self) -> list[int]:
        # A pool's threads start processes too, and each thread lists those that it started.
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def did(self, marks: list[Path], seconds: float) -> bool:
        """Whether all of them are there within so many seconds."""
        return wait_until(lambda: all(mark.exists() for mark in marks), seconds)

    def end(self) -> None:
        """The worker and its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def worker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Worker]:
    """With the pool that the test names, after a first burst that it did."""
    made = Worker(tmp_path, request.param)
    try:
        assert made.did(made.burst(), LONG_SECONDS)
        yield made
    finally:
        made.end()


@pytest.mark.parametrize("worker", [OURS], indirect=True)
def test_a_worker_whose_process_is_killed_ends(worker: Worker) -> None:
    """So that the supervisor starts a whole one."""
    worker.kill_all_processes()
    assert worker.process.wait(LONG_SECONDS) == EXIT_CODE


@pytest.mark.parametrize("worker", [OURS], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_told_to_stop_it_stops_as_usual(worker: Worker, number: signal.Signals) -> None:
    """Warm or cold: its processes end by signals then, too."""
    worker.process.send_signal(number)
    assert worker.process.wait(LONG_SECONDS) != EXIT_CODE


def test_the_project_s_worker_uses_it() -> None:
    assert app.conf.worker_pool == OURS


@pytest.mark.parametrize("worker", [CELERYS], indirect=True)
def test_control_celerys_own_pool_hangs(worker: Worker) -> None:
    """It starts other processes, which wait for ever for a lock whose holder is gone."""
    for _try in range(TRIES):  # now and then nobody held it
        worker.kill_all_processes()
        if not worker.did(worker.burst(), STUCK_SECONDS):
            break
    else:
        pytest.fail("it never hung")
    assert worker.process.poll() is None
