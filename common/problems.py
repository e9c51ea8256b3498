"""Errors as RFC 9457 problems: one place turns whatever went wrong into `application/problem+json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from django.utils.encoding import force_str
from django.utils.translation import gettext as _, gettext_lazy
from rest_framework import exceptions

from common.refusals import FieldProblem, InvalidInput, Refusal

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
# Connection, operator's intervention, resources; and what PostgreSQL undid so that others could go
# on (deadlock, serialization, a lock waited for too long): nothing was done, asking again is right.
_TRY_AGAIN = ("08", "57P", "53", "40", "55P03")

_log = structlog.get_logger(__name__)

_OF_DRF: dict[type[Exception], tuple[int, str]] = {
    exceptions.ParseError: (400, "malformed"),
    exceptions.UnsupportedMediaType: (415, "unsupported_media_type"),
    exceptions.NotAuthenticated: (401, "unauthenticated"),
    exceptions.AuthenticationFailed: (401, "unauthenticated"),
    exceptions.PermissionDenied: (403, "forbidden"),
    exceptions.MethodNotAllowed: (405, "method_not_allowed"),
    exceptions.Throttled: (429, "too_many_requests"),
    exceptions.NotFound: (404, "not_found"),
    exceptions.NotAcceptable: (406, "not_acceptable"),
}

# DRF's own words for these hold a place to be filled in.
_TITLES = {
    405: gettext_lazy("This method has no meaning here."),
    415: gettext_lazy("Only JSON is read here."),
}


def problem(
    status: int, code: str, title: str, detail: str = "", errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The body of a problem; `type` is an address that explains the code."""
    body: dict[str, Any] = {
        "type": f"/api/problems#{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
    }
    if errors is not None:
        body["errors"] = errors
    return body


def response(body: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    """A problem as an HTTP answer."""
    return HttpResponse(
        json.dumps(body, ensure_ascii=False).encode(errors="replace"),
        status=body["status"],
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def of_exception(error: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    """Any exception as (problem, headers). What is not a refusal is logged and tells nothing."""
    if isinstance(error, Refusal):
        return of_refusal(error)
    if isinstance(error, exceptions.ValidationError):
        return of_refusal(InvalidInput(*_flatten(error.detail)))
    if isinstance(error, OperationalError | InterfaceError) and is_outage(error):
        return _unavailable(error)
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return _of_django_exception(error)


def of_refusal(refusal: Refusal) -> tuple[dict[str, Any], dict[str, str]]:
    """A flow's "no" as (problem, headers)."""
    errors = None
    if isinstance(refusal, InvalidInput):
        errors = [{"field": p.field, "code": p.code, "detail": force_str(p.detail)} for p in refusal.problems]
    body = problem(
        refusal.status, refusal.code, force_str(refusal.title), force_str(refusal.detail), errors=errors
    )
    return body, refusal.headers


def is_outage(error: Exception) -> bool:
    """Whether asking again is right, rather than one statement of ours being at fault."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_TRY_AGAIN)


def _unavailable(error: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    _log.warning("database_unavailable", error=str(error))
    title = _("The service is away for a moment.")
    return problem(503, "unavailable", title), {"Retry-After": str(RETRY_SECONDS)}


def _of_api_exception(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    status, code = _OF_DRF.get(type(error), (error.status_code, "refused"))
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, int(getattr(error, "wait", None) or 1)))
    title = _TITLES.get(status, error.default_detail)
    return problem(status, code, force_str(title), force_str(error.detail)), headers


def _of_django_exception(error: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(error, Http404):
        return problem(404, "not_found", _("There is no such thing here.")), {}
    if isinstance(error, PermissionDenied):
        return problem(403, "forbidden", _("This is not yours to do.")), {}
    if isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", _("The request is too large.")), {}
    if isinstance(error, SuspiciousOperation | UnicodeError):
        return problem(400, "malformed", _("The request could not be read.")), {}
    _log.error("unexpected_error", exc_info=error)
    return problem(500, "internal", _("Something went wrong on our side.")), {}


def _flatten(detail: Any, path: str = "") -> Iterator[FieldProblem]:
    """Each leaf of DRF's nested error detail, its place written as `lines.0.quantity`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list) and any(isinstance(inner, dict) for inner in detail):
        for place, inner in enumerate(detail):
            yield from _flatten(inner, f"{path}.{place}" if path else str(place))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flatten(inner, path)
    else:
        yield FieldProblem(path, getattr(detail, "code", "invalid") or "invalid", str(detail))
