"""Around every request: its id and its line in the log, and an honest 503 while the database is away."""

from __future__ import annotations

import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext

from common import actors, problems

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Addresses of orders and payments are secrets: whoever has them may see and pay. Ids (`ord_…`) are not.
_SECRET_PART = re.compile(r"(?<=/)(?![a-z]{2,4}_)([\w-]{6})[\w-]{14,}")
_UNLOGGED = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)
_log = structlog.get_logger("access")


class RequestLog:
    """Binds a request id (the caller's, if it is a sane one), echoes it, writes one line a request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request.META.get("HTTP_X_REQUEST_ID", "")
        if not _ACCEPTED_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        actors.become(actors.SYSTEM)  # threads serve many: who acted before is not who acts now
        if request.encoding is not None:
            # A claimed charset may be none of texts, as "hex": what is sent to us is UTF-8.
            request.encoding = "utf-8"
        began = time.perf_counter()
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        if not request.path.startswith(_UNLOGGED):
            _log.info(
                "request",
                method=request.method,
                path=_SECRET_PART.sub(r"\1…", request.path),
                status=response.status_code,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
        return response


class Outage:
    """Answers 503 with `Retry-After` when a request failed because the database is away.

    A view's error arrives in `process_exception`; one raised by an inner middleware has become a
    500 by the time it gets here, so that the signal sent on the way marks its request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return unavailable(request) if getattr(request, "met_outage", False) else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """503 instead of a view's error, if that is an outage."""
        return unavailable(request) if _is_outage(error) else None


def _mark(sender: Any, request: HttpRequest | None = None, **_said: Any) -> None:
    error = sys.exc_info()[1]
    if request is not None and error is not None and _is_outage(error):
        request.met_outage = True  # type: ignore[attr-defined]


got_request_exception.connect(_mark, dispatch_uid="config.middleware.outage")


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, OperationalError | InterfaceError) and problems.is_outage(error)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: a problem under /api/, a page elsewhere; neither touches the database."""
    headers = {"Retry-After": str(problems.RETRY_SECONDS)}
    title = gettext("The service is away for a moment.")
    if request.path.startswith("/api/"):
        return problems.response(problems.problem(503, "unavailable", title), headers)
    try:
        page = render_to_string("503.html", {"title": title})
    except Exception:  # whatever the page needs may be away as well
        return HttpResponse(title, status=503, content_type="text/plain; charset=utf-8", headers=headers)
    return HttpResponse(page, status=503, headers=headers)


class ContentSecurity(CSPMiddleware):
    """The site's policy, and the admin's own (`ADMIN_CONTENT_SECURITY_POLICY`) under `/admin/`."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The parts that django-csp builds the header from."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/") and not report_only and parts.replace is None:
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts
