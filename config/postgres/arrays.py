"""Lists of plain values as PostgreSQL writes arrays, several times as fast as value by value.

psycopg asks a dumper for each value and looks in each for what must be quoted. For sets of a thousand rows
that took longer than all else that is done about a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.array import ListDumper
from psycopg.types.json import Jsonb


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _truth(value: bool) -> str:
    return "t" if value else "f"


def _document(value: Jsonb) -> str:
    written = (value.dumps or json.dumps)(value.obj)
    return _quoted(written if isinstance(written, str) else written.decode())


_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, _quoted),
    (UUID, str),
    (datetime, datetime.isoformat),
    (bool, _truth),
    (int, int.__repr__),
    (Jsonb, _document),
)


class PlainListDumper(ListDumper):
    """Writes lists of texts, ids, moments, truths, numbers or documents itself; psycopg writes the others."""

    def dump(self, obj: list[Any]) -> Any:
        """The array as text; raises what psycopg raises for a value that has no place in one."""
        kinds = set(map(type, obj))
        has_gaps = type(None) in kinds
        kinds.discard(type(None))
        write = _writer(kinds)
        if write is None:
            return super().dump(obj)
        written = (
            ["NULL" if value is None else write(value) for value in obj] if has_gaps else map(write, obj)
        )
        text = "{" + ",".join(written) + "}"
        # The server would cut it there; psycopg says so by name.
        return super().dump(obj) if "\0" in text else text.encode()


def _writer(kinds: set[type]) -> Callable[[Any], str] | None:
    for kind, write in _WRITERS:
        if kinds and all(issubclass(one, kind) for one in kinds):
            return write if kind is not int or bool not in kinds else None
    return None
