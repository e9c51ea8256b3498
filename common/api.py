"""What every API view stands on: strict JSON, problems, idempotency, rate limits, paged lists."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import idempotency, locking, paging, problems, throttles
from common.idempotency import Answer, Ask, Refused
from common.refusals import FieldProblem, InvalidInput, NotFound

JSON = "application/json"
RATE_WINDOW_SECONDS = 10
NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
_KEPT_HEADERS = ("Content-Type", "Location", "Retry-After", "Allow", "WWW-Authenticate")


class StrictJsonParser(JSONParser):
    """JSON whose nesting is sane; anything unreadable is a `malformed` problem."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise exceptions.ParseError(_("JSON nested too deeply.")) from error


class JsonRenderer(BaseRenderer):
    """Compact JSON in UTF-8."""

    media_type = JSON
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


class ApiView(APIView):
    """A thin edge: parse, one call, render. Subclasses say who may call and how often."""

    parser_classes: Any = (StrictJsonParser,)
    renderer_classes: Any = (JsonRenderer,)
    stepwise: ClassVar[bool] = False
    """Whether its POST calls a provider between two transactions (see common/idempotency.py)."""

    remembers: ClassVar[bool] = True
    """Whether it keeps answers to an `Idempotency-Key`: not for strangers, who could send ever new ones."""

    http_method_names: Any = ("get", "head", "post", "put", "patch", "delete")
    subject_id: UUID | None = None

    def credential(self) -> str:
        """Whose the request is, for idempotency and rate limits."""
        return "anonymous"

    def requests_per_second(self) -> int:
        """The rate that this caller may keep up."""
        return 100

    def check_throttles(self, request: Request) -> None:
        """Count the request in the current window; too many is 429 with `Retry-After`."""
        limit = self.requests_per_second() * RATE_WINDOW_SECONDS
        if wait := throttles.wait_seconds(self.credential(), limit, RATE_WINDOW_SECONDS):
            raise exceptions.Throttled(wait=wait)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """There is only JSON."""
        return JsonRenderer(), JSON

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As DRF's, with remembered answers to POSTs that carry an Idempotency-Key."""
        response = self._dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = NO_CONTENT_POLICY
        return response

    def _dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs, self.headers = args, kwargs, {}
        drf_request = self.initialize_request(request, *args, **kwargs)
        self.request = drf_request
        try:
            self.initial(drf_request, *args, **kwargs)
            _refuse_nul(drf_request)
            handler = self._handler(drf_request)
            if self.remembers and drf_request.method == "POST" and "Idempotency-Key" in drf_request.headers:
                return self._answer_once(drf_request, handler)
            response = handler(drf_request, *args, **kwargs)
        except Exception as error:
            return problem_response(error, self)
        self.response = self.finalize_response(drf_request, response, *args, **kwargs)
        return self.response

    def _handler(self, request: Request) -> Callable[..., Any]:
        name = (request.method or "").lower()
        if name not in self.http_method_names:
            raise exceptions.MethodNotAllowed(request.method or "")
        found: Callable[..., Any] | None = getattr(self, name, None)
        if found is None:
            raise exceptions.MethodNotAllowed(request.method or "")
        return found

    def _answer_once(self, request: Request, handler: Callable[..., Any]) -> HttpResponse:
        body = _contents(request)
        method, path = (request.method or "").encode(), request._request.get_full_path().encode()

        def run(subject_id: UUID | None) -> Answer:
            self.subject_id = subject_id
            try:
                drawn = self.finalize_response(request, handler(request, *self.args, **self.kwargs))
            except locking.TryAgain:
                raise
            except Exception as error:
                raise Refused(_answer_of(problem_response(error, self))) from error
            return _answer_of(drawn)

        try:
            ask = Ask.of(self.credential(), request.headers["Idempotency-Key"], method, path, body)
            answer = idempotency.answer_once(ask, run, stepwise=self.stepwise)
        except Exception as error:
            return problem_response(error, self)
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)

    def read(self, serializer: type[serializers.Serializer[Any]], **context: Any) -> dict[str, Any]:
        """The request's body through a serializer; raises what becomes a 400 or 422."""
        data = self.request.data
        if not isinstance(data, dict):
            raise InvalidInput(FieldProblem("", "invalid", "A JSON object is expected."))
        bound = _kept(serializer)
        bound._context, bound.initial_data = context, data
        try:
            validated: dict[str, Any] = bound.run_validation(data)
        finally:
            bound._context, bound.initial_data = {}, None
        return validated

    def page(
        self,
        rows: models.QuerySet[Any],
        render: Callable[..., dict[str, Any]],
        *,
        key: str = "id",
        beside: Callable[[list[Any]], Mapping[Any, Any]] | None = None,
    ) -> Response:
        """A page of a list, newest first.

        `beside` reads for the whole page at once, by primary key, what `render` then gets with each row.
        """
        query = self.request.query_params.dict()
        page = paging.page_of(rows, paging.Place.of_query(query), key=key)
        base = settings.BASE_URL + self.request.path
        found = beside(page.rows) if beside else {}
        return Response(
            {
                "results": [render(row, found[row.pk]) if beside else render(row) for row in page.rows],
                "next": paging.address(base, query, page.older),
                "previous": paging.address(base, query, page.newer),
            }
        )


