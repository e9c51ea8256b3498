"""The telephony server's own PostgreSQL, reached by TCP as a shop's would be, and its tables."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from config import embedded
from tests.start.house import free_port, wait_until

SCHEMAS = Path("/usr/share/kamailio/postgres")
HOST, NAME = "127.0.0.1", "kamailio"
OWNER, READER = "kamailio", "till"
"""The server writes as the one; we read as the other, who may do nothing else."""

_STANDARD = ("src_user", "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain")
_EXTRA = {"acc": _STANDARD, "missed_calls": _STANDARD, "acc_cdrs": ("callid", "src_user", "dst_user")}
_STARTS_SECONDS = _STOPS_SECONDS = _WRITTEN_SECONDS = 10.0


def ends_with_us(signal_name: str) -> list[str]:
    """Words before a command that have the kernel end it when this process is gone."""
    return ["setpriv", "--pdeathsig", signal_name, "--"]


class Tables:
    """A PostgreSQL made for one run of the tests; `stop` ends it, its folder is the caller's."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder, self._programs = folder / "postgres", embedded.binaries()
        self._data = self._folder / "data"
        self._passwords = {name: secrets.token_hex(16) for name in ("postgres", OWNER, READER)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the server, the roles and the tables."""
        self._initialise()
        words = [f"-D{self._data}", f"-h{HOST}", f"-p{self.port}", "-k", "", "-c", "fsync=off"]
        self._process = subprocess.Popen(
            [*_unprivileged(), *ends_with_us("INT"), str(self._programs / "postgres"), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        assert wait_until(self._answers, _STARTS_SECONDS), "the telephony server's PostgreSQL does not start"
        with self._open("postgres", "postgres") as server:
            for name in (OWNER, READER):
                server.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(name), sql.Literal(self._passwords[name])
                    )
                )
            server.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(NAME), sql.Identifier(OWNER))
            )
        with self._open(OWNER) as server:
            _make_tables(server)

    def stop(self) -> None:
        """End it at once; whoever is connected is cut off."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOPS_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOPS_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        """What a program that uses libpq needs to know to write here."""
        password = self._passwords[OWNER]
        return {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": OWNER, "PGPASSWORD": password}

    @property
    def dsn(self) -> str:
        """What a merchant fills in so that the calls can be read."""
        return f"postgresql://{READER}:{self._passwords[READER]}@{HOST}:{self.port}/{NAME}?sslmode=disable"

    def rows(self, table: str, call_id: str) -> list[dict[str, Any]]:
        """What was written about one call, oldest first."""
        query = sql.SQL("SELECT * FROM {} WHERE callid = %s ORDER BY id").format(sql.Identifier(table))
        with self._open(OWNER) as server:
            return server.cursor(row_factory=dict_row).execute(query, [call_id]).fetchall()

    def wait_for(self, table: str, call_id: str, rows: int = 1) -> dict[str, Any]:
        """The first row about a call, as soon as there are so many."""
        is_there = wait_until(lambda: len(self.rows(table, call_id)) >= rows, _WRITTEN_SECONDS)
        assert is_there, f"not in {table}"
        return self.rows(table, call_id)[0]

    def _initialise(self) -> None:
        self._folder.mkdir(mode=0o700)
        secret = self._folder / "password"
        secret.write_text(self._passwords["postgres"])
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam(embedded.UNPRIVILEGED)
            self._folder.parent.chmod(0o711)
            for path in (self._folder, secret):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        words = [f"-D{self._data}", "-Upostgres", "-Ascram-sha-256", f"--pwfile={secret}"]
        made = subprocess.run(
            [*_unprivileged(), str(self._programs / "initdb"), *words, "-EUTF8", "--locale=C", "--no-sync"],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-2000:]

    def _answers(self) -> bool:
        try:
            self._open("postgres", "postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _open(self, user: str, name: str = NAME) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=HOST, port=self.port, user=user, password=self._passwords[user], dbname=name, autocommit=True
        )


def _unprivileged() -> list[str]:
    """Words before a command that have root run it as somebody who may do nothing."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam(embedded.UNPRIVILEGED)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]


def _make_tables(server: psycopg.Connection[Any]) -> None:
    """Kamailio's own schema, the columns that its standard configuration adds, and the reader's rights."""
    for part in ("standard", "acc"):
        server.execute((SCHEMAS / f"{part}-create.sql").read_bytes())
    for table, columns in _EXTRA.items():
        for column in columns:
            server.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN {} varchar(255) NOT NULL DEFAULT ''").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            )
        server.execute(
            sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(table), sql.Identifier(READER))
        )
