"""Tables of a telephony server in a PostgreSQL of the merchant's: read only, with timeouts, in windows.

Ids commit out of order, so nothing is read by `id > last`: a window begins some time before the newest
row that is known, and what is seen again is stored once. The cursor is a time of the server's own rows,
so that a clock that is behind loses nothing, and never later than when the window was opened, so that
what was still being committed then is in the next one. A window that was left half-way goes on where it
stood.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.conf import settings as project
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _, gettext_noop
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from common.fields import moment_out, parse_moment
from orders.gateways.base import FeedError, Setting

CHUNK = 2000
SORTED_AT_ONCE = 50_000
OVERLAP_SECONDS = 60
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10
LONGEST_SECONDS = 60
_EMPTY_TABLE = timedelta(days=1)
_WORDS = frozenset({"host", "port", "dbname", "user", "password", "sslmode"})
_LOCAL_WORDS = frozenset({"passfile", "hostaddr"})
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

Row = dict[str, Any]
Server = psycopg.Connection[Row]


CONNECTION_SETTINGS = (
    Setting(
        "dsn",
        _("Connection to the database"),
        is_secret=True,
        hint=_("postgresql://user:password@host:5432/database, a user who may read these tables only."),
    ),
    Setting(
        "time_zone",
        _("Time zone in which the server writes"),
        is_required=False,
        default="UTC",
        hint=_("For example Asia/Shanghai."),
    ),
    Setting(
        "overlap_seconds",
        _("Seconds that every poll reads again"),
        is_required=False,
        default=str(OVERLAP_SECONDS),
        hint=_("More than the server takes to write a call down."),
    ),
)


def connection_problems(settings: Mapping[str, str]) -> dict[str, str | Promise]:
    """What is wrong with the settings of a connection."""
    wrong: dict[str, str | Promise] = {}
    try:
        given = _address(settings)
    except FeedError as error:
        wrong["dsn"] = gettext(str(error))
    else:
        # Sockets and files of this machine are for whoever runs it, not for a merchant to name.
        if not given.keys() <= _WORDS or not _HOST.fullmatch(given["host"]) or not may_reach(given["host"]):
            wrong["dsn"] = _("The address of a machine that may be reached from here.")
    try:
        ZoneInfo(settings.get("time_zone") or "UTC")
    except (KeyError, ValueError, OSError):
        wrong["time_zone"] = _("No such time zone.")
    seconds = settings.get("overlap_seconds") or str(OVERLAP_SECONDS)
    if not re.fullmatch(r"[1-9][0-9]{0,3}", seconds):
        wrong["overlap_seconds"] = _("From 1 to 9999.")
    return wrong


def name_problems(settings: Mapping[str, str], tables: str, columns: str) -> dict[str, str | Promise]:
    """Which names of tables and columns (lists, parted by spaces) can't be such."""
    kinds = [*((name, _TABLE) for name in tables.split()), *((name, _COLUMN) for name in columns.split())]
    return {
        name: _("A name of letters, digits and underscores.")
        for name, kind in kinds
        if settings.get(name) and not kind.fullmatch(settings[name])
    }


def may_reach(host: str) -> bool:
    """Whether a feed may lead to this address: this machine itself only where `LOCAL_FEEDS` allows it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return project.LOCAL_FEEDS or host.rstrip(".").lower() != "localhost"
    mapped = getattr(address, "ipv4_mapped", None) or address
    is_local = mapped.is_loopback or mapped.is_unspecified or mapped.is_link_local or mapped.is_multicast
    return project.LOCAL_FEEDS or not is_local


@contextmanager
def connected(settings: Mapping[str, str]) -> Iterator[Server]:
    """A read-only connection; whatever goes wrong with it inside the block is a `FeedError`."""
    watch = _Watch()
    try:
        with closing(psycopg.connect(**_parameters(settings), row_factory=dict_row)) as server:
            server.read_only = True
            with watch.over(server):
                yield server
    except psycopg.errors.QueryCanceled as error:
        raise FeedError(gettext_noop("no answer in time: an index may be missing")) from error
    except (psycopg.Error, UnicodeError, OverflowError) as error:
        silent = gettext_noop("it let us in and then said nothing more")
        raise FeedError(silent if watch.has_cut else _in_words(error)) from error


class _Watch:
    """Cuts a connection that lasts too long: a server that says nothing more would hold us for ever.

    Its own timeouts are no help then, nor are TCP's: the machine still answers, only the server does not.
    """

    def __init__(self) -> None:
        self.has_cut = False
        self._guard, self._is_over = threading.Lock(), False

    @contextmanager
    def over(self, server: Server) -> Iterator[None]:
        """Watch for the length of the block."""
        timer = threading.Timer(LONGEST_SECONDS, self._cut, [server])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._guard:  # once it is closed, another connection may have its number
                self._is_over = True

    def _cut(self, server: Server) -> None:
        with self._guard, suppress(OSError, psycopg.Error):
            if not self._is_over:
                self.has_cut = True
                with socket.socket(fileno=os.dup(server.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)


def _parameters(settings: Mapping[str, str]) -> dict[str, Any]:
    given = _address(settings)
    if not given["host"].startswith("/"):
        given["hostaddr"] = _resolve(given["host"])
    return {
        "passfile": "/nowhere",
        **given,
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "livetill",
        "tcp_user_timeout": (CONNECT_SECONDS + STATEMENT_SECONDS) * 1000,
        "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout=2s"
        f" -c timezone={settings.get('time_zone') or 'UTC'}",
        "prepare_threshold": None,
    }


def _address(settings: Mapping[str, str]) -> dict[str, Any]:
    """What a connection string says: one machine and who we are there; nothing of this machine's files."""
    try:
        given = dict(conninfo_to_dict(settings.get("dsn", "")))
    except psycopg.ProgrammingError as error:
        raise FeedError(gettext_noop("not a connection string of PostgreSQL")) from error
    allowed = _WORDS | (_LOCAL_WORDS if project.LOCAL_FEEDS else frozenset())
    if foreign := given.keys() - allowed:
        raise FeedError(f"not taken in a connection string: {', '.join(sorted(foreign))}")
    host = str(given.get("host") or "")
    if not _HOST.fullmatch(host) and not (project.LOCAL_FEEDS and host.startswith("/") and "," not in host):
        raise FeedError(gettext_noop("the connection string names no single host"))
    return given