def _contents(request: Request) -> bytes:
    """What a request says, to be told from another with the same key: a form by its fields and files, since
    clients draw a new boundary for each sending and photos are larger than what is kept in memory."""
    if not (request.content_type or "").startswith("multipart/"):
        # DRF's parser would consume the stream: reading Django's body first keeps the bytes.
        return bytes(request._request.body)
    form: Any = request.data
    told = hashlib.sha256()
    for name in sorted(form):
        for value in form.getlist(name):
            told.update(json.dumps([name, getattr(value, "size", None)]).encode())
            told.update(_digest_of(value))
    return told.digest()


def _digest_of(value: Any) -> bytes:
    if not hasattr(value, "chunks"):
        return hashlib.sha256(str(value).encode(errors="surrogatepass")).digest()
    told = hashlib.sha256()
    for chunk in value.chunks():
        told.update(chunk)
    value.seek(0)
    return told.digest()


class _Threads(threading.local):
    """What each thread keeps: to copy a serializer's fields anew takes longer than to use them."""

    def __init__(self) -> None:
        self.serializers: dict[type, serializers.Serializer[Any]] = {}


_threads = _Threads()


def _kept(serializer: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    found = _threads.serializers.get(serializer)
    if found is None:
        found = _threads.serializers[serializer] = serializer()
    return found


@extend_schema(exclude=True)
class UnknownRouteView(ApiView):
    """Any address under the API that is no route."""

    authentication_classes: Any = ()

    def _handler(self, request: Request) -> Callable[..., Any]:
        raise NotFound


def _refuse_nul(request: Request) -> None:
    """No text in PostgreSQL holds a NUL: nothing is found under such an address, nothing filtered by it."""
    if "\x00" in request.path:
        raise NotFound
    if any("\x00" in value for values in request.query_params.lists() for value in values[1]):
        raise exceptions.ParseError(_("A NUL character in the query."))


def problem_response(error: Exception, view: ApiView | None = None) -> HttpResponse:
    """Whatever went wrong, as a problem."""
    body, headers = problems.of_exception(error)
    if body["status"] == 405 and view is not None:
        headers["Allow"] = ", ".join(method for method in view.allowed_methods if method != "OPTIONS")
    return problems.response(body, headers)


def _answer_of(response: Any) -> Answer:
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, bytes(response.content), headers)


def found_or_404(value: Any) -> Any:
    """The value, or the one `NotFound` for what is not there and what is not the caller's."""
    if value is None:
        raise NotFound
    return value


def query_word(query: Mapping[str, str], name: str, allowed: frozenset[str]) -> str | None:
    """A filter that takes one of a few words; None when it is not given."""
    value = query.get(name)
    if value is not None and value not in allowed:
        raise InvalidInput(
            FieldProblem(name, "invalid", _("One of: %(known)s.") % {"known": ", ".join(sorted(allowed))})
        )
    return value
