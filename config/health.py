"""Whether this process runs, and whether what it needs is there."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

BROKER_TIMEOUT_SECONDS = 2

_migrated = False


class NotReady(Exception):
    """What is missing, in words."""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the process runs; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' page: open while DEBUG, else for who brings METRICS_TOKEN as bearer; 404 for others."""
    said = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.DEBUG and not (settings.METRICS_TOKEN and compare_digest(said.encode(), wanted.encode())):
        raise Http404
    page: HttpResponse = ExportToDjangoView(request)
    return page


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, broker and migrations are in order, else 503 naming what is not."""
    checks: dict[str, Callable[[], None]] = {
        "database": check_database,
        "migrations": check_migrations,
        "broker": check_broker,
    }
    said = {name: _outcome(check) for name, check in checks.items()}
    well = all(outcome == "ok" for outcome in said.values())
    return JsonResponse(
        {"status": "ok" if well else "unavailable", "checks": said},
        status=200 if well else 503,
        headers={} if well else {"Retry-After": "2"},
    )


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        return f"failed: {error}"
    except Exception as error:  # whatever it is, this is not ready; the kind is enough for strangers
        return f"failed: {type(error).__name__}"
    return "ok"


def check_database() -> None:
    """Raise unless the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """Raise while there are migrations to run; not asked again once there are none."""
    global _migrated
    if _migrated:
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("there are migrations to run")
    _migrated = True


def check_broker() -> None:
    """Raise unless the broker takes a connection."""
    from config.celery import app

    with app.connection_for_write(connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_SECONDS)
        broker.default_channel  # noqa: B018 - opens it
