"""Other people's webhook endpoints: which addresses may be called, and calling them."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

import httpx
from django.conf import settings
from standardwebhooks import Webhook

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MAX_URL_LENGTH = 500
_MAX_ANSWER_BYTES = 4096
_KEPT_ANSWER = 1000
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


@dataclass(frozen=True, slots=True)
class Letter:
    """A webhook ready to go: `message_id` is the same at every attempt."""

    url: str
    message_id: str
    body: str
    secret: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt: a status, or an error in words."""

    status: int | None
    text: str
    error: str
    duration_ms: int

    @property
    def is_yes(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint wants to hear no more."""
        return self.status == 410


def may_call(url: str) -> bool:
    """Whether a webhook may be sent to this address: the one place that decides it.

    `https`; while `DEBUG` also `http` and this machine itself. No user or password in it.
    """
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    schemes = ("https", "http") if settings.DEBUG else ("https",)
    if parsed.scheme not in schemes or parsed.userinfo or not _is_port(parsed.port):
        return False
    return _is_host(parsed.host) and (settings.DEBUG or not _is_this_machine(parsed.host))


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port < 65536


def _is_host(host: str) -> bool:
    return len(host) <= 253 and (":" in host or _HOST_NAME.fullmatch(host) is not None)


def _is_this_machine(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def signed_headers(letter: Letter) -> dict[str, str]:
    """The headers of Standard Webhooks, and what any JSON needs."""
    at = letter.at.astimezone(UTC)
    return {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "Livetill-Webhooks/1",
        "webhook-id": letter.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(letter.secret).sign(letter.message_id, at, letter.body),
    }


class Courier:
    """Carries many letters at once on a thread of its own, so that a slow endpoint delays no other.

    Knows nothing of the database. Every attempt ends within `TOTAL_SECONDS`, drip as it may.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="courier", daemon=True)

    def __enter__(self) -> Courier:
        self._thread.start()
        timeout = httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(
            timeout=timeout, limits=limits, follow_redirects=False, trust_env=False
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(TOTAL_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TOTAL_SECONDS)
        self._loop.close()

    def send(self, letter: Letter) -> Future[Answer]:
        """Begin to send a letter; the future never holds an exception of the outside's making."""
        return asyncio.run_coroutine_threadsafe(self._send(letter), self._loop)

    async def _send(self, letter: Letter) -> Answer:
        began = time.monotonic()
        status, text, error = None, "", ""
        try:
            if not may_call(letter.url):
                raise ValueError("this address may not be called")
            async with asyncio.timeout(TOTAL_SECONDS):
                status, text = await self._post(letter)
        except TimeoutError:
            error = f"no answer within {TOTAL_SECONDS:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:300]
        if status is not None and 300 <= status < 400:
            error = "redirects are not followed"
        return Answer(status, text, error, round((time.monotonic() - began) * 1000))

    async def _post(self, letter: Letter) -> tuple[int, str]:
        headers, content = signed_headers(letter), letter.body.encode()
        async with self._client.stream("POST", letter.url, content=content, headers=headers) as answer:
            read = b""
            async for chunk in answer.aiter_raw():
                read += chunk
                if len(read) >= _MAX_ANSWER_BYTES:
                    break
        text = read[:_MAX_ANSWER_BYTES].decode("utf-8", "replace").replace("\x00", "")
        return answer.status_code, text[:_KEPT_ANSWER]

    async def _close(self) -> None:
        unfinished = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._client.aclose()