def _resolve(host: str) -> str:
    """The address behind a name, looked at before it is called: no name leads to where none may go."""
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise FeedError(gettext_noop("the server's name leads nowhere")) from error
    allowed = [address for address in found if may_reach(address)]
    if not allowed:
        raise FeedError(gettext_noop("the server's address may not be reached from here"))
    return allowed[0]


def _in_words(error: Exception) -> str:
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{error.sqlstate}: {str(error).splitlines()[0][:200]}"
    return " ".join(str(error).split())[:300] or type(error).__name__


def table(name: str) -> sql.Identifier:
    """A table's name, perhaps with its schema, quoted."""
    return sql.Identifier(*name.split("."))


@dataclass(slots=True)
class Window:
    """How far the rows of one query have been read."""

    part: str
    opened: datetime
    since: datetime
    after: datetime
    place: str = ""

    @classmethod
    def of(cls, kept: object) -> Window | None:
        """What a cursor holds of a window that was left half-way."""
        if not isinstance(kept, dict):
            return None
        opened, since, after = (begins_at(kept, name) for name in ("opened", "since", "after"))
        if opened is None or since is None or after is None:
            return None
        return cls(str(kept.get("part")), opened, since, after, str(kept.get("place", "")))

    def kept(self) -> dict[str, str]:
        """The same for a cursor."""
        times = {name: written(getattr(self, name)) for name in ("opened", "since", "after")}
        return {"part": self.part, **times, "place": self.place}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads queries one after another, each from where the cursor says; a new one from `begin`."""

    server: Server
    overlap: timedelta
    cursor: Mapping[str, Any]
    begin: datetime
    now: datetime

    def read(self, selects: Mapping[str, sql.Composed]) -> Iterator[tuple[str, list[Row], dict[str, Any]]]:
        """(query's name, rows, cursor after them), the oldest rows first, at most `CHUNK` at a time.

        A query tells each row's `at` (a timestamptz) and some `id`, and compares with `%(since)s`.
        """
        newest = {part: begins_at(self.cursor, part) or self.begin for part in selects}
        half = Window.of(self.cursor.get("half"))
        parts = list(selects)
        if half is not None and half.part in parts:
            parts = parts[parts.index(half.part) :]
        for part in parts:
            since = newest[part] - self.overlap
            window = half if half and half.part == part else Window(part, self.now, since, since)
            for rows, is_last in _chunks(self.server, selects[part], window):
                if rows:
                    window.after, window.place = rows[-1]["at"], rows[-1]["place"]
                    newest[part] = max(newest[part], min(window.after, window.opened))
                yield part, rows, _cursor(newest, None if is_last else window)


def _chunks(server: Server, select: sql.Composed, window: Window) -> Iterator[tuple[list[Row], bool]]:
    """A window's rows, at least one chunk of them, and whether these are the last.

    A cursor on the server sorts the window once for very many chunks; another goes on from there.
    """
    query, is_last = sql.SQL(_WINDOW).format(select=select), False
    while not is_last:
        left = SORTED_AT_ONCE
        with server.cursor("calls") as cursor:
            values = {"since": window.since, "after": window.after, "place": window.place, "most": left}
            cursor.execute(query, values)
            while left and not is_last:
                rows = cursor.fetchmany(min(CHUNK, left))
                left -= len(rows)
                is_last = len(rows) < CHUNK
                yield rows, is_last


_WINDOW = """
SELECT * FROM (SELECT r.*, lpad(r.id::text, 60) COLLATE "C" AS place FROM ({select}) AS r) AS p
 WHERE at >= %(since)s AND (at, place) > (%(after)s, %(place)s) ORDER BY at, place LIMIT %(most)s
"""


def _cursor(newest: Mapping[str, datetime], half: Window | None) -> dict[str, Any]:
    times: dict[str, Any] = {part: written(moment) for part, moment in newest.items()}
    return {**times, "half": half.kept()} if half else times


def overlap_of(settings: Mapping[str, str]) -> timedelta:
    """What every poll reads again."""
    return timedelta(seconds=int(settings.get("overlap_seconds") or OVERLAP_SECONDS))


def begins_at(cursor: Mapping[str, Any], name: str) -> datetime | None:
    """The time that a cursor holds under a name."""
    text = cursor.get(name)
    return parse_moment(text) if isinstance(text, str) else None


def first_moment(server: Server, newest: sql.Composed, now: datetime) -> datetime:
    """Where the first poll begins: at the server's `newest` row, which tells its clock."""
    (row,) = server.execute(newest).fetchall()
    return min(row["newest"], now) if row["newest"] is not None else now - _EMPTY_TABLE


def written(moment: datetime) -> str:
    """A time as a cursor keeps it."""
    return moment_out(moment.astimezone(UTC)) or ""
