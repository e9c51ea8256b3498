"""Writing many rows in one statement (HOUSE, "Verbs, sets"): fewer round trips, same constraints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models import signals
from django.db.models.base import ModelState
from psycopg.types.json import Jsonb

Row = TypeVar("Row", bound=models.Model)


class RowsChanged(RuntimeError):
    """Fewer rows were there, as they had been read, than were to be saved: nothing was written."""


_ROWS_CHANGED = "LT005"


def prepared_cursor() -> CursorWrapper:
    """A cursor for statements that are sent again and again: the server plans each once a connection."""
    cursor: CursorWrapper = connection.prepared_cursor()  # type: ignore[attr-defined]
    return cursor


@lru_cache(maxsize=256)
def _columns(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and isinstance(field, models.AutoField)) and not field.generated
    )


_MANY = 16
"""From so many rows on a statement takes arrays: one for each number of rows would be planned anew."""

_PLAIN_WORD = re.compile(r"[a-z_]*")

# What psycopg writes as it is; any other field is asked, which takes longer than the rest of a row.
_PLAIN = (
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.ForeignKey,
    models.IntegerField,
    models.TextField,
    models.UUIDField,
)


@lru_cache(maxsize=2048)
def _reader(field: models.Field[Any, Any]) -> Callable[[models.Model], Any]:
    """What gives a field's value of a row in the database's form."""
    if isinstance(field, models.JSONField):
        json_of = attrgetter(field.attname)
        return lambda row: None if (value := json_of(row)) is None else Jsonb(value)
    if isinstance(field, _PLAIN) and not (getattr(field, "auto_now", 0) or getattr(field, "auto_now_add", 0)):
        return attrgetter(field.attname)
    return lambda row: field.get_db_prep_value(field.pre_save(row, add=True), connection, prepared=False)


@lru_cache(maxsize=256)
def _readers(model: type[models.Model]) -> tuple[Callable[[models.Model], Any], ...]:
    return tuple(map(_reader, _columns(model)))


def maker(kind: type[Row], *names: str) -> Callable[..., Row]:
    """What makes unsaved rows of a kind from values in the order of these names; the rest are defaults.

    As the model's own class, in a tenth of the time: that looks for each name in each row.
    """
    _refuse_unless_plain(kind)
    columns = {field.attname: field for field in kind._meta.concrete_fields}
    unknown = set(names) - columns.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    rest = [field for name, field in columns.items() if name not in names]
    if any(field.has_db_default() and not field.has_default() for field in rest):
        raise TypeError(f"{kind.__name__} has defaults that only the database knows")
    made = [field for field in rest if field.has_default() and callable(field.default)]
    constants = {field.attname: field.get_default() for field in rest if field not in made}
    makers = [(field.attname, field.get_default) for field in made]

    def make(*values: Any) -> Row:
        row = kind.__new__(kind)
        held = row.__dict__
        held.update(constants)
        held.update(zip(names, values, strict=True))
        for name, default in makers:
            held[name] = default()
        row._state = ModelState()
        return row

    return make


def _refuse_unless_plain(kind: type[models.Model]) -> None:
    """Nobody is told of a row that is filled in like this: so nobody may want to be. Raises `TypeError`."""
    listened = signals.pre_init.has_listeners(kind) or signals.post_init.has_listeners(kind)
    reads = getattr(kind.from_db, "__func__", None) is not getattr(models.Model.from_db, "__func__", None)
    if listened or reads or kind.__init__ is not models.Model.__init__:
        raise TypeError(f"somebody waits for each {kind.__name__} that is made")


def insert_together(*groups: Sequence[models.Model]) -> None:
    """Insert rows of several models in ONE statement, in the order given.

    Foreign keys between them hold, since PostgreSQL checks them at the statement's end.
    Keys made by the database are not read back. Raises what a plain INSERT would.
    """
    parts, values = _inserts(groups)
    if not parts:
        return
    heads = [f"w{place} AS ({part})" for place, part in enumerate(parts[:-1])]
    statement = ("WITH " + ", ".join(heads) + " " if heads else "") + parts[-1]
    with prepared_cursor() as cursor:
        cursor.execute(statement, values)
    _mark_inserted(groups)


def _inserts(groups: Sequence[Sequence[models.Model]]) -> tuple[list[str], list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for group in groups:
        if not group:
            continue
        model = type(group[0])
        readers = _readers(model)
        if len(group) >= _MANY and (statement := _insert_arrays_sql(model)):
            parts.append(statement)
            values.extend([read(row) for row in group] for read in readers)
            continue
        rows = [[read(row) for read in readers] for row in group]
        usual = tuple(
            place for place, value in _usual_values(model) if all(row[place] == value for row in rows)
        )
        parts.append(_insert_sql(model, len(group), usual))
        for row in rows:
            for place in reversed(usual):
                del row[place]
            values.extend(row)
    return parts, values


def _mark_inserted(groups: Sequence[Sequence[models.Model]]) -> None:
    for group in groups:
        for row in group:
            row._state.adding = False
            row._state.db = connection.alias


@dataclass(frozen=True, slots=True)
class Writes:
    """What a hot flow writes beside a function's call, in the same statement: inserts, and saved rows, each
    with the names of its fields. Saved rows are locked by the caller; but for the first, where `version`
    says how it was read (`read_versions`): it is saved only if nobody has changed it since."""

    inserted: Sequence[Sequence[models.Model]]
    saved: Sequence[tuple[models.Model, Sequence[str]]]
    version: str = ""

    def call(self, function: str, arguments: Sequence[Any]) -> None:
        """Send it all with the SQL function's call, which comes after the saving. Raises `RowsChanged`."""
        parts: list[str] = []
        values: list[Any] = []
        for row, names in self.saved:
            update, columns = _update_sql(type(row), tuple(names), single=True)
            values += [_reader(field)(row) for field in columns]
            if self.version and not parts:
                update, values = f"{update} AND xmin = %s::xid", [*values, self.version]
            parts.append(f"{update} RETURNING 1")
        inserts, inserted = _inserts(self.inserted)
        heads = [f"w{place} AS ({part})" for place, part in enumerate([*parts, *inserts])]
        found = " + ".join(f"(SELECT count(*) FROM w{place})" for place in range(len(parts)))
        statement = f"WITH {', '.join(heads)} SELECT rows_as_read({found}, {len(parts)}), {function}"
        try:
            with prepared_cursor() as cursor:
                cursor.execute(statement, [*values, *inserted, *arguments])
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) != _ROWS_CHANGED:
                raise
            raise RowsChanged(str([row._meta.label for row, _names in self.saved])) from error
        _mark_inserted(self.inserted)


