"""A running server on loopback and time that the test moves: for callbacks that truly travel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler, get_internal_wsgi_application
from django.test import override_settings

from common import clock
from ledger.accounts import in_flight
from ledger.queries import balance
from orders.models import Order
from payments.gateways.sandbox import provider
from payments.models import Payment, Return, SandboxCharge
from tests.cast import CNY, Caller, Cast, settle


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class Server:
    """The project behind a socket, each request in a thread and with a connection of its own."""

    def __init__(self) -> None:
        self._server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet, ipv6=False)
        self._server.daemon_threads = True
        self._server.set_app(get_internal_wsgi_application())
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


@dataclass(slots=True)
class Stage:
    """The cast with a server that hears callbacks, and what became of everything."""

    cast: Cast

    def wait(self, **moment: float) -> int:
        """Time passes, and everything that is due then happens; how many things did."""
        clock.advance(timedelta(**moment))
        return settle()

    def payment(self, order: dict[str, Any], payer: Caller) -> Payment:
        """A payer's last try to pay an order."""
        person = self.cast.buyer if payer is self.cast.buyer_key else self.cast.second_buyer
        return Payment.objects.filter(order__live_token=token(order), payer=person).latest("created_at")

    def charge(self, payment: Payment) -> SandboxCharge:
        """What the provider has in its books."""
        return SandboxCharge.objects.get(key=payment.pk)

    def decides(self, payment: Payment, outcome: str) -> None:
        """The payer makes up their mind on the provider's page."""
        assert provider.finish(self.charge(payment).pk, outcome) is not None

    def returned(self, payment: Payment) -> Return:
        """The one return of a payment."""
        return Return.objects.get(payment=payment)

    def state(self, order: dict[str, Any]) -> str:
        """The order's state now."""
        return str(Order.objects.get(live_token=token(order)).state)

    def held(self) -> int:
        """What the shop's orders hold in escrow."""
        return int(self.cast.owner_key.get("balance").body["held"])


def token(order: dict[str, Any]) -> str:
    """The token of an order's live code."""
    return str(order["live_code"]["token"])


def wallet(caller: Caller) -> int:
    """What lies in a buyer's wallet."""
    return int(caller.get("me").body["wallet"]["balance"])


def on_its_way() -> int:
    """What was sent to the sandbox and is not confirmed, of everybody."""
    return balance(in_flight("sandbox"), CNY)


def stage(cast: Cast) -> Iterator[Stage]:
    """The body of the fixture: serve."""
    with Server() as server, override_settings(BASE_URL=server.url):
        yield Stage(cast)
