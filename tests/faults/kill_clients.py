"""Good clients of a till that keeps dying: each logs what it was answered, and asks until it is.

A request that found nobody, was cut off or got the honest 503 is sent again under the same
Idempotency-Key. Now and then a client hangs up before it hears the answer, or asks once more for
one that it had: the answer must be the same to the byte.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

TIMEOUT_SECONDS = 15.0
GIVES_UP_SECONDS = 150.0
HANGS_UP_CHANCE = 0.03
ASKS_AGAIN_CHANCE = 0.05
PAUSE_SECONDS = (0.01, 0.2)
RECENT = 30
SCENARIOS = (
    "",
    "declined",
    "callback",
    "callback_declined",
    "duplicate_callback",
    "late_callback",
    "wrong_amount",
    "timeout",
    "timeout_declined",
    "refund_timeout",
    "refund_declined",
)
"""All but the one whose payer must come to the provider's page."""

ANSWERS = {
    "place": {201, 409},
    "pay": {201, 402, 409},
    "top_up": {201, 402, 409},
    "cancel": {200, 409},
    "redeem": {200, 409},
    "arm": {200, 409},
    "code": {201},
    "collect": {201, 402, 409, 422},
    "reverse": {200, 409},
}
"""What each request may be answered at all."""


@dataclass(slots=True)
class Ask:
    """One request, however often it was sent, and its answer (status 0: none)."""

    what: str
    who: str
    key: str
    path: str
    body: dict[str, Any]
    order: str = ""
    """The order that it is about, or the till's payment."""
    sent: int = 0
    status: int = 0
    content: bytes = b""

    @property
    def answer(self) -> dict[str, Any]:
        """The answer's JSON."""
        found: dict[str, Any] = json.loads(self.content) if self.content else {}
        return found


