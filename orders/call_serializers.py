"""The API's words for call records and service numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common import ids
from common.fields import StrictCharField, moment_out, parse_moment
from orders.gateways.base import CallFact, Rejected
from orders.models import CallReason, CallRecord, CallState, ServiceNumber

MAX_RECORDS = 1000
MAX_NUMBER = 80
NUMBER_STATES = ("free", "bound", "cooling", "retired")


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, str, str, Any]):
    """An RFC 3339 time with its offset."""

    def to_internal_value(self, data: Any) -> datetime:
        moment = parse_moment(data) if isinstance(data, str) else None
        if moment is None:
            raise serializers.ValidationError(_("An RFC 3339 time with its offset."), code="invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return moment_out(value) or ""


class KindField(serializers.ChoiceField):
    """`call` or `sms`. Anything else is refused unrepeated: it may hold what no answer can."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            known = ", ".join(self.choices)
            raise serializers.ValidationError(
                _("One of: %(known)s.") % {"known": known}, code="invalid_choice"
            )
        return data


class CallIn(serializers.Serializer[Any]):
    """One call or text message; a caller who withheld the number is null or empty."""

    provider = StrictCharField(max_length=40)
    call_id = StrictCharField(max_length=200)
    caller = StrictCharField(max_length=MAX_NUMBER, allow_null=True, allow_blank=True)
    called = StrictCharField(max_length=MAX_NUMBER)
    started_at = MomentField()
    answered_at = MomentField(required=False, allow_null=True)
    ended_at = MomentField(allow_null=True)
    kind = KindField(CallRecord.Kind.choices)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What ends before it begins is no call."""
        began, answered, ended = attrs["started_at"], attrs.get("answered_at"), attrs.get("ended_at")
        moments = [moment for moment in (began, answered, ended) if moment is not None]
        if moments != sorted(moments):
            raise serializers.ValidationError(
                {"ended_at": [serializers.ErrorDetail(_("Before it began."), "invalid")]}
            )
        return attrs


class RejectedOut(serializers.Serializer[Any]):
    """A record that was not taken, by its place in the array."""

    index = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ReceivedOut(serializers.Serializer[Any]):
    """What became of an array of records."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RejectedOut(many=True)
    redeemed = serializers.ListField(child=serializers.CharField())


class CallOut(serializers.Serializer[Any]):
    """A call record, what it did, and why it did nothing."""

    id = serializers.CharField()
    provider = serializers.CharField()
    call_id = serializers.CharField()
    kind = serializers.ChoiceField(CallRecord.Kind.choices)
    caller = serializers.CharField(allow_null=True)
    called = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    match = serializers.ChoiceField(CallState.choices)
    reason = serializers.ChoiceField(CallReason.choices, allow_null=True)
    order = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()


class NumberIn(serializers.Serializer[Any]):
    """A number for the pool, in any spelling of the merchant's region."""

    number = StrictCharField(max_length=40)


class NumberOut(serializers.Serializer[Any]):
    """A number of the pool; `active_bindings` orders wait for its calls."""

    id = serializers.CharField()
    number = serializers.CharField()
    state = serializers.ChoiceField([(word, word) for word in NUMBER_STATES])
    active_bindings = serializers.IntegerField()


def read_calls(data: Sequence[Any]) -> tuple[list[tuple[int, CallFact]], list[Rejected]]:
    """What can be read of an array, each with its place, and what can't."""
    facts: list[tuple[int, CallFact]] = []
    rejected: list[Rejected] = []
    serializer = CallIn()
    for place, one in enumerate(data):
        try:
            asked = serializer.run_validation(one)
        except serializers.ValidationError as error:
            rejected.append(_rejected(place, error.detail))
            continue
        facts.append((place, CallFact(**{**asked, "caller": asked["caller"] or ""})))
    return facts, rejected


def _rejected(place: int, detail: Any) -> Rejected:
    """The first thing that is wrong with a record."""
    name, problems = next(iter(detail.items())) if isinstance(detail, dict) else ("", detail)
    problem = problems[0] if isinstance(problems, list) else problems
    field = "" if name in ("", "non_field_errors") else f"{name}: "
    return Rejected(place, str(getattr(problem, "code", "invalid")), f"{field}{problem}")


def call_out(record: CallRecord) -> dict[str, Any]:
    """What `CallOut` describes."""
    return {
        "id": record.public_id,
        "provider": record.provider,
        "call_id": record.call_id,
        "kind": record.kind,
        "caller": record.caller or None,
        "called": record.called or None,
        "started_at": moment_out(record.started_at),
        "answered_at": moment_out(record.answered_at),
        "ended_at": moment_out(record.ended_at),
        "match": record.state,
        "reason": record.reason or None,
        "order": ids.public_id("ord", record.order_id) if record.order_id else None,
        "received_at": moment_out(record.received_at),
    }


def number_out(number: ServiceNumber) -> dict[str, Any]:
    """What `NumberOut` describes; the row comes from `numbers_of`."""
    return {
        "id": number.public_id,
        "number": number.number,
        "state": getattr(number, "state", "free"),
        "active_bindings": getattr(number, "active_bindings", 0),
    }
