"""Kamailio's accounting tables: `acc` says at once that a call was answered, `acc_cdrs` how long it took.

A server that dies in mid-call never writes the second; the first is enough to redeem. What was answered
is asked of `acc` alone, since failed calls may have a row in `acc_cdrs` too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from orders.gateways import sql as tables
from orders.gateways.base import Batch, CallFact, Feed, Rejected, Setting
from orders.models import Trust

_LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
"""`acc_cdrs` writes the year 2000 for a time that it does not know."""

_INVITES = """
SELECT id, callid, sip_code, time::timestamptz AS at, {caller}::text AS caller, {called}::text AS called
  FROM {table} WHERE method = 'INVITE' AND time >= %(since)s
"""
_ENDS = """
SELECT c.id, c.{callid} AS callid, c.end_time::timestamptz AS at, c.start_time::timestamptz AS began,
       a.caller, a.called, a.answered
  FROM {cdrs} c JOIN LATERAL (
       SELECT {caller}::text AS caller, {called}::text AS called, time::timestamptz AS answered FROM {acc}
        WHERE callid = c.{callid} AND method = 'INVITE' AND sip_code LIKE '2__' ORDER BY time LIMIT 1
       ) a ON true
 WHERE c.end_time >= %(since)s
"""
_NEWEST = "SELECT max(time)::timestamptz AS newest FROM {table}"


class Kamailio(Feed):
    """A Kamailio that writes into a PostgreSQL; it must let calls in from its trunk alone."""

    name = "kamailio"
    label: ClassVar[str | Promise] = _("Kamailio")
    trust = Trust.TRUNK
    settings: ClassVar[tuple[Setting, ...]] = (
        *tables.CONNECTION_SETTINGS,
        Setting("acc_table", _("Table of accounting"), is_required=False, default="acc"),
        Setting(
            "missed_table",
            _("Table of missed calls"),
            is_required=False,
            default="missed_calls",
            hint=_("Empty if the server keeps none."),
        ),
        Setting(
            "cdr_table",
            _("Table of call records"),
            is_required=False,
            default="acc_cdrs",
            hint=_("Empty if the server keeps none."),
        ),
        Setting("caller_column", _("Column of the caller"), is_required=False, default="src_user"),
        Setting("called_column", _("Column of the called number"), is_required=False, default="dst_user"),
        Setting("callid_column", _("Column of the call in that table"), is_required=False, default="callid"),
    )

    def problems(self, settings: Mapping[str, str]) -> dict[str, str | Promise]:
        names = tables.name_problems(
            settings, "acc_table missed_table cdr_table", "caller_column called_column callid_column"
        )
        return {**tables.connection_problems(settings), **names}

    def fetch(self, settings: Mapping[str, str], cursor: dict[str, Any], now: datetime) -> Generator[Batch]:
        asked = {one.name: settings.get(one.name) or one.default for one in self.settings}
        # A table that the server does not keep is named by nothing; any other name left empty is the usual.
        asked |= {name: settings[name] for name in ("missed_table", "cdr_table") if name in settings}
        names = _identifiers(asked)
        with tables.connected(asked) as server:
            begin = now
            if "told" not in cursor:
                begin = tables.first_moment(server, sql.SQL(_NEWEST).format(table=names["acc"]), now)
            reader = tables.Reader(server, tables.overlap_of(asked), cursor, begin, now)
            for part, rows, after in reader.read(_queries(asked, names)):
                yield _batch(rows, _ended if part == "ended" else _begun, after)


def _queries(asked: Mapping[str, str], names: Mapping[str, sql.Identifier]) -> dict[str, sql.Composed]:
    queries = {"told": sql.SQL(_INVITES).format(table=names["acc"], **names)}
    if asked["missed_table"]:
        queries["missed"] = sql.SQL(_INVITES).format(table=names["missed"], **names)
    if asked["cdr_table"]:
        queries["ended"] = sql.SQL(_ENDS).format(**names)
    return queries


def _identifiers(asked: Mapping[str, str]) -> dict[str, sql.Identifier]:
    return {
        "acc": tables.table(asked["acc_table"]),
        "missed": tables.table(asked["missed_table"] or "missed_calls"),
        "cdrs": tables.table(asked["cdr_table"] or "acc_cdrs"),
        "caller": sql.Identifier(asked["caller_column"]),
        "called": sql.Identifier(asked["called_column"]),
        "callid": sql.Identifier(asked["callid_column"]),
    }


def _batch(rows: list[tables.Row], read: Callable[[tables.Row], CallFact], cursor: dict[str, Any]) -> Batch:
    facts: dict[str, CallFact] = {}
    rejected = []
    for number, row in enumerate(rows):
        if not row["callid"]:
            rejected.append(
                Rejected(number, "no_call_id", "a row without a call's id", f"{row['at']} {row['id']}")
            )
            continue
        fact = read(row)
        known = facts.get(fact.call_id)
        # Of several rows of one call (tried again, asked for a password) the answered one counts.
        if known is None or (known.answered_at is None and fact.answered_at is not None):
            facts[fact.call_id] = fact
    return Batch(list(facts.values()), cursor, rejected)


def _begun(row: tables.Row) -> CallFact:
    is_answered = str(row["sip_code"]).startswith("2")
    return _fact(row, row["at"], row["at"] if is_answered else None, None)


def _ended(row: tables.Row) -> CallFact:
    answered = row["answered"]
    began = min(row["began"], answered) if row["began"] > _LONG_AGO else answered
    return _fact(row, began, answered, max(row["at"], answered))


def _fact(row: tables.Row, began: datetime, answered: datetime | None, ended: datetime | None) -> CallFact:
    return CallFact(
        provider=Kamailio.name,
        call_id=str(row["callid"])[:200],
        caller=row["caller"] or "",
        called=row["called"] or "",
        started_at=began,
        answered_at=answered,
        ended_at=ended,
        trust=Trust.TRUNK,
    )
