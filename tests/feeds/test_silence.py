"""A telephony server that lets us in and then says nothing more; its machine still answers."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from common import clock
from orders.gateways import sql
from orders.gateways.asterisk import Asterisk
from orders.gateways.base import FeedError
from orders.gateways.kamailio import Kamailio

PATIENCE_SECONDS = 20
ENCRYPTED = (80877103, 80877104)
WELCOME = b"R" + struct.pack("!ii", 8, 0) + b"Z" + struct.pack("!i", 5) + b"I"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that hangs up at last, so that whoever waits for it is seen to have waited."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        is_over = threading.Event()
        listening = threading.Thread(target=_listen, args=[server, is_over], daemon=True)
        listening.start()
        yield f"postgresql://reader@127.0.0.1:{server.getsockname()[1]}/kamailio?sslmode=disable"
        is_over.set()
        server.shutdown(socket.SHUT_RDWR)
        listening.join(PATIENCE_SECONDS)


def _listen(server: socket.socket, is_over: threading.Event) -> None:
    with suppress(OSError):
        line, _address = server.accept()
        with line:
            while struct.unpack("!ii", _received(line))[1] in ENCRYPTED:
                line.sendall(b"N")
            line.sendall(WELCOME)
            is_over.wait(PATIENCE_SECONDS)


def _received(line: socket.socket) -> bytes:
    head = line.recv(8, socket.MSG_WAITALL)
    line.recv(struct.unpack("!i", head[:4])[0] - 8)
    return head


@pytest.mark.parametrize("provider", [Kamailio(), Asterisk()], ids=lambda one: one.name)
def test_a_server_that_says_nothing_more_is_left(
    silent: str, provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "LONGEST_SECONDS", 0.2, raising=False)
    with pytest.raises(FeedError, match="then said nothing more"):
        list(provider.fetch({"dsn": silent}, {}, clock.now()))
