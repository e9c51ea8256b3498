"""Fields of the API that take exactly what the contract says: no string for a number, no 1 for true."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.ids import parse_public_id, public_id
from common.money import MAX_AMOUNT_MINOR


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: a string, a fraction or a boolean is refused."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class MinorField(StrictIntegerField):
    """An amount of money in minor units, 1 to 999,999,999 unless said otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", MAX_AMOUNT_MINOR)
        super().__init__(**kwargs)


class StrictBooleanField(serializers.BooleanField):
    """JSON true or false, nothing else."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictCharField(serializers.CharField):
    """A JSON string, nothing else."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.STR)
class PublicIdField(serializers.Field[UUID, str, str, Any]):
    """An id with its prefix; what is no such id is as unknown as one that doesn't exist."""

    default_error_messages: ClassVar = {"invalid": _("Not an id."), "unknown": _("There is no such thing.")}

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        found = parse_public_id(self.prefix, data)
        if found is None:
            self.fail("unknown")
        return found

    def to_representation(self, value: UUID) -> str:
        return public_id(self.prefix, value)


def parse_moment(text: str) -> datetime | None:
    """An RFC 3339 moment, in UTC; one without a zone is not one."""
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment is not None and timezone.is_aware(moment) else None
    except (ValueError, OverflowError):
        return None


def moment_out(moment: datetime | None) -> str | None:
    """A time as the API writes it: RFC 3339 in UTC; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field(OpenApiTypes.DATETIME)
class StrictMomentField(serializers.Field[datetime, str, str, Any]):
    """An RFC 3339 moment with its zone, as a JSON string."""

    default_error_messages: ClassVar = {"invalid": _("Not a time in RFC 3339, with its zone.")}

    def to_internal_value(self, data: Any) -> datetime:
        found = parse_moment(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid")
        return found

    def to_representation(self, value: datetime) -> str:
        return moment_out(value) or ""
