"""A whole till whose processes can be named and killed, and that must come back by itself."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config import embedded
from tests.start.house import BASE_DIR, House, wait_until

STARTS_SECONDS = 120.0
COMES_BACK_SECONDS = 120.0
GONE_SECONDS = 60.0
COMMAND_SECONDS = 240.0

Match = Callable[["Process"], bool]


class Process:
    """A process as `/proc` shows it at one moment; `born` tells it from a later one of the same number."""

    def __init__(self, pid: int) -> None:
        folder = Path(f"/proc/{pid}")
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        self.pid, self.parent, self.born = pid, int(fields[1]), fields[19]
        self.is_zombie = fields[0] == "Z"
        self.command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        try:
            now = Process(self.pid)
        except OSError:
            return False
        return now.born == self.born and not now.is_zombie

    def __str__(self) -> str:
        return f"{self.pid} {self.command[:80]}"


def _is_child_of(word: str) -> Callable[[dict[int, Process], Process], bool]:
    def matches(all_of_them: dict[int, Process], one: Process) -> bool:
        parent = all_of_them.get(one.parent)
        return word in one.command and parent is not None and word in parent.command

    return matches


def _is_head_of(word: str) -> Callable[[dict[int, Process], Process], bool]:
    def matches(all_of_them: dict[int, Process], one: Process) -> bool:
        parent = all_of_them.get(one.parent)
        return word in one.command and (parent is None or word not in parent.command)

    return matches


SUPERVISOR = "the supervisor"
POSTMASTER = "the PostgreSQL postmaster"
KEEPER = "the keeper of PostgreSQL"
VICTIMS: dict[str, Callable[[dict[int, Process], Process], bool]] = {
    "a web process": _is_child_of(" granian "),
    "the web parent": _is_head_of(" granian "),
    "a prompt worker process": _is_child_of("worker --queues livetill-prompt "),
    "the prompt worker's parent": _is_head_of("worker --queues livetill-prompt "),
    "a backlog worker process": _is_child_of("worker --queues livetill-backlog "),
    "the backlog worker's parent": _is_head_of("worker --queues livetill-backlog "),
    "beat": _is_head_of("celery --quiet --app config.celery beat "),
    POSTMASTER: lambda _all, one: "bin/postgres " in one.command,
    "a PostgreSQL backend": lambda _all, one: one.command.startswith("postgres: livetill "),
    KEEPER: lambda _all, one: "keeper.py" in one.command,
    SUPERVISOR: lambda _all, one: "manage.py start" in one.command,
}


class Till(House):
    """A house with everything in it, under its own configuration of two web processes."""

    def __init__(self) -> None:
        super().__init__(WEB_WORKERS="2", LOG_LEVEL="WARNING")
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.cluster = embedded.lasting(self.folder / "var")

    def start(self, *arguments: str) -> Till:
        """As `make run` does, but for the demo; waits until it says where it runs."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command("start", "--no-demo", *arguments),
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(lambda: "Running at" in self.said() or self.ended(), STARTS_SECONDS)
        assert "Running at" in self.said(), self.said()
        return self

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same till, to its end."""
        environment = {name: value for name, value in self.environment.items() if name != "PORT"}
        return subprocess.run(
            self.command(*arguments),
            env=environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    # --- what runs ---------------------------------------------------------------------

    def all_processes(self) -> dict[int, Process]:
        """What carries our folder in its environment, and PostgreSQL's own, which stand in their data."""
        mark, data = os.fsencode(f"VAR_DIR={self.folder}/var"), str(self.cluster.home / "data")
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() or os.readlink(entry / "cwd") == data:
                    found[int(entry.name)] = Process(int(entry.name))
            except OSError:
                continue
        return found

    def find_all(self, victim: str) -> list[Process]:
        """The living processes of a kind (`VICTIMS`)."""
        running = self.all_processes()
        matches = VICTIMS[victim]
        return [one for one in running.values() if matches(running, one) and not one.is_zombie]

    # --- dying and coming back -----------------------------------------------------------

    def kill(self, victim: Process) -> bool:
        """kill -9, and wait until it is gone; False where it had ended by itself."""
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        assert wait_until(lambda: self.ended() or not victim.is_alive(), 10), f"{victim} does not die"
        return True

    def is_ready(self) -> bool:
        """Whether database, migrations and broker are in order, as it says itself."""
        return self.get("/readyz") == 200

    def comes_back(self) -> float:
        """Seconds until it is ready again; asserts that it is soon."""
        began = time.monotonic()
        assert wait_until(self.is_ready, COMES_BACK_SECONDS), f"not ready again: {self.said()[-2000:]}"
        return time.monotonic() - began

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        assert wait_until(self.ended, GONE_SECONDS), "does not stop on Ctrl-C"
        return self.process.returncode

    def left_behind(self, before: dict[int, Process]) -> list[str]:
        """What is still there of a till whose supervisor is gone, after a while in which it may go."""

        def left() -> list[str]:
            seen = {**before, **self.all_processes()}
            there = [f"process {one}" for one in seen.values() if one.is_alive()]
            if self.cluster.socket.exists():
                there.append(f"folder {self.cluster.socket}")
            if self.get("/healthz"):
                there.append(f"somebody on port {self.port}")
            return there

        wait_until(lambda: not left(), GONE_SECONDS)
        return left()

    def end(self) -> None:
        """Take everything away, also after a test that failed half-way."""
        for one in self.all_processes().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        wait_until(lambda: not self.all_processes(), GONE_SECONDS)
        shutil.rmtree(self.cluster.socket, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- its books -------------------------------------------------------------------------

    def books(self, call: str) -> Any:
        """What a function of `kill_books` says, run in a process of this till's own settings."""
        code = f"import json; from tests.faults import kill_books; print(json.dumps(kill_books.{call}))"
        done = self.run("shell", "-v", "0", "-c", code)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def break_durability(self) -> None:
        """From now on a commit does not wait for the disk: what was just answered dies with PostgreSQL."""
        with (self.cluster.home / "data" / "postgresql.auto.conf").open("a") as file:
            file.write("synchronous_commit = off\nwal_writer_delay = 10s\nwal_writer_flush_after = 1GB\n")
        (postmaster,) = self.find_all(POSTMASTER)
        os.kill(postmaster.pid, signal.SIGHUP)
