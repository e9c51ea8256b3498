"""A small load generator: keep-alive connections on loopback, each with one request under way.

It shares the machine with what it measures, so it does as little as it can for each answer.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_WAIT_SECONDS = 30


@dataclass(slots=True)
class Load:
    """What a run of requests came to; times in seconds."""

    elapsed_seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies_seconds: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.elapsed_seconds


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def request(method: str, path: str, host: str, key: str = "", body: bytes = b"", cookie: str = "") -> bytes:
    """An HTTP/1.1 request as bytes."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if key:
        head.append(f"Authorization: Bearer {key}")
    if cookie:
        head.append(f"Cookie: {cookie}")
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def drive(host: str, port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Load:
    """Keep `clients` connections busy until time or requests run out; loopback only."""
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("loads go to loopback only")
    load = Load()
    poll = select.epoll()
    connections = [_Connection(_connect(host, port)) for _place in range(clients)]
    by_number = {connection.sock.fileno(): connection for connection in connections}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    try:
        _run(load, poll, by_number, requests, seconds)
    finally:
        poll.close()
        for connection in connections:
            connection.sock.close()
    return load


def _connect(host: str, port: int) -> socket.socket:
    sock = socket.create_connection((host, port), timeout=_WAIT_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _run(
    load: Load,
    poll: select.epoll,
    by_number: dict[int, _Connection],
    requests: Iterator[bytes],
    seconds: float,
) -> None:
    began = time.perf_counter()
    deadline = began + seconds
    waiting = sum(_send(connection, requests) for connection in by_number.values())
    while waiting:
        events = poll.poll(_WAIT_SECONDS)
        if not events:
            raise TimeoutError(f"no answer for {_WAIT_SECONDS} seconds")
        for number, _event in events:
            connection = by_number[number]
            status = _receive(connection)
            if status is None:
                continue
            now = time.perf_counter()
            load.statuses[status] = load.statuses.get(status, 0) + 1
            load.latencies_seconds.append(now - connection.sent_at)
            waiting -= 1
            if now < deadline:
                waiting += _send(connection, requests)
    load.elapsed_seconds = time.perf_counter() - began


def _send(connection: _Connection, requests: Iterator[bytes]) -> int:
    following = next(requests, None)
    if following is None:
        return 0
    connection.sent_at = time.perf_counter()
    connection.sock.sendall(following)
    return 1


def _receive(connection: _Connection) -> int | None:
    """The status of a whole answer, which is then forgotten; None while it is partial."""
    chunk = connection.sock.recv(262_144)
    if not chunk:
        raise ConnectionError("the server closed a connection")
    data = connection.received = connection.received + chunk if connection.received else chunk
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(data, 0, end + 2)
    if length is None:
        raise ValueError("an answer that does not say how long it is")
    if len(data) < end + 4 + int(length[1]):
        return None
    connection.received = b""
    return int(data[9:12])
