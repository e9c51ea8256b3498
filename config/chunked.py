"""Bodies that come without their length (`Transfer-Encoding: chunked`): read, and their length said.

Django reads as much as `Content-Length` says and takes a request without it for an empty one. An
empty body can mean something else altogether: to redeem one item, or the whole order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

LIMIT_BYTES = 16 * 1024 * 1024
_PIECE_BYTES = 64 * 1024

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def sized(application: Application) -> Application:
    """The application, which gets to see every body that comes; one over the limit is refused (413)."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not _read(environ):
            start_response("413 Content Too Large", [("Content-Length", "0"), ("Connection", "close")])
            return []
        return application(environ, start_response)

    return run


def _read(environ: dict[str, Any]) -> bool:
    """Read the body into the environment, which the server ends for us; whether it fits."""
    body = bytearray()
    while piece := environ["wsgi.input"].read(_PIECE_BYTES):
        body += piece
        if len(body) > LIMIT_BYTES:
            return False
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
    return True
