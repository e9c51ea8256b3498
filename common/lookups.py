"""`column__among=values`: as `__in`, with all values as one array.

`__in` has the server parse, and Django prepare and write, each value by itself: with a thousand of them
that takes longer than finding the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Field, Lookup
from django.db.models.fields.related import ForeignObject

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup


class Among(_Lookup):
    """True where the column holds one of these values, which are plain as the database keeps them."""

    lookup_name = "among"

    def get_prep_lookup(self) -> list[Any]:
        """Nothing is prepared: ids, texts and numbers are written as they are."""
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison with an array."""
        if not self.rhs:
            raise EmptyResultSet
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", (*parameters, self.rhs)


def register() -> None:
    """Have every column know it, and every reference to one row."""
    Field.register_lookup(Among)
    ForeignObject.register_lookup(Among)