@lru_cache(maxsize=128)
def _insert_arrays_sql(model: type[models.Model]) -> str:
    """One statement for any number of rows; empty for a model with arrays, which unnest would flatten."""
    fields = _columns(model)
    if any(isinstance(field, ArrayField) for field in fields):
        return ""
    names = ", ".join(f'"{field.column}"' for field in fields)
    arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT * FROM unnest({arrays})'


@lru_cache(maxsize=256)
def _usual_values(model: type[models.Model]) -> tuple[tuple[int, Any], ...]:
    """The places of columns with a plain default, or that may be empty, and that value."""
    usual = []
    for place, field in enumerate(_columns(model)):
        value = field.default if isinstance(field.default, (bool, int, str)) else None
        if isinstance(value, str) and not _PLAIN_WORD.fullmatch(value):
            continue
        if isinstance(field, _PLAIN) and (value is not None or field.null):
            usual.append((place, value))
    return tuple(usual)


@lru_cache(maxsize=1024)
def _insert_sql(model: type[models.Model], count: int, usual: tuple[int, ...]) -> str:
    """With the usual values written out: each that is sent costs the driver more than reading it here costs
    the server, and psycopg takes apart every time anew what has more than fifty."""
    fields, written = _columns(model), dict(_usual_values(model))
    names = ", ".join(f'"{field.column}"' for field in fields)
    one = ", ".join(_literal(written[place]) if place in usual else "%s" for place in range(len(fields)))
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ' + ", ".join([f"({one})"] * count)


def _literal(value: bool | int | str | None) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)


