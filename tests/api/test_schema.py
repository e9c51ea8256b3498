"""The published OpenAPI document: it describes exactly the routes there are, and they keep to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from common.api import ApiView, UnknownRouteView
from merchants.flows.add_endpoint import add_endpoint
from tests.cast import Caller, Cast
from tests.coupons.stage import issue, make_campaign
from tests.refunds.stage import ask as ask_back

CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FAST, SLOW = 8, 40
HIDDEN = {"gateways/<str:name>/callback", "feeds/<str:feed_id>/<str:kind>"}
"""Routes for providers, not for clients."""


@cache
def document() -> dict[str, Any]:
    """The document as it is published."""
    found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return dict(found)


def operations() -> list[tuple[str, str]]:
    methods = ("get", "post", "put", "patch", "delete")
    return [
        (path, method) for path, item in document()["paths"].items() for method in item if method in methods
    ]


def routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, type[ApiView]]]:
    """Every route of the API in the URL conf, with its view."""
    for found in resolver.url_patterns:
        route = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from routes(found, route)
        elif isinstance(found.pattern, RoutePattern) and route.startswith("api/v1/"):
            yield route.removeprefix("api/v1/"), found.callback.view_class  # type: ignore[attr-defined]


# --- the document ---------------------------------------------------------------------------


def test_it_describes_exactly_the_routes_there_are() -> None:
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/api/v1/{route}"), method)
        for route, view in routes(get_resolver())
        if route not in HIDDEN and view is not UnknownRouteView
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method)
    }
    assert set(operations()) == there


def test_it_is_published_as_yaml_and_json(cast: Cast) -> None:
    answer = cast.nobody.call("GET", "/api/schema/", query={"format": "json"})
    assert answer.status == 200
    assert set(answer.body["paths"]) == set(document()["paths"])
    assert cast.nobody.get("/api/schema/").headers["Content-Type"].startswith("application/vnd.oai.openapi")
    assert cast.nobody.get("/api/docs/").status == 200


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_operation_says_what_it_does(path: str, method: str) -> None:
    operation = document()["paths"][path][method]
    assert operation["operationId"]
    assert operation["description"] or operation["summary"]
    assert operation["security"] == [{"key": []}]
    is_post = method == "post"
    keys = [found for found in operation.get("parameters", ()) if found["name"] == "Idempotency-Key"]
    assert len(keys) == is_post, "every POST accepts an Idempotency-Key"
    if is_post:
        assert {"409", "422"} <= set(operation["responses"]), "the key in flight, the key reused"
    if "requestBody" in operation:
        assert {"400", "413", "415", "422"} <= set(operation["responses"])
    if "{" in path:
        assert "404" in operation["responses"]
    for status, response in operation["responses"].items():
        kinds = set(response.get("content", ()))
        assert kinds == ({"application/problem+json"} if int(status) >= 400 else kinds)


def test_prices_are_bounded_integers() -> None:
    schemas = document()["components"]["schemas"]
    for name, field in (("ProductInRequest", "price"), ("TopUpInRequest", "amount")):
        found = schemas[name]["properties"][field]
        assert (found["type"], found["minimum"], found["maximum"]) == ("integer", 1, 999_999_999)


def bodies() -> set[str]:
    """The schemas of what goes in, and of what comes out one at a time."""
    found = set()
    for path, method in operations():
        operation = document()["paths"][path][method]
        answers = [answer for status, answer in operation["responses"].items() if status < "300"]
        for holder in [operation.get("requestBody", {}), *answers]:
            for content in holder.get("content", {}).values():
                shown = content["schema"].get("items", content["schema"])  # an array's rows
                name = shown["$ref"].rpartition("/")[2]
                schema = document()["components"]["schemas"][name]
                row = schema["properties"].get("results", {}).get("items", {}).get("$ref")
                found.add(row.rpartition("/")[2] if row else name)
    return found


@pytest.mark.parametrize("name", sorted(bodies()))
def test_every_body_has_an_example_that_fits(name: str) -> None:
    schema = document()["components"]["schemas"][name]
    example = schema["example"]
    assert set(schema.get("required", ())) <= set(example) <= set(schema["properties"])
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list}
    for field, value in example.items():
        kind = schema["properties"][field].get("type")
        assert value is None or kind not in kinds or type(value) is kinds[kind], field


# --- the routes keep to it --------------------------------------------------------------------


def key_for(cast: Cast, path: str) -> Caller:
    """The kind of key that a path is for."""
    return cast.buyer_key if path.startswith(("/api/v1/me", "/api/v1/live-codes")) else cast.owner_key


def real_ids(cast: Cast, path: str) -> dict[str, str]:
    """Things that are there, for the places of a path."""
    names = re.findall(r"{(\w+)}", path)
    if not names:
        return {}
    order = cast.order() if "cancel" in path or path.endswith("/pay") else cast.paid_order()
    payments = cast.owner_key.get("payments").body["results"] or [{"id": "pay_x"}]
    endpoint = add_endpoint(cast.merchant, "https://shop.example/hook", ["*"]).endpoint
    found = {
        "order_id": order["id"],
        "token": order["live_code"]["token"],
        "campaign_id": (campaign := make_campaign(cast)),
        "coupon_id": issue(cast, campaign),
        "payment_id": payments[0]["id"],
        "endpoint_id": endpoint.public_id,
        "refund_id": ask_back(cast.buyer_key, order["items"][0]["code"]).body.get("id", "rfd_x"),
        "customer_id": "cus_" + "0" * 32,
    }
    return {name: found[name] for name in names}


@cache
def schema() -> Any:
    loaded = schemathesis.openapi.from_dict(document())
    loaded.app = WSGIHandler()
    return loaded


@contextmanager
def one_connection() -> Iterator[None]:
    """As Django's own test client: the end of a request does not end the test's connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def play(cast: Cast, path: str, method: str, mode: GenerationMode, examples: int, *, real: bool) -> None:
    """Call an operation with made-up data and hold every answer against the document."""
    own = key_for(cast, path)
    keys = [own, own, own, cast.app_key, cast.nobody]
    strategy = schema()[path][method.upper()].as_strategy(
        generation_mode=mode, path_parameters=real_ids(cast, path) if real else None
    )
    count = 0

    @hypothesis_settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: schemathesis.Case[Any]) -> None:
        nonlocal count
        caller = keys[count % len(keys)] if count else own
        count += 1
        headers = {} if caller.key is None else {"Authorization": f"Bearer {caller.key}"}
        response = case.call(base_url="http://testserver", headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)

    with one_connection():
        run()


MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), operations())
def test_answers_are_as_described(cast: Cast, path: str, method: str, mode: GenerationMode) -> None:
    play(cast, path, method, mode, FAST, real=mode is GenerationMode.POSITIVE)


@pytest.mark.slow
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), operations())
def test_answers_are_as_described_at_length(
    cast: Cast, path: str, method: str, mode: GenerationMode, real: bool
) -> None:
    play(cast, path, method, mode, SLOW, real=real)
