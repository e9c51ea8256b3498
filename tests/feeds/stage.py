"""Telephony servers' tables in a database of their own, and feeds that read them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from common import clock, drains
from merchants.models import Merchant
from orders.feeds import sealed
from orders.gateways import registry
from orders.models import CallRecord, PhoneFeed

KAMAILIO = """
CREATE TABLE {acc} (
    id serial PRIMARY KEY, method varchar(16) NOT NULL DEFAULT '', from_tag varchar(128) NOT NULL DEFAULT '',
    to_tag varchar(128) NOT NULL DEFAULT '', callid varchar(255) NOT NULL DEFAULT '',
    sip_code varchar(3) NOT NULL DEFAULT '', sip_reason varchar(128) NOT NULL DEFAULT '',
    time timestamp NOT NULL,
    src_user varchar(64) NOT NULL DEFAULT '', dst_user varchar(64) NOT NULL DEFAULT ''
);
"""
KAMAILIO_CDRS = """
CREATE TABLE acc_cdrs (
    id serial PRIMARY KEY, start_time timestamp NOT NULL DEFAULT '2000-01-01',
    end_time timestamp NOT NULL DEFAULT '2000-01-01', duration real NOT NULL DEFAULT 0,
    callid varchar(255) NOT NULL DEFAULT '', caller varchar(64) NOT NULL DEFAULT '',
    callee varchar(64) NOT NULL DEFAULT ''
);
"""
ASTERISK = """
CREATE TABLE cdr (
    calldate timestamp NOT NULL, clid varchar(80) NOT NULL DEFAULT '', src varchar(80) NOT NULL DEFAULT '',
    dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
    channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '',
    lastapp varchar(80) NOT NULL DEFAULT '', lastdata varchar(80) NOT NULL DEFAULT '',
    duration bigint NOT NULL DEFAULT 0, billsec bigint NOT NULL DEFAULT 0,
    disposition varchar(45) NOT NULL DEFAULT '', amaflags bigint NOT NULL DEFAULT 0,
    accountcode varchar(20) NOT NULL DEFAULT '', uniqueid varchar(150) NOT NULL DEFAULT '',
    userfield varchar(255) NOT NULL DEFAULT '', peeraccount varchar(20) NOT NULL DEFAULT '',
    linkedid varchar(150) NOT NULL DEFAULT '', sequence integer NOT NULL DEFAULT 0
);
"""
_LIBPQ = {"host", "port", "user", "password", "passfile"}
CALLER, CALLED = "+8613912345678", "+862160001111"


class Telephony:
    """A telephony server's database on the tests' PostgreSQL."""

    def __init__(self, name: str, params: dict[str, str]) -> None:
        self.name, self.params = name, params
        self.dsn = psycopg.conninfo.make_conninfo(**params, dbname=name)
        self.run(KAMAILIO.format(acc="acc"))
        self.run(KAMAILIO.format(acc="missed_calls"))
        self.run(KAMAILIO_CDRS)
        self.run(ASTERISK)

    def open(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn, options="-c timezone=UTC")

    def run(self, text: str, values: Any = None) -> None:
        with self.open() as server:
            server.execute(text, values)

    def insert(self, table: str, *rows: dict[str, Any], into: psycopg.Connection[Any] | None = None) -> None:
        """Write rows; with `into` in that transaction of somebody else's."""
        names = list(rows[0])
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        )
        server = into or self.open()
        server.cursor().executemany(query, [[row[name] for name in names] for row in rows])
        if into is None:
            server.commit()
            server.close()

    def clear(self) -> None:
        self.run("TRUNCATE acc, missed_calls, acc_cdrs, cdr")


@contextmanager
def telephony_server() -> Iterator[Telephony]:
    """A database that goes away again."""
    known = connection.get_connection_params()
    params = {name: str(known[name]) for name in _LIBPQ if known.get(name)}
    name = f"test_feeds_{secrets.token_hex(4)}"
    here = psycopg.connect(**params, dbname=str(known["dbname"]), autocommit=True)  # type: ignore[arg-type]
    with here:
        here.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield Telephony(name, params)
        finally:
            here.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def naive(moment: datetime) -> datetime:
    """As a server whose clock shows UTC writes it."""
    return moment.replace(tzinfo=None)


def invite(call_id: str, at: datetime, code: str = "200", **more: Any) -> dict[str, Any]:
    """A row of `acc`: an INVITE that was answered, or not."""
    row = {"method": "INVITE", "callid": call_id, "sip_code": code, "time": naive(at)}
    return {**row, "src_user": CALLER, "dst_user": CALLED, **more}


def cdr(
    uniqueid: str, began: datetime, *, seconds: int = 60, talked: int = 50, **more: Any
) -> dict[str, Any]:
    """A row of Asterisk's `cdr`."""
    row = {"calldate": naive(began), "src": CALLER, "dst": CALLED, "duration": seconds, "billsec": talked}
    known = {"disposition": "ANSWERED", "uniqueid": uniqueid, "linkedid": uniqueid, "sequence": 1}
    return {**row, **known, **more}


def a_feed(merchant: Merchant, kind: str = "kamailio", **fields: Any) -> PhoneFeed:
    """A feed that is due; `settings` and `secrets` as its provider asks for them."""
    secrets_ = fields.pop("secrets", {})
    known = {"name": "A feed", "due_at": clock.now(), "trust": registry.feed(kind).trust}
    return PhoneFeed.objects.create(
        merchant=merchant, kind=kind, credentials_sealed=sealed(secrets_), **{**known, **fields}
    )


def poll(feed: PhoneFeed) -> PhoneFeed:
    """Make it due, ask it as beat would, and read it anew."""
    PhoneFeed.objects.filter(pk=feed.pk).update(due_at=clock.now())
    drains.run("poll_feeds")
    feed.refresh_from_db()
    return feed


def told(merchant: Merchant) -> dict[str, CallRecord]:
    """What is stored of a merchant's calls."""
    return {record.call_id: record for record in CallRecord.objects.filter(merchant=merchant)}


def ago(**how_long: float) -> datetime:
    """A moment of the past, whole seconds."""
    return clock.now().replace(microsecond=0) - timedelta(**how_long)
