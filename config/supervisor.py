"""Runs web, workers and beat side by side, starts again what dies, and leaves nothing behind.

Each child is a session of its own, so that Ctrl-C reaches only us and the children end in order;
the kernel tells them to end when we are gone, however we went. What a child started ends with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import structlog

from common.drains import Queue

STOP_SECONDS = 15.0
TICK_SECONDS = 0.1
CALM_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0
LOG_BYTES = 20_000_000
_PR_SET_PDEATHSIG = 1

_log = structlog.get_logger("supervisor")
_prctl = ctypes.CDLL(None).prctl


@dataclass
class Child:
    """One process of the house, and when to start it again."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    pause_seconds: float = FIRST_PAUSE_SECONDS


@dataclass
class Supervisor:
    """The children, where they log (`None`: to our own output), and what else to look after."""

    children: list[Child]
    folder: Path
    environment: Mapping[str, str]
    log_folder: Path | None
    look_after: Callable[[], None]
    signals: list[int] = field(default_factory=list)

    def run(self, ready: Callable[[], None]) -> None:
        """Run until told to stop; `ready` is called once, when all children have been started."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)
        try:
            for child in self.children:
                self._start(child)
            ready()
            while not self.signals:
                self.tick()
                time.sleep(TICK_SECONDS)
        finally:
            self.stop()

    def stopping(self) -> bool:
        """Whether somebody asked us to end."""
        return bool(self.signals)

    def tick(self) -> None:
        """Start again what has ended and is due."""
        self.look_after()
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.due_at:
                    self._start(child)
            elif child.process.poll() is not None:
                self._bury(child, now)

    def stop(self) -> None:
        """End all children: politely, so that what they are at is finished; a second signal hurries."""
        heard = len(self.signals)
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while self._alive() and time.monotonic() < deadline and len(self.signals) == heard:
            time.sleep(0.02)
        for child in self.children:
            _kill_group(child.process)

    # --- one child ----------------------------------------------------------------

    def _start(self, child: Child) -> None:
        output = self._output(child)
        child.process = subprocess.Popen(
            child.command,
            cwd=self.folder,
            env={**os.environ, **self.environment, "SUPERVISOR": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - we run no threads
        )
        child.started_at = time.monotonic()
        if output is not None:
            output.close()

    def _output(self, child: Child) -> IO[Any] | None:
        if self.log_folder is None:
            return None
        path = self.log_folder / f"{child.name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _bury(self, child: Child, now: float) -> None:
        """Note a child's end, end what it left, and set when it is started again."""
        ended = child.process.returncode if child.process else None
        _kill_group(child.process)
        if now - child.started_at > CALM_SECONDS:
            child.pause_seconds = FIRST_PAUSE_SECONDS
        _log.warning("child_ended", child=child.name, code=ended, again_in_seconds=child.pause_seconds)
        child.process = None
        child.due_at = now + child.pause_seconds
        child.pause_seconds = min(child.pause_seconds * 2, MAX_PAUSE_SECONDS)

    def _alive(self) -> bool:
        return any(child.process is not None and child.process.poll() is None for child in self.children)

    def _note(self, number: int, _frame: Any) -> None:
        self.signals.append(number)


def household(
    *, host: str, port: int, workers: int, threads: int, beat_file: Path, broker_prefix: str = "livetill"
) -> list[Child]:
    """The commands of web, a worker for each queue, and beat."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "--app", "config.celery"]
    return [
        Child("web", [*python, "granian", *web_options(host, port, workers, threads)]),
        *(
            Child(f"worker-{queue}", [*celery, "worker", *worker_options(queue, broker_prefix)])
            for queue in Queue
        ),
        Child(
            "beat",
            [*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", str(beat_file)],
        ),
    ]


def worker_options(queue: Queue, broker_prefix: str) -> list[str]:
    """celery's arguments for the worker of one queue."""
    return [
        *("--queues", f"{broker_prefix}-{queue}", "--concurrency", "2", "--optimization", "fair"),
        *("--hostname", f"{queue}@%h", "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def web_options(host: str, port: int, workers: int, threads: int) -> list[str]:
    """granian's arguments; docs/decisions/web-server.md has what was measured."""
    return [
        *("--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws", "--http", "1"),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        *("--blocking-threads-idle-timeout", "600", "--backlog", "1024"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning"),
        "config.wsgi:application",
    ]


def _end_with_us() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _kill_group(process: subprocess.Popen[bytes] | None) -> None:
    """End a child and whatever it started."""
    if process is None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        process.wait()
