"""A till of its own for a benchmark: a folder, an embedded PostgreSQL, the web processes of `make run`.

No worker and no beat: what they do later is not part of a request (`worker` starts them, to show what they
take from it on the same machine).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from benchmarks._http import Load, drive
from config import embedded
from config.supervisor import household, web_options

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
THREADS = 8
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor seconds that the web processes and PostgreSQL have used."""

    web: float
    database: float


@dataclass(slots=True)
class Till:
    """A running till; `with running(…) as till`."""

    folder: Path
    port: int
    workers: int
    cluster: embedded.Cluster
    environment: dict[str, str]
    web: subprocess.Popen[bytes] | None = None
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """For a `Host` header."""
        return f"{HOST}:{self.port}"

    def manage(self, *arguments: str) -> None:
        """Run a management command; raises with its words when it fails."""
        self._python("manage.py", *arguments)

    def fill(self, *arguments: str) -> Any:
        """Run `benchmarks.fill` here; what it answers in JSON."""
        return self.inside("benchmarks.fill", *arguments)

    def inside(self, module: str, *arguments: str) -> Any:
        """Run a module of the benchmarks here; what it answers in JSON."""
        return json.loads(self._python("-m", module, *arguments).splitlines()[-1])

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def load(self, requests: Iterator[bytes], clients: int, seconds: float) -> Load:
        """Put a load on the web server."""
        return drive(HOST, self.port, requests, clients, seconds)

    def start(self) -> None:
        """Start the web processes as `make run` does."""
        options = web_options(HOST, self.port, self.workers, THREADS)
        options[options.index("config.wsgi:application")] = "benchmarks.wsgi:application"
        self.web = self._spawn("web", [sys.executable, "-m", "granian", *options])
        deadline = time.monotonic() + 60
        while not _answers(self.port):
            if time.monotonic() > deadline or self.web.poll() is not None:
                raise RuntimeError(f"the web server did not start, see {self.folder}/web.log")
            time.sleep(0.05)

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """Inside, worker and beat are at work as well."""
        beat = self.folder / "beat"
        children = household(host=HOST, port=self.port, workers=1, threads=1, beat_file=beat)
        self.others = [
            self._spawn(child.name, list(child.command)) for child in children if child.name != "web"
        ]
        try:
            time.sleep(3)
            yield
        finally:
            for process in self.others:
                _end(process)
            self.others = []

    def _spawn(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={**self.environment, "SUPERVISOR": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End what was started here, by its process groups."""
        for process in (*self.others, self.web):
            if process is not None:
                _end(process)
        self.cluster.leave()

    def cpu(self) -> Cpu:
        """What web and database have used so far."""
        assert self.web is not None
        postmaster = int((self.cluster.home / "data" / "postmaster.pid").read_text().split()[0])
        return Cpu(_family_seconds(self.web.pid), _family_seconds(postmaster))


@contextlib.contextmanager
def running(*, workers: int = 2) -> Iterator[Till]:
    """A till in a temporary folder, with its tables and static files; gone with the block."""
    folder = Path(tempfile.mkdtemp(prefix="livetill-bench-"))
    folder.chmod(0o755)  # PostgreSQL's user goes through it; its own data are closed to all others
    till = _till(folder, workers)
    try:
        till.cluster.use()
        till.manage("migrate", "--verbosity", "0")
        till.manage("collectstatic", "--no-input", "--verbosity", "0")
        (folder / "broker" / "control").mkdir(parents=True)
        till.start()
        yield till
    finally:
        till.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _till(folder: Path, workers: int) -> Till:
    port = _free_port()
    metrics = folder / "metrics"
    metrics.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BASE_URL")}
    environment = {
        **kept,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DEBUG": "0",
        "SANDBOX_GATEWAY": "1",
        "LOCAL_FEEDS": "1",
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "CACHE_URL": "locmemcache://",
        "VAR_DIR": str(folder),
        "HOST": HOST,
        "PORT": str(port),
        "BASE_URL": f"http://{HOST}:{port}",
        "LOG_LEVEL": "INFO",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    return Till(folder, port, workers, embedded.lasting(folder), environment)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    web = HTTPConnection(HOST, port, timeout=5)
    try:
        web.request("GET", "/healthz")
        return web.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        web.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _family_seconds(pid: int) -> float:
    """What a process and its children have used, those that ended included."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(path.parent.name) == pid:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == pid:
                total += int(fields[11]) + int(fields[12])
    return total / _TICKS
