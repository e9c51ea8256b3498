"""Random codes that must be unique: where one is somebody's already, all is done once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, models
from psycopg import errors

from common import locking

Made = TypeVar("Made")


def once_more_if_taken(model: type[models.Model], make: Callable[[], Made]) -> Made:
    """What `make` makes; anew where a row of the model collided with another.

    Inside a transaction that somebody else opened it raises `locking.TryAgain`, for them to repeat.
    """
    try:
        return make()
    except IntegrityError as error:
        cause = error.__cause__
        taken = isinstance(cause, errors.UniqueViolation) and cause.diag.table_name == model._meta.db_table
        if not taken:
            raise
        if locking.is_open():
            raise locking.TryAgain from error
    return make()
