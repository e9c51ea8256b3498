"""Lists as arrays, a lookup among many values, rows made quickly: what they write is what was meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, connection
from django.db.models import signals
from hypothesis import HealthCheck, given, settings, strategies as some
from psycopg.types.json import Jsonb

from common.models import OutboxEvent
from common.rows import insert_together, maker, prepared_cursor
from orders.models import CallState, Order
from tests.cast import Cast

MOMENTS = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, 10, tzinfo=UTC)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
MOMENT = some.datetimes(
    datetime(1, 1, 3),
    datetime(9999, 12, 29),
    timezones=some.sampled_from([UTC, timezone(timedelta(hours=8))]),
)


def there_and_back(values: list[Any], kind: str, prepared: bool) -> Any:
    """A list written as an array and read again."""
    with prepared_cursor() if prepared else connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [values])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("prepared", [True, False])
@FEW
@given(data=some.data())
def test_lists_come_back_as_they_were(db: None, prepared: bool, data: some.DataObject) -> None:
    kind, one = data.draw(
        some.sampled_from(
            [
                ("text", TEXT | some.sampled_from(["NULL", "null", "{", '"', "\\", ",", " ", "\u2003"])),
                ("uuid", some.uuids()),
                ("timestamptz", MOMENT),
                ("bigint", some.integers(-(2**63), 2**63 - 1)),
                ("boolean", some.booleans()),
            ]
        )
    )
    values = data.draw(some.lists(one | some.none(), max_size=20))
    assert there_and_back(values, kind, prepared) == values


@FEW
@given(documents=some.lists(some.dictionaries(TEXT, TEXT | some.integers(-9, 9) | some.none()), max_size=6))
def test_documents_come_back_as_they_were(db: None, documents: list[dict[str, Any]]) -> None:
    told = there_and_back([Jsonb(one) for one in documents], "jsonb", prepared=True)
    assert [one if isinstance(one, dict) else json.loads(one) for one in told] == documents


def test_words_and_numbers_of_the_house_are_written_by_value(db: None) -> None:
    class Level(IntEnum):
        HIGH = 3

    assert there_and_back([CallState.REDEEMED, "x"], "text", prepared=True) == ["redeemed", "x"]
    assert there_and_back([Level.HIGH, 4], "smallint", prepared=True) == [3, 4]


def test_a_zero_byte_is_refused_and_cuts_nothing(db: None) -> None:
    with pytest.raises((DataError, ValueError), match=r"NUL|null"):
        there_and_back(["before\0after"], "text", prepared=True)


def test_among_finds_what_in_finds(cast: Cast) -> None:
    mine = [UUID(hex=cast.order()["id"][4:]) for _ in range(3)]
    chosen = Order.objects.filter(merchant=cast.merchant).order_by("pk").values_list("pk", flat=True)
    assert list(chosen.filter(pk__among=mine[:2])) == list(chosen.filter(pk__in=mine[:2]))
    assert list(chosen.filter(merchant_id__among={cast.merchant.pk})) == sorted(mine)
    assert list(chosen.filter(pk__among=[])) == []
    assert list(chosen.exclude(pk__among=mine)) == []


def test_rows_that_are_made_quickly_are_rows_like_others() -> None:
    make = maker(OutboxEvent, "name", "subject", "payload")
    made, plain = make("n", "s", {"a": 1}), OutboxEvent(name="n", subject="s", payload={"a": 1})
    for field in OutboxEvent._meta.concrete_fields:
        if field.attname not in ("id", "at"):
            assert getattr(made, field.attname) == getattr(plain, field.attname)
    assert made._state.adding
    assert make("n", "s", {}).id != made.id
    with pytest.raises(TypeError, match="no_such"):
        maker(OutboxEvent, "no_such")


def test_usual_values_are_written_as_any_other(cast: Cast) -> None:
    """Those that a statement spells out, in rows that have them all, some of them, or none."""
    common = {"merchant": cast.merchant, "amount_minor": 5, "currency": "CNY", "expires_at": MOMENTS[0]}
    rows = [
        Order(number="1", **common),
        Order(number="2", **common, note="O'Hara, 100 %", buyer=cast.buyer),
        Order(number="3", **common, awaits_call=True, service_number="+8613800000001"),
        Order(number="4", **common, channel="", scanned_at=MOMENTS[1], closed_at=MOMENTS[1]),
    ]
    for group in (rows[:1], rows[1:2], rows[2:]):
        insert_together(group)
    for row in rows:
        read = Order.objects.get(pk=row.pk)
        for field in Order._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(row, field.attname), field.name


def test_rows_that_somebody_waits_for_are_not_filled_in_quietly() -> None:
    def listen(**_told: Any) -> None:
        pass

    signals.post_init.connect(listen, sender=OutboxEvent)
    try:
        with pytest.raises(TypeError, match="waits"):
            maker(OutboxEvent, "name")
    finally:
        signals.post_init.disconnect(listen, sender=OutboxEvent)
    maker(OutboxEvent, "name")