def save_states(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write the named fields of rows that verbs have changed: one `UPDATE … FROM unnest(…)`.

    The rows must be locked by the caller. Raises `RowsChanged` when one of them is not there.
    """
    if not rows:
        return
    statement, columns = _update_sql(type(rows[0]), tuple(fields), len(rows) == 1)
    if len(rows) == 1:
        values = [_reader(field)(rows[0]) for field in columns]
    else:
        values = [[_reader(field)(row) for row in rows] for field in columns]
    with prepared_cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != len(rows):
            raise RowsChanged(f"{cursor.rowcount} of {len(rows)} rows of {rows[0]._meta.label} saved")


@lru_cache(maxsize=512)
def _update_sql(
    model: type[models.Model], names: tuple[str, ...], single: bool
) -> tuple[str, tuple[models.Field[Any, Any], ...]]:
    """The statement, and the fields whose values it takes: the named ones, the key last."""
    by_name = {field.name: field for field in model._meta.concrete_fields}
    key = model._meta.pk
    assert key is not None
    fields = (*(by_name[name] for name in names), key)
    table, key_column = model._meta.db_table, key.column
    if single:
        sets = ", ".join(f'"{field.column}" = %s' for field in fields[:-1])
        return f'UPDATE "{table}" SET {sets} WHERE "{key_column}" = %s', fields
    sets = ", ".join(f'"{field.column}" = n."{field.column}"' for field in fields[:-1])
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return (
        f'UPDATE "{table}" AS t SET {sets} FROM unnest({arrays}) AS n({columns})'
        f' WHERE t."{key_column}" = n."{key_column}"',
        fields,
    )


def read_rows(
    statement: str, values: Sequence[Any], *kinds: type[models.Model]
) -> list[tuple[models.Model, ...]]:
    """Rows of a hand-written SELECT as models, for hot paths where building the query costs more
    than running it. `{0}`, `{1}`, … in the statement stand for the columns of the kinds, from
    tables aliased `t0`, `t1`, …"""
    return [_made(row, kinds) for row in _fetched(statement, values, kinds)]


def read_among(kind: type[Row], column: str, values: Iterable[Any]) -> list[Row]:
    """The rows whose column holds one of these values, in no order."""
    found = read_rows(f"SELECT {{0}} {from_among(kind, column)}", [list(values)], kind)
    return [cast("Row", row) for (row,) in found]


def from_among(kind: type[models.Model], column: str) -> str:
    """The rest of such a SELECT, for `t0`."""
    return f'FROM "{kind._meta.db_table}" t0 WHERE t0."{column}" = ANY(%s)'


def read_versions(
    statement: str, values: Sequence[Any], *kinds: type[models.Model]
) -> list[tuple[tuple[models.Model, ...], str]]:
    """As `read_rows`; the statement's last column, after those of the kinds, is `t0.xmin::text`: which
    version of its row that was, for `Writes.version`."""
    return [(_made(row, kinds), row[-1]) for row in _fetched(statement, values, kinds)]


def _fetched(statement: str, values: Sequence[Any], kinds: tuple[type[models.Model], ...]) -> list[Any]:
    with prepared_cursor() as cursor:
        cursor.execute(_with_columns(statement, kinds), values)
        found: list[Any] = cursor.fetchall()
    return found


def _made(row: Sequence[Any], kinds: tuple[type[models.Model], ...]) -> tuple[models.Model, ...]:
    made, place = [], 0
    for kind in kinds:
        names = _attribute_names(kind)
        one = kind.__new__(kind)
        one.__dict__.update(zip(names, row[place : place + len(names)], strict=True))
        one._state = state = ModelState()
        state.adding, state.db = False, connection.alias
        made.append(one)
        place += len(names)
    return tuple(made)


@lru_cache(maxsize=128)
def _attribute_names(model: type[models.Model]) -> list[str]:
    _refuse_unless_plain(model)
    return [field.attname for field in model._meta.concrete_fields]


@lru_cache(maxsize=128)
def _with_columns(statement: str, kinds: tuple[type[models.Model], ...]) -> str:
    return statement.format(
        *(
            ", ".join(f't{place}."{field.column}"' for field in kind._meta.concrete_fields)
            for place, kind in enumerate(kinds)
        )
    )