@dataclass(slots=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    content: bytes


@dataclass
class Shop:
    """What the clients share: the stage that `kill_books.prepare` set, and the orders known so far."""

    port: int
    key: str
    products: list[str]
    buyers: dict[str, str]
    with_keys: bool = True
    hangs_up_chance: float = HANGS_UP_CHANCE
    coupons: dict[str, list[str]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    sales: list[str] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    ending: threading.Event = field(default_factory=threading.Event)
    guard: threading.Lock = field(default_factory=threading.Lock)
    top_ups: int = 0

    def next_amount(self) -> int:
        """An amount that no other top-up has."""
        with self.guard:
            self.top_ups += 1
            return 1_000 + self.top_ups

    def note(self, wrong: str) -> None:
        """Something that must not be."""
        with self.guard:
            self.wrongs.append(wrong)


class Client(threading.Thread):
    """One client, doing one thing after another until the shop closes."""

    def __init__(self, shop: Shop, number: int, seed: int) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.shop, self.number = shop, number
        self.chance = random.Random(seed * 1_000 + number)
        self.line: HTTPConnection | None = None
        self.asked = 0

    def run(self) -> None:
        doings = (self.place, self.place, self.pay, self.pay, self.pay, self.pay)
        rare = (self.cancel, self.redeem, self.redeem, self.top_up, self.look, self.look_at_page)
        till = (self.collect, self.collect, self.collect, self.reverse)
        while not self.shop.ending.is_set():
            try:
                self.chance.choice(doings + rare + till)()
            except Exception as error:  # a client that fell silent would hide what it has seen
                self.shop.note(f"{self.name} failed: {error!r}")
                raise
            time.sleep(self.chance.uniform(*PAUSE_SECONDS))
        self._hang_up()

    # --- what it does ------------------------------------------------------------------------

    def place(self) -> None:
        """An order whose note is the request's key, so that the books tell how often it was placed."""
        product, quantity = self.chance.choice(self.shop.products), self.chance.randint(1, 3)
        ask = self._ask("place", "shop", "orders", {"lines": [{"product": product, "quantity": quantity}]})
        ask.body["note"] = ask.key
        self._send(ask, self.shop.key)
        if ask.status == 201:
            self.shop.orders.append(ask.answer)

    def pay(self) -> None:
        """Somebody pays an order, from the wallet or through the gateway in any of its moods."""
        order = self._order()
        if order is None:
            return
        who, token = self.chance.choice(sorted(self.shop.buyers.items()))
        body: dict[str, Any] = {"source": "wallet", "consent": self.chance.random() < 0.6}
        if self.chance.random() < 0.5:
            body |= {"source": "sandbox", "scenario": self.chance.choice(SCENARIOS)}
        if coupons := self.shop.coupons.get(who) if self.chance.random() < 0.5 else None:
            body["coupon"] = self.chance.choice(coupons)
        self._send(
            self._ask("pay", who, f"live-codes/{order['live_code']['token']}/pay", body, order["id"]), token
        )

    def top_up(self) -> None:
        """Somebody fills a wallet, with an amount that is this request's alone."""
        who, token = self.chance.choice(sorted(self.shop.buyers.items()))
        body = {"amount": self.shop.next_amount(), "currency": "CNY"}
        body["scenario"] = self.chance.choice(SCENARIOS)
        self._send(self._ask("top_up", who, "me/top-ups", body), token)

    def cancel(self) -> None:
        """The shop takes an order back."""
        if order := self._order():
            self._send(self._ask("cancel", "shop", f"orders/{order['id']}/cancel", {}, order["id"]))

    def redeem(self) -> None:
        """The counter redeems one item, or all."""
        if order := self._order():
            code = self.chance.choice(order["items"])["code"]
            body = self.chance.choice(({}, {"item_code": code}))
            self._send(self._ask("redeem", "shop", f"orders/{order['id']}/redeem", body, order["id"]))

    def collect(self) -> None:
        """A buyer shows a code, perhaps with a coupon armed, and the till collects under a reference.

        Now and then it asks once more, as a new request: the sale is the same.
        """
        who, token = self.chance.choice(sorted(self.shop.buyers.items()))
        if coupons := self.shop.coupons.get(who) if self.chance.random() < 0.7 else None:
            self._send(self._ask("arm", who, f"me/coupons/{self.chance.choice(coupons)}/use", {}), token)
        shown = self._ask("code", who, "me/payment-codes", {})
        self._send(shown, token)
        if shown.status != 201:
            return
        body = {"payment_code": shown.answer["code"], "amount": self.chance.choice((700, 1_500, 4_000))}
        ask = self._ask("collect", who, "till/collect", body)
        ask.body["reference"] = ask.key
        self._send(ask)
        if ask.status == 201:
            self.shop.sales.append(ask.answer["id"])
        if ask.status == 201 and self.chance.random() < ASKS_AGAIN_CHANCE:
            self._send(self._ask("collect", who, "till/collect", ask.body))

    def reverse(self) -> None:
        """The till takes a sale back."""
        if sales := self.shop.sales[-RECENT:]:
            sale = self.chance.choice(sales)
            self._send(self._ask("reverse", "shop", f"payments/{sale}/reverse", {}, sale))

    def look(self) -> None:
        """An order that was placed is there, whatever died since."""
        if order := self._order():
            reply = self._until_answered("GET", f"/api/v1/orders/{order['id']}", self.shop.key)
            if reply is not None and reply.status != 200:
                self.shop.note(f"GET {order['id']}: {reply.status} {reply.content!r}")

    def look_at_page(self) -> None:
        """A buyer opens the live code."""
        if order := self._order():
            reply = self._until_answered("GET", f"/pay/{order['live_code']['token']}", "")
            if reply is not None and reply.status != 200:
                self.shop.note(f"page of {order['id']}: {reply.status}")

    def _order(self) -> dict[str, Any] | None:
        recent = self.shop.orders[-RECENT:]
        return self.chance.choice(recent) if recent else None

    # --- how it asks --------------------------------------------------------------------------

    def _ask(self, what: str, who: str, path: str, body: dict[str, Any], order: str = "") -> Ask:
        self.asked += 1
        ask = Ask(what, who, f"{what}-{self.number}-{self.asked}", "/api/v1/" + path, body, order)
        self.shop.asks.append(ask)
        return ask

    def _send(self, ask: Ask, token: str = "") -> None:
        """Send it until it is answered; then perhaps once more, to hear the same."""
        token = token or self.shop.key
        reply = self._until_answered("POST", ask.path, token, ask)
        if reply is None:
            return
        ask.status, ask.content = reply.status, reply.content
        if reply.status not in ANSWERS[ask.what]:
            self.shop.note(f"{ask.key} {ask.body}: {reply.status} {reply.content!r}")
        if self.shop.with_keys and self.chance.random() < ASKS_AGAIN_CHANCE:
            again = self._until_answered("POST", ask.path, token, ask)
            if again is not None and (again.status, again.content) != (reply.status, reply.content):
                self.shop.note(f"{ask.key}: {reply.content!r}, asked again: {again.status} {again.content!r}")

    def _until_answered(self, method: str, path: str, token: str, ask: Ask | None = None) -> Reply | None:
        began = time.monotonic()
        while time.monotonic() - began < GIVES_UP_SECONDS:
            reply = self._once(method, path, token, ask)
            with self.shop.guard:
                self.shop.statuses[str(reply.status) if reply else "no answer"] += 1
            if reply is not None and not self._is_to_be_repeated(path, reply):
                return reply
            time.sleep(self.chance.uniform(0.05, 0.5))
        self.shop.note(f"{method} {path} was not answered in {GIVES_UP_SECONDS:.0f} s")
        return None

    def _is_to_be_repeated(self, path: str, reply: Reply) -> bool:
        """503 and what is still being worked on; any other 5xx is wrong."""
        if reply.status >= 500:
            kind = "application/problem+json" if path.startswith("/api/") else "text/html"
            is_honest = reply.status == 503 and reply.headers.get("retry-after", "").isdigit()
            if not (is_honest and reply.headers.get("content-type", "").startswith(kind)):
                self.shop.note(f"{path}: {reply.status} {reply.headers} {reply.content[:300]!r}")
            return True
        is_in_flight = reply.status == 409 and b'"request_in_flight"' in reply.content
        return reply.status == 429 or is_in_flight

    def _once(self, method: str, path: str, token: str, ask: Ask | None) -> Reply | None:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        if ask is not None:
            ask.sent += 1
            if self.shop.with_keys:
                headers["Idempotency-Key"] = ask.key
        try:
            if self.line is None:
                self.line = HTTPConnection("127.0.0.1", self.shop.port, timeout=TIMEOUT_SECONDS)
            self.line.request(method, path, json.dumps(ask.body) if ask else None, headers)
            if ask is not None and ask.sent < 4 and self.chance.random() < self.shop.hangs_up_chance:
                time.sleep(self.chance.uniform(0, 0.1))
                self._hang_up()
                return None
            return _reply(self.line.getresponse())
        except (OSError, HTTPException, ValueError):
            self._hang_up()
            return None

    def _hang_up(self) -> None:
        if self.line is not None:
            self.line.close()
        self.line = None


def _reply(response: HTTPResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.getheaders()}
    content = response.read()
    if "json" in headers.get("content-type", ""):
        json.loads(content)
    return Reply(response.status, headers, content)


class Load:
    """Several clients at once; their keys carry their numbers, from `first` on."""

    def __init__(self, shop: Shop, clients: int, seed: int, first: int = 0) -> None:
        self.shop = shop
        self.clients = [Client(shop, number, seed) for number in range(first, first + clients)]
        for client in self.clients:
            client.start()

    def end(self) -> None:
        """Each ends what it is at: a request that was sent is asked until it is answered."""
        self.shop.ending.set()
        for client in self.clients:
            client.join(GIVES_UP_SECONDS + TIMEOUT_SECONDS)
        assert not any(client.is_alive() for client in self.clients), "a client waits for ever"
