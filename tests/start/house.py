"""A whole house (`manage.py start`) run by a test, in a folder and on a port of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to hold within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


class House:
    """One started house; `end` takes away whatever is left of it."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="livetill test ", dir="/tmp"))
        self.folder.chmod(0o711)
        self.port = free_port()
        self.output = self.folder / "output"
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        self.environment = {
            **kept,
            "SECRET_KEY": "of-the-tests-only-5d1f7c3a9b8e6f2a4c0d",
            "DEBUG": "1",
            "VAR_DIR": str(self.folder / "var"),
            "PORT": str(self.port),
            "MAKELEVEL": "1",  # it ends with us, even when we are killed
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        """A `manage.py` command line."""
        return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]

    def start(self, *arguments: str) -> House:
        """Start, and wait until a page can be had."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command("start", "--no-demo", *arguments),
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        assert wait_until(lambda: "Running at" in self.said() or self.ended(), 60), self.said()
        return self

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same house, to its end."""
        environment = {name: value for name, value in self.environment.items() if name != "PORT"}
        return subprocess.run(
            self.command(*arguments), env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def said(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(errors="replace")

    def ended(self) -> bool:
        """Whether the supervisor is gone."""
        return self.process is not None and self.process.poll() is not None

    def get(self, path: str) -> int:
        """The status of a page; 0 when nobody answers."""
        web = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            web.request("GET", path)
            return web.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            web.close()

    def processes(self) -> dict[int, str]:
        """Every process that belongs to this house (each has our folder in its environment)."""
        mark = os.fsencode(f"VAR_DIR={self.folder}/var")
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def find(self, word: str) -> int:
        """The oldest process of the house whose command line has this word."""
        return min(pid for pid, command in self.processes().items() if word in command)

    def end(self) -> None:
        """Take everything away."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            wait_until(self.ended, 20)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


_OURS = (
    "DATABASE_URL",
    "BROKER_URL",
    "CACHE_URL",
    "BASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "LOG_LEVEL",
)
