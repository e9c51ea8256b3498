"""What the benchmark of calls does inside its till: `python -m benchmarks._calls COMMAND …`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

HERE = Path(__file__).parent
SINCE = timedelta(hours=3)
TICK_SECONDS = 0.02
LATEST_SECONDS = 30


def main() -> None:
    """Do what the arguments say; the answer is one line of JSON."""
    django.setup()
    from django.utils.module_loading import autodiscover_modules

    autodiscover_modules("tasks")
    what, *rest = sys.argv[1:]
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "telephony": telephony,
        "feed": feed,
        "bare": bare,
        "poll": poll,
        "latency": latency,
    }
    print(json.dumps(commands[what](*rest)))


def _run(script: str, *, keep: bool, **settings: str) -> float:
    """A script in one transaction, kept or taken back; how many seconds it took."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [f"bench.{name}", value])
        began = time.monotonic()
        cursor.execute((HERE / script).read_text(encoding="utf-8"))
        took = time.monotonic() - began
        transaction.set_rollback(not keep)
    return took


def telephony(merchant: str, records: str, every: str) -> dict[str, Any]:
    """Calls that took place at the telephony server."""
    from django.db import connection

    _run("calls.sql", keep=True, merchant=merchant, records=records, every=every)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE telephony.acc")
    return {}


def feed(merchant: str, dsn: str, seconds: str) -> dict[str, Any]:
    """A feed that reads them from the beginning, through a socket, which no merchant may name."""
    from common import clock
    from orders.feeds import sealed
    from orders.models import PhoneFeed, Trust

    start = (clock.now() - SINCE).isoformat()
    made = PhoneFeed.objects.create(
        merchant_id=merchant,
        kind="kamailio",
        name="bench",
        settings={"acc_table": "telephony.acc", "missed_table": "", "cdr_table": ""},
        credentials_sealed=sealed({"dsn": dsn}),
        trust=Trust.TRUNK,
        poll_seconds=int(seconds),
        cursor={"told": start, "missed": start, "ended": start},
        due_at=clock.now(),
    )
    return {"feed": made.pk.hex}


def bare(merchant: str) -> dict[str, Any]:
    """The bare SQL over all the calls, taken back afterwards so that the real path has the same to do."""
    from django.db import connection

    took = _run("calls_bare.sql", keep=False, merchant=merchant)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"seconds": took}


def poll(feed_id: str) -> dict[str, Any]:
    """Ask the feed until it has told everything."""
    from django.db import connection

    from orders.flows.ask_feed import ask_feed
    from orders.models import CallRecord, CallState, PhoneFeed

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telephony.acc")
        (wanted,) = cursor.fetchone()
    row = PhoneFeed.objects.get(pk=feed_id)
    mine = CallRecord.objects.filter(feed=row)
    before = mine.count()
    began = time.monotonic()
    while True:
        PhoneFeed.objects.filter(pk=feed_id).update(due_at=row.created_at)
        ask_feed(row.pk)
        row.refresh_from_db()
        if row.error:
            raise RuntimeError(row.error)
        if "half" not in row.cursor or not row.cursor["half"]:
            break
    took = time.monotonic() - began
    PhoneFeed.objects.filter(pk=feed_id).update(due_at=None)  # the next one reads a table of its own
    told = mine.count() - before
    if told != wanted:
        raise RuntimeError(f"{told} of {wanted} records came in")
    return {"seconds": took, "records": told, "redeemed": mine.filter(state=CallState.REDEEMED).count()}


def latency(merchant: str, calls: str, feed_id: str) -> dict[str, Any]:
    """Seconds from a call's row at the telephony server to the order's new state, worker and beat at work."""
    from django.db import connection

    from common import clock
    from orders.models import Order, OrderState, PhoneFeed

    PhoneFeed.objects.filter(pk=feed_id).update(due_at=clock.now())
    waiting: dict[Any, float] = {}
    seconds: list[float] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.order_id, b.buyer_digits, b.number_digits FROM orders_binding b JOIN orders_order o"
            " ON o.id = b.order_id WHERE b.merchant_id = %s AND b.end_reason = '' AND o.state = 'paid'"
            " ORDER BY b.id LIMIT %s",
            [merchant, int(calls)],
        )
        for order_id, buyer, number in cursor.fetchall():
            cursor.execute(
                'INSERT INTO telephony.acc (method, callid, sip_code, "time", src_user, dst_user) VALUES'
                " ('INVITE', %s, '200', now() AT TIME ZONE 'UTC', %s, %s)",
                [f"late-{order_id}", f"+{buyer}", f"+{number}"],
            )
            waiting[order_id] = time.monotonic()
            pause = time.monotonic() + 0.1
            while time.monotonic() < pause:
                seconds += _arrived(waiting, Order, OrderState.REDEEMED)
                time.sleep(TICK_SECONDS)
    deadline = time.monotonic() + LATEST_SECONDS
    while waiting and time.monotonic() < deadline:
        seconds += _arrived(waiting, Order, OrderState.REDEEMED)
        time.sleep(TICK_SECONDS)
    if waiting:
        raise RuntimeError(f"{len(waiting)} calls have redeemed nothing")
    return {"seconds": sorted(seconds)}


def _arrived(waiting: dict[Any, float], model: Any, state: str) -> list[float]:
    now = time.monotonic()
    done = model.objects.filter(pk__in=list(waiting), state=state).values_list("pk", flat=True)
    return [now - waiting.pop(order_id) for order_id in done]


if __name__ == "__main__":
    main()
