"""Pages of lists, newest first, by the time-ordered key: a page far back costs what the first costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from common.refusals import FieldProblem, InvalidInput

Row = TypeVar("Row", bound=models.Model)

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
_OLDER, _NEWER = "o", "n"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursors of what lies before and behind them (None where nothing does)."""

    rows: list[Row]
    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: everything older (or newer) than a key; no key is the newest page."""

    limit: int = DEFAULT_LIMIT
    direction: str = _OLDER
    key: UUID | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Place:
        """Read `limit` and `cursor`; raises `InvalidInput` for what is neither."""
        limit = _read_limit(query.get("limit"))
        cursor = query.get("cursor") or ""
        if not cursor:
            return cls(limit)
        direction: str
        key: UUID | None
        try:
            if "cursor=" in cursor:
                cursor = parse_qs(urlsplit(cursor).query).get("cursor", [""])[0]
            direction, key = cursor[0], UUID(hex=cursor[1:])
        except (ValueError, IndexError):
            direction, key = "", None
        if direction not in (_OLDER, _NEWER):
            raise InvalidInput(FieldProblem("cursor", "invalid", _("Not a cursor of this list.")))
        return cls(limit, direction, key)


def _read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidInput(
            FieldProblem("limit", "invalid", _("A number from 1 to %(most)d.") % {"most": MAX_LIMIT})
        )
    return int(text)


def page_of(rows: models.QuerySet[Row], place: Place, *, key: str = "id") -> Page[Row]:
    """The page at `place` of rows ordered by `key` descending; one query."""
    backwards = place.direction == _NEWER
    if place.key is not None:
        rows = rows.filter(**{f"{key}__{'gt' if backwards else 'lt'}": place.key})
    found = list(rows.order_by(key if backwards else f"-{key}")[: place.limit + 1])
    more = len(found) > place.limit
    found = found[: place.limit]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_newer = more if backwards else place.key is not None
    has_older = True if backwards else more
    first, last = getattr(found[0], key), getattr(found[-1], key)
    return Page(
        found,
        older=_OLDER + last.hex if has_older else None,
        newer=_NEWER + first.hex if has_newer else None,
    )


def address(base: str, query: Mapping[str, str], cursor: str | None) -> str | None:
    """The address of the page at a cursor, other parameters kept; None for no cursor."""
    if cursor is None:
        return None
    kept = {name: value for name, value in query.items() if name != "cursor"}
    return f"{base}?{urlencode({**kept, 'cursor': cursor})}"
