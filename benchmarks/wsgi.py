"""What the web server of the benchmarks calls: the project, and `/bare`, a Django without middleware."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from config.wsgi import application as project


def _bare_handler() -> WSGIHandler:
    from django.conf import settings

    passed, settings.MIDDLEWARE = settings.MIDDLEWARE, []
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = passed


_bare = _bare_handler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """One of the two."""
    handler = _bare if environ["PATH_INFO"] == "/bare" else project
    answer: Iterable[bytes] = handler(environ, start_response)
    return answer
