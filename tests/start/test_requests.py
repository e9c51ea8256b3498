"""Around every request: ids, log lines, headers, health, and the honest 503."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from pytest_django import Settings

from config import health, middleware


def away(request: HttpRequest) -> HttpResponse:
    """A view that meets a database that went away."""
    raise OperationalError("server closed the connection unexpectedly")


def signed_in_away(request: HttpRequest) -> HttpResponse:
    """A view whose session meets it."""
    request.session["seen"] = True
    return HttpResponse("ok")


urlpatterns = [
    path("away", away),
    path("api/v1/away", away),
    path("session", signed_in_away),
    path("", include("config.urls")),
]


@pytest.fixture
def client() -> Client:
    """A browser that does not raise what a view raised."""
    return Client(raise_request_exception=False)


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection to be had."""

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("connection refused")

    connection.close()
    monkeypatch.setattr(connection, "connect", refuse)


def test_a_request_id_is_made_and_a_sane_one_is_kept(client: Client) -> None:
    """What a caller sends is echoed, unless it could confuse whoever reads the logs."""
    assert len(client.get("/healthz")["X-Request-ID"]) == 32
    assert (
        client.get("/healthz", headers={"X-Request-ID": "till-7.2026-08"})["X-Request-ID"] == "till-7.2026-08"
    )
    for odd in ("a b", 'x"y\\z-----', "short", "x" * 65):
        assert client.get("/healthz", headers={"X-Request-ID": odd})["X-Request-ID"] != odd


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/api/v1/nothing?phone=13800138000", "/api/v1/nothing"),
        ("/x/3yeJvwT4fxZ1wWHy7Z3uQ0", "/x/3yeJvw…"),
        ("/x/ord_01a1fcfa731170d69ac5ae3633463fa1", "/x/ord_01a1fcfa731170d69ac5ae3633463fa1"),
    ],
)
def test_one_line_a_request(client: Client, monkeypatch: pytest.MonkeyPatch, path: str, logged: str) -> None:
    """Nothing of the query, nor of an address that is a secret."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(middleware, "_log", SimpleNamespace(info=lambda event, **said: lines.append(said)))
    client.get(path)
    (line,) = lines
    assert (line["method"], line["path"], line["status"]) == ("GET", logged, 404)
    assert line["ms"] >= 0


@override_settings(ROOT_URLCONF=__name__)
def test_while_the_database_is_away_pages_say_503(client: Client) -> None:
    """A page elsewhere, a problem under /api/, both with Retry-After."""
    page = client.get("/away")
    assert page.status_code == 503
    assert int(page["Retry-After"]) > 0
    assert page["Content-Type"].startswith("text/html")
    problem = client.get("/api/v1/away")
    assert problem.status_code == 503
    assert problem["Content-Type"] == "application/problem+json"
    assert int(problem["Retry-After"]) > 0
    assert json.loads(problem.content)["code"] == "unavailable"


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.django_db
def test_an_outage_met_by_a_middleware_is_503_too(client: Client, broken_database: None) -> None:
    """The session is saved after the view, outside of what a view's error handler sees."""
    answer = client.get("/session")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0


def test_healthz_touches_no_database(client: Client) -> None:
    """pytest-django would refuse it here."""
    assert client.get("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_readyz_when_all_is_well(client: Client) -> None:
    """Database, migrations and broker, each by name."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        200,
        {"database": "ok", "migrations": "ok", "broker": "ok"},
    )


@pytest.mark.django_db
def test_readyz_names_what_is_not(client: Client, broken_database: None) -> None:
    """503, and the rest is still told."""
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["database"].startswith("failed")
    assert checks["broker"] == "ok"


@pytest.mark.django_db
def test_readyz_asks_for_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version must not be sent requests before its tables are there."""
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["one"])
    answer = client.get("/readyz")
    assert answer.json()["checks"]["migrations"] == "failed: there are migrations to run"
    assert answer.status_code == 503


def test_metrics(client: Client, settings: Settings) -> None:
    """In Prometheus' text format."""
    settings.DEBUG = True
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


def test_metrics_are_for_who_has_the_token(client: Client, settings: Settings) -> None:
    """Outside of DEBUG: not there for strangers, nor for anybody where no token is set."""
    settings.DEBUG = False
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = "scraper's"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer scraper's"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/orders"])
def test_whatever_is_no_route_of_the_api_is_a_problem(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_the_content_policy_has_no_unsafe_inline(client: Client) -> None:
    """Neither ours nor the admin's, which alone may evaluate what its library has in attributes."""
    ours = client.get("/healthz")["Content-Security-Policy"]
    assert "unsafe" not in ours
    assert "script-src 'self';" in ours + ";"
    admin = client.get("/admin/nothing/")["Content-Security-Policy"]
    assert "unsafe-inline" not in admin
    assert "script-src 'self' 'unsafe-eval'" in admin
