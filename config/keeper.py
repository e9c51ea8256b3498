"""Keeps the embedded PostgreSQL running for as long as somebody holds the users' lock.

Started by `config.embedded` as a process of its own, with a plan in JSON as its only argument and
a pipe on which it says `ready` or `error: …`. It is the parent of PostgreSQL: starts it again when
it dies, stops it when the last user is gone, and takes it along when it is killed itself. Uses
the standard library only, so that it starts in no time and stays small.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, NoReturn

MAJOR = 18
TICK_SECONDS = 0.1
START_SECONDS = 60.0
STOP_SECONDS = 20.0
MAX_PAUSE_SECONDS = 5.0
LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1


def _buffers_megabytes() -> int:
    """An eighth of the machine's memory, from 128 MB to 1 GB; it is taken only as far as it is used."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(128, min(memory // 8 >> 20, 1024))


class KeeperError(Exception):
    """What keeps PostgreSQL from running, in words for the person who started it."""


class Keeper:
    """One PostgreSQL server and the folder it lives in (`home`: data, password, locks, log)."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.home = Path(plan["home"])
        self.data = self.home / "data"
        self.socket = Path(plan["socket"])
        self.binaries = Path(plan["binaries"])
        self.user: int | None = plan["user"]
        self.group: int | None = plan["group"]
        self.role: str = plan["role"]
        self.throwaway: bool = plan["throwaway"]
        self.server: subprocess.Popen[bytes] | None = None
        self.ending = False
        self.log: IO[bytes] = self._open_log()

    def _open_log(self) -> IO[bytes]:
        path = self.home / "postgres.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    # --- data ---------------------------------------------------------------

    def prepare(self) -> None:
        """Make the data folder where there is none; refuse one that this version cannot read."""
        for folder in (self.home / "data.new", self.socket):
            self._own(folder)
        if not self.data.exists():
            self._make_data()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(MAJOR):
            raise KeeperError(
                f"the data in {self.data} were made by PostgreSQL {version}, and this is {MAJOR}. Run the"
                " version of this project that made them, dump them with pg_dump, move the folder away,"
                " start again and restore; or set DATABASE_URL to a server of your own."
            )
        self._forget_stale_pid()

    def _own(self, folder: Path) -> None:
        """A folder that nobody but the server's user can enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        owner = os.geteuid() if self.user is None else self.user
        if folder.is_symlink() or found.st_uid not in (owner, os.geteuid()):
            raise KeeperError(f"{folder} belongs to somebody else (uid {found.st_uid}); remove it")
        if self.user is not None:
            os.chown(folder, self.user, self.group or -1)
        folder.chmod(0o700)

    def _make_data(self) -> None:
        fresh = self.home / "data.new"
        shutil.rmtree(fresh)
        self._own(fresh)
        self._run(
            [
                *("initdb", "-D", str(fresh), "-U", "postgres", "-E", "UTF8", "--auth=trust"),
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(["--no-sync"] if self.throwaway else []),
            ]
        )
        (fresh / "pg_hba.conf").write_text(f"local all {self.role} scram-sha-256\n")
        password = secrets.token_hex(24)
        options = "CREATEDB" if self.throwaway else "NOCREATEDB"
        self._single(
            fresh,
            f"CREATE ROLE {self.role} LOGIN NOSUPERUSER NOCREATEROLE {options} PASSWORD '{password}'",
            f"CREATE DATABASE {self.role} OWNER {self.role}",
        )
        (fresh / "passfile").write_text(f"*:*:*:{self.role}:{password}\n")
        fresh.rename(self.data)

    def _single(self, data: Path, *statements: str) -> None:
        """Run statements as the superuser, who has no password and so no other way in."""
        program = ["postgres", "--single", "-D", str(data), "-c", "log_statement=none", "postgres"]
        self._run(program, "".join(f"{statement};\n" for statement in statements))

    def _run(self, program: list[str], text: str = "") -> None:
        done = subprocess.run(
            [str(self.binaries / program[0]), *program[1:]],
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=START_SECONDS,
            check=False,
            **self._identity(),
        )
        self.log.write(done.stdout)
        self.log.flush()
        if done.returncode or b"ERROR:" in done.stdout or b"FATAL:" in done.stdout:
            raise KeeperError(f"{program[0]} failed:\n{done.stdout.decode(errors='replace').strip()}")

    def _identity(self) -> dict[str, Any]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))
        }
        said: dict[str, Any] = {"env": {**kept, "LC_ALL": "C", "TZ": "UTC"}, "cwd": "/", "umask": 0o077}
        if self.user is not None:
            said |= {"user": self.user, "group": self.group, "extra_groups": []}
        return said

    # --- a server before us ----------------------------------------------------

    def _forget_stale_pid(self) -> None:
        """End a server that lost its keeper; make a pid file that names a stranger harmless.

        PostgreSQL itself sees that the process is gone, except where the number was given to
        another process of the same user (usual after a restart of a container). It ignores a
        number that is its own parent's, and still checks the shared memory: so ours is put there.
        """
        path = self.data / "postmaster.pid"
        if not path.exists():
            return
        lines = path.read_text().splitlines() or ["0"]
        pid = int(lines[0]) if lines[0].isdigit() else 0
        if pid and self._is_server(pid):
            self._end_orphan(pid)
        if path.exists():
            path.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        for left in self.socket.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _is_server(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data) in command

    def _end_orphan(self, pid: int) -> None:
        for number, seconds in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
            os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not self._is_server(pid):
                    return
                time.sleep(0.05)
        raise KeeperError(f"process {pid} runs on {self.data} and does not end")

    # --- running -----------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "max_connections": "200",
            "shared_buffers": "128MB" if self.throwaway else f"{_buffers_megabytes()}MB",
            "max_wal_size": "2GB",
            "jit": "off",
            # At 4, its default, a filtered list of a big shop walks the primary key past all that
            # does not fit, sooner than it takes the list's own index (docs/speed.md).
            "random_page_cost": "1.1",
            "timezone": "UTC",
        }
        if self.throwaway:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.server = subprocess.Popen(
            [str(self.binaries / "postgres"), "-D", str(self.data), *settings],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - we run no threads
            **self._identity(),
        )
        self._wait_ready(self.server)

    def _wait_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server.poll() is not None:
                raise KeeperError(f"PostgreSQL did not start; its last words:\n{self._last_words()}")
            if self._says_ready(server.pid):
                return
            time.sleep(0.02)
        self.stop()
        raise KeeperError(
            f"PostgreSQL was not ready after {START_SECONDS:.0f} s, see {self.home}/postgres.log"
        )

    def _says_ready(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _last_words(self) -> str:
        text = (self.home / "postgres.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-8:])

    def stop(self) -> None:
        """Stop the server, at first politely; what is committed stays in every case."""
        if self.server is None:
            return
        polite = signal.SIGQUIT if self.throwaway else signal.SIGINT
        for number, seconds in ((polite, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if self.server.poll() is None:
                self.server.send_signal(number)
            try:
                self.server.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self.server = None

    def watch(self) -> None:
        """Start the server again whenever it dies, until there is no user of it left."""
        with (self.home / "users.lock").open("ab") as users:
            pause_seconds = TICK_SECONDS
            while not self.ending and not _locked(users):
                time.sleep(TICK_SECONDS)
                if self.server is None or self.server.poll() is not None:
                    pause_seconds = self._revive(pause_seconds)
                else:
                    pause_seconds = TICK_SECONDS
            self.stop()
            shutil.rmtree(self.socket, ignore_errors=True)
            if self.throwaway:
                shutil.rmtree(self.home, ignore_errors=True)

    def _revive(self, pause_seconds: float) -> float:
        """Try to start a server that died; how long to wait before the next try."""
        self.log.write(b"keeper: PostgreSQL has ended, starting it again\n")
        self.log.flush()
        try:
            self._forget_stale_pid()
            self.start()
        except (KeeperError, OSError) as error:
            self.log.write(f"keeper: {error}\n".encode())
            time.sleep(pause_seconds)
            return min(pause_seconds * 2, MAX_PAUSE_SECONDS)
        return TICK_SECONDS


def die_with_parent() -> None:
    """In a child: be told to end (fast shutdown) when the parent is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _locked(file: IO[bytes], tries: int = 1) -> bool:
    for _try in range(tries):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def _tell(starter: IO[str], text: str) -> None:
    """Say it to the one who started us; whoever is gone meanwhile is no reason to leave a mess."""
    with contextlib.suppress(BrokenPipeError), starter:
        starter.write(text)


def main() -> NoReturn:
    """Keep one server, as the plan in the first argument says; the second names the pipe."""
    os.umask(0o077)
    keeper = Keeper(json.loads(sys.argv[1]))
    starter = os.fdopen(int(sys.argv[2]), "w")
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: setattr(keeper, "ending", True))
    with (keeper.home / "keeper.lock").open("ab") as own:
        try:
            if not _locked(own, tries=100):  # others only look whether it is held
                raise KeeperError(f"another keeper holds {own.name}")
            keeper.prepare()
            keeper.start()
        except (KeeperError, OSError, subprocess.SubprocessError) as error:
            _tell(starter, f"error: {error}")
            raise SystemExit(1) from error
        _tell(starter, "ready")
        keeper.watch()
    raise SystemExit(0)


if __name__ == "__main__":
    main()
