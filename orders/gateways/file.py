"""Call records in a file: CSV with a heading, a JSON array, or one JSON object a line.

The words are those of the API's `call-records`. Files may be larger than memory: they are read piece by
piece, and a record that can't be read is told by its line (in a JSON array by its place) with the reason.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TextIO

from common.fields import parse_moment
from orders.gateways.base import CallFact, Rejected

MAX_RECORD = 100_000
CELL_LINES = 20
_PIECE = 1 << 14
_SPACE = " \t\r\n"
_KINDS = ("call", "sms")
_NEEDED = ("call_id", "called", "started_at")
_NAMES = (*_NEEDED, "caller", "provider", "kind", "answered_at", "ended_at")
_TOO_LONG = f"a line of more than {MAX_RECORD:,} characters"
_UNCLOSED = "unexpected end of data"
_UNDECODED = "\ufffd"

Line = tuple[int, CallFact | Rejected]
_Text = tuple[int, str | None]


def read_file(file: TextIO, provider: str) -> Iterator[Line]:
    """The file's records by their line; `provider` is that of records which name none."""
    number, first = 1, file.read(1)
    while first and first in _SPACE + "\ufeff":
        number += first == "\n"
        first = file.read(1)
    lines = _lines(file, first, number)
    rows = _of_array(file) if first == "[" else _of_lines(lines) if first == "{" else _of_csv(lines)
    for place, row in rows:
        yield place, row if isinstance(row, Rejected) else _read(place, row, provider)


def _of_csv(lines: Iterator[_Text]) -> Iterator[tuple[int, Mapping[str, Any] | Rejected]]:
    heading: list[str] | None = None
    for place, cells in _records(lines):
        if isinstance(cells, Rejected):
            yield place, cells
        elif heading is None:
            heading = [name.strip().lower() for name in cells]
            if wrong := _wrong_heading(heading):
                yield place, Rejected(place, "malformed", wrong)
                return
        elif any(cells[len(heading) :]):
            yield place, Rejected(place, "malformed", "more cells than the heading has")
        elif any(cells):
            yield place, dict(zip(heading, cells, strict=False))


def _wrong_heading(names: list[str]) -> str:
    if missing := [name for name in (*_NEEDED, "caller") if name not in names]:
        return f"the heading lacks {', '.join(missing)}"
    twice = [name for name in _NAMES if names.count(name) > 1]
    return f"the heading has {', '.join(twice)} more than once" if twice else ""


def _records(lines: Iterator[_Text]) -> Iterator[tuple[int, list[str] | Rejected]]:
    """Cells by the line that they begin in: a cell in quotes may go on in the next ones.

    A quote that is never closed spoils its own line; the next ones are read as if it weren't there.
    """
    ahead: deque[_Text] = deque()
    while one := ahead.popleft() if ahead else next(lines, None):
        place, text = one
        if text is None:
            yield place, Rejected(place, "malformed", _TOO_LONG)
            continue
        cells, used = _cells(text, ahead, lines)
        for _line in range(used):
            ahead.popleft()
        yield place, Rejected(place, "malformed", cells) if isinstance(cells, str) else cells


def _cells(text: str, ahead: deque[_Text], lines: Iterator[_Text]) -> tuple[list[str] | str, int]:
    """A record's cells and how many lines `ahead` it took up; or what is wrong, and none."""
    for used in range(CELL_LINES):
        try:
            return next(csv.reader([text], strict=True), []), used
        except csv.Error as error:
            if str(error) != _UNCLOSED:
                return str(error), 0
        if used == len(ahead) and (line := next(lines, None)):
            ahead.append(line)
        more = ahead[used][1] if used < len(ahead) else None
        if more is None or len(text) + len(more) > MAX_RECORD:
            break
        text += more
    return "a quote that is not closed", 0


def _lines(file: TextIO, first: str, number: int) -> Iterator[_Text]:
    """Lines by their numbers, the one that was begun put together again; None for one too long to hold."""
    line = first + file.readline(MAX_RECORD)
    while line:
        is_whole = len(line) < MAX_RECORD or line[-1] in "\r\n"
        yield number, line if is_whole else None
        while not is_whole:
            rest = file.readline(MAX_RECORD)
            is_whole = not rest or rest[-1] in "\r\n"
        number, line = number + 1, file.readline(MAX_RECORD)


def _of_lines(lines: Iterator[_Text]) -> Iterator[tuple[int, Mapping[str, Any] | Rejected]]:
    for number, line in lines:
        if line is None:
            yield number, Rejected(number, "malformed", _TOO_LONG)
            continue
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        is_object = isinstance(value, dict)
        yield number, value if is_object else Rejected(number, "malformed", "not a JSON object")


def _of_array(file: TextIO) -> Iterator[tuple[int, Mapping[str, Any] | Rejected]]:
    """An array's objects one after another; what stands behind a fault in its grammar can't be found."""
    decoder, buffer, place = json.JSONDecoder(), "", 0
    is_over = False
    while not is_over or buffer:
        buffer = buffer.lstrip(_SPACE + ",")
        if buffer.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(buffer)
            if end == len(buffer) and not is_over:
                raise ValueError  # a number may go on in the next piece
        except (ValueError, RecursionError):
            if is_over or len(buffer) > MAX_RECORD:
                if buffer:
                    yield place + 1, Rejected(place + 1, "malformed", "no JSON from here on: reading ended")
                return
            piece = file.read(_PIECE)
            buffer, is_over = buffer + piece, not piece
            continue
        place, buffer = place + 1, buffer[end:]
        is_object = isinstance(value, dict)
        yield place, value if is_object else Rejected(place, "malformed", "not an object")


def _read(place: int, row: Mapping[str, Any], provider: str) -> CallFact | Rejected:
    texts = {name: value if isinstance(value, str) else "" for name, value in row.items() if name}
    if garbled := [name for name in _NAMES if _UNDECODED in texts.get(name, "")]:
        return Rejected(place, "malformed", f"{', '.join(garbled)}: not in the file's encoding")
    missing = [name for name in _NEEDED if not texts.get(name, "").strip()]
    if missing:
        return Rejected(place, "required", f"{', '.join(missing)}: missing")
    kind = texts.get("kind", "").strip().lower() or "call"
    told = texts.get("provider", "").strip() or provider
    call_id = texts["call_id"].strip()
    if kind not in _KINDS or len(told) > 40 or not told.isprintable() or len(call_id) > 200:
        wrong = "kind" if kind not in _KINDS else "call_id" if len(call_id) > 200 else "provider"
        return Rejected(place, "invalid", f"{wrong}: not a word that is taken")
    times: dict[str, datetime | None] = {}
    for name in ("started_at", "answered_at", "ended_at"):
        text = texts.get(name, "").strip()
        times[name] = parse_moment(text) if text else None
        if text and times[name] is None:
            return Rejected(place, "invalid", f"{name}: not an RFC 3339 time with its offset")
    began = times["started_at"]
    assert began is not None
    caller, called = (texts.get(name, "").strip() for name in ("caller", "called"))
    return CallFact(told, call_id, caller, called, began, times["answered_at"], times["ended_at"], kind)
