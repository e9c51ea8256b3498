"""A webhook receiver as a merchant would run one: real HTTP on loopback, answers as told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    def opened(self, secret: str) -> Any:
        """The JSON inside, its signature and age verified as Standard Webhooks says."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`plan` holds (status, seconds to wait) of the next answers; then it is always 200.

    With `answers_when` it answers nothing until that is set; `most_at_once` is how many ever waited together.
    """

    url: str = ""
    plan: list[tuple[int, float]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"thanks"
    drip_seconds: float = 0.0
    answers_when: threading.Event | None = None
    at_once: int = 0
    most_at_once: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> tuple[int, float]:
        """How to answer the request at hand."""
        with self.guard:
            return self.plan.pop(0) if self.plan else (200, 0.0)

    def hear(self, request: Heard) -> None:
        """Note a request that waits for its answer from now on."""
        with self.guard:
            self.heard.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)

    def let_go(self) -> None:
        """It is about to be answered."""
        if self.answers_when is not None:
            self.answers_when.wait(10)
        with self.guard:
            self.at_once -= 1


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            receiver.hear(Heard(self.path, dict(self.headers.items()), body))
            status, seconds = receiver.next()
            time.sleep(seconds)
            receiver.let_go()
            try:
                self._say(status)
            except OSError:  # the caller hung up
                self.close_connection = True

        def _say(self, status: int) -> None:
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            if not receiver.drip_seconds:
                self.wfile.write(receiver.answer)
                return
            for place in range(len(receiver.answer)):
                self.wfile.write(receiver.answer[place : place + 1])
                self.wfile.flush()
                time.sleep(receiver.drip_seconds)

        def log_message(self, *_said: Any) -> None:
            pass

    return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens for the length of the block."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
