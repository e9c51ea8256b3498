"""A body without its length is read all the same: it is no empty body."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from config.chunked import LIMIT_BYTES, sized


def told(body: bytes, **headers: str) -> tuple[str, bytes, str]:
    """Status, and the body and its length as the application saw them."""
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen["length"] = environ.get("CONTENT_LENGTH", "")
        seen["body"] = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return []

    environ = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, **headers}
    sized(application)(environ, lambda status, _headers: seen.setdefault("status", status))
    return seen["status"], seen.get("body", b""), seen.get("length", "")


def test_a_chunked_body_gets_its_length() -> None:
    assert told(b"{}" * 70_000, HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", b"{}" * 70_000, "140000")


def test_a_body_with_a_length_is_left_alone() -> None:
    assert told(b"{}", CONTENT_LENGTH="2") == ("200 OK", b"{}", "2")


def test_a_chunked_body_without_end_is_refused() -> None:
    assert told(b"x" * (LIMIT_BYTES + 1), HTTP_TRANSFER_ENCODING="chunked")[0].startswith("413")
