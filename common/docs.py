"""Shorthand for the OpenAPI document: every answer that a route can give, problems included."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Makes the request once: the first answer is replayed for 24 hours.",
)
LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description="Rows a page, 1 to 100 (50).")
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` or `previous`.")


class ErrorOut(serializers.Serializer[Any]):
    """One thing wrong with one field."""

    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """RFC 9457 problem; `code` is stable."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = ErrorOut(many=True, required=False)  # type: ignore[assignment]


def problems(*statuses: int) -> dict[Any, Any]:
    """Problem answers of these statuses, and of those that every route can give."""
    every = {400, 401, 403, 413, 429, 503, *statuses}
    return {
        (status, "application/problem+json"): OpenApiResponse(ProblemOut, description="A problem.")
        for status in sorted(every)
    }


def answers(status: int, body: Any, *refusals: int, description: str = "") -> dict[Any, Any]:
    """The good answer and the problems of a route."""
    good = {status: OpenApiResponse(body, description=description)}
    return {**good, **problems(*refusals)}


def page(name: str, row: type[serializers.Serializer[Any]]) -> Any:
    """A page of a list."""
    return inline_serializer(
        name,
        {
            "results": row(many=True),
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
        },
    )
