"""Asterisk's `cdr` table: rows without a serial id, written when a call has ended, several to one call."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from orders.gateways import sql as tables
from orders.gateways.base import Batch, CallFact, Feed, Rejected, Setting
from orders.models import Trust

ANSWERED = "ANSWERED"
# A row is written when its call has ended; one that lasted longer than a day is not found.
_CALLS = """
SELECT concat(uniqueid, '#', sequence) AS id, uniqueid, sequence, disposition, src::text AS caller,
       {called}::text AS called, {began}::timestamptz AS began,
       {began}::timestamptz + coalesce(duration, 0) * interval '1 second' AS at,
       coalesce(billsec, 0)::float8 AS talked
  FROM {table} WHERE {began} >= %(since)s - interval '24 hours'
   AND {began}::timestamptz + coalesce(duration, 0) * interval '1 second' >= %(since)s
"""
_NEWEST = "SELECT max({began})::timestamptz AS newest FROM {table}"


class Asterisk(Feed):
    """An Asterisk whose `cdr` goes into a PostgreSQL; its channels come from a known trunk."""

    name = "asterisk"
    label: ClassVar[str | Promise] = _("Asterisk")
    trust = Trust.TRUNK
    settings: ClassVar[tuple[Setting, ...]] = (
        *tables.CONNECTION_SETTINGS,
        Setting("table", _("Table of call records"), is_required=False, default="cdr"),
        Setting("began_column", _("Column of a call's begin"), is_required=False, default="calldate"),
        Setting("called_column", _("Column of the called number"), is_required=False, default="dst"),
        Setting(
            "server",
            _("Name of this server"),
            is_required=False,
            hint=_("Only where several servers tell of calls: their ids may be the same."),
        ),
    )

    def problems(self, settings: Mapping[str, str]) -> dict[str, str | Promise]:
        names = tables.name_problems(settings, "table", "began_column called_column server")
        if len(settings.get("server") or "") > 30:
            names["server"] = _("At most 30 characters.")
        return {**tables.connection_problems(settings), **names}

    def fetch(self, settings: Mapping[str, str], cursor: dict[str, Any], now: datetime) -> Generator[Batch]:
        asked = {setting.name: settings.get(setting.name) or setting.default for setting in self.settings}
        names = {
            "table": tables.table(asked["table"]),
            "began": sql.Identifier(asked["began_column"]),
            "called": sql.Identifier(asked["called_column"]),
        }
        provider = f"{self.name}-{asked['server']}" if asked["server"] else self.name
        with tables.connected(asked) as server:
            begin = now
            if "ended" not in cursor:
                begin = tables.first_moment(server, sql.SQL(_NEWEST).format(**names), now)
            reader = tables.Reader(server, tables.overlap_of(asked), cursor, begin, now)
            for _part, rows, after in reader.read({"ended": sql.SQL(_CALLS).format(**names)}):
                yield _batch(provider, rows, after)


def _batch(provider: str, rows: list[tables.Row], cursor: dict[str, Any]) -> Batch:
    facts = [_fact(provider, row) for row in rows if row["uniqueid"]]
    rejected = [
        Rejected(number, "no_call_id", "a row without a uniqueid", repr(row))
        for number, row in enumerate(rows)
        if not row["uniqueid"]
    ]
    return Batch(facts, cursor, rejected)


def _fact(provider: str, row: tables.Row) -> CallFact:
    is_answered = str(row["disposition"]).strip().upper() == ANSWERED
    ended = max(row["at"], row["began"])
    answered = max(ended - timedelta(seconds=row["talked"]), row["began"]) if is_answered else None
    return CallFact(
        provider=provider,
        call_id=f"{row['uniqueid']}-{row['sequence'] if row['sequence'] is not None else 0}"[:200],
        caller=row["caller"] or "",
        called=row["called"] or "",
        started_at=row["began"],
        answered_at=answered,
        ended_at=ended,
        trust=Trust.TRUNK,
    )
