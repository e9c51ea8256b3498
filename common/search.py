"""Finding a piece of text anywhere in a column by an index, in any language.

`common_grams` (an SQL function of ours, since `pg_trgm` is not everywhere) gives a text's characters and
pairs of neighbours; a GIN index over them narrows a search to rows that hold every pair of what is looked
for, and a plain comparison decides.
"""

from __future__ import annotations

from typing import TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.lookups import DataContains
from django.db import models
from django.db.models import Func, TextField, Value

Row = TypeVar("Row", bound=models.Model)


class Grams(Func):
    """The characters and pairs of neighbouring characters in a text, in lower case."""

    function = "common_grams"
    arity = 1
    output_field = ArrayField(TextField())


def holding(rows: models.QuerySet[Row], field: str, text: str) -> models.QuerySet[Row]:
    """The rows whose field holds the text, whatever its case; needs an index over `Grams(field)`.

    The index leaves empty texts out (`WHERE field > ''`).
    """
    rows = rows.filter(DataContains(Grams(field), Grams(Value(text))))
    return rows.filter(**{f"{field}__gt": "", f"{field}__icontains": text})
