"""Django's PostgreSQL backend with four additions.

It has the embedded server run before the first connection (`EMBEDDED` in the database's settings),
and its health check (`CONN_HEALTH_CHECKS`) looks at the socket instead of asking the server: a
server that went away has closed it. That costs a microsecond where `SELECT 1` costs a round trip.

It has a cursor whose statements the server prepares. Django sends each statement with its values in
it, to be parsed and planned anew: for a short one that takes longer than running it.

And it writes lists of plain values faster (`arrays`).
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

from config.embedded import Cluster
from config.postgres.arrays import PlainListDumper


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection to PostgreSQL."""

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg connects with; starts the embedded server if this is one and it is down."""
        embedded = self.settings_dict.get("EMBEDDED")
        if isinstance(embedded, Cluster):
            embedded.use()
        params: dict[str, Any] = super().get_connection_params()
        # For `prepared_cursor`; Django's own cursors never prepare. What is sent seldom is not worth it.
        params["prepare_threshold"] = 5
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        """A connection that writes lists the quick way."""
        made: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        made.adapters.register_dumper(list, PlainListDumper)
        return made

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor that has the server prepare what it sends (psycopg keeps the last hundred)."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = psycopg.Cursor(self.connection)
        wrapped: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
        return wrapped

    def is_usable(self) -> bool:
        """Whether the server still holds the other end; asks it only when there is something to read."""
        if self.connection is None or self.connection.closed:
            return False
        if not _readable(self.connection.pgconn.socket):
            return True
        return bool(super().is_usable())


def _readable(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
