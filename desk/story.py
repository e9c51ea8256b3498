"""The story: a merchant, buyers and a stranger, each a client of its own, over real HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import httpx

from common import clock

PATIENCE_SECONDS = 20.0
Json = dict[str, Any]


class StoryWrong(Exception):
    """A step came out differently from what it should."""


@dataclass(slots=True)
class Story:
    """Where it is played, by whom, and how far it has come."""

    base_url: str
    demo: Json
    tell: Callable[[str], object]
    steps: int = 0
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def client(self, key: str) -> httpx.Client:
        """One client a key, with connections of its own."""
        if key not in self.clients:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            self.clients[key] = httpx.Client(
                base_url=f"{self.base_url}/api/v1/", headers=headers, timeout=PATIENCE_SECONDS
            )
        return self.clients[key]

    def chapter(self, title: str) -> None:
        """A heading."""
        self.tell(f"\n{title}")

    def step(self, what: str, came: object, should: object) -> None:
        """Tell a step with what came back; raises `StoryWrong` where that differs."""
        self.steps += 1
        self.tell(f"  {self.steps:>2}. {what}: {came}")
        if came != should:
            raise StoryWrong(f"step {self.steps}, {what}: came {came!r}, should be {should!r}")

    def ask(self, what: str, key: str, method: str, path: str, should: int, body: Any = None) -> Json:
        """One request as a step; the answer's body."""
        answer = self.client(key).request(method, path, json=body)
        told: Json = answer.json() if answer.content else {}
        code = f" {told['code']}" if answer.status_code >= 400 and "code" in told else ""
        self.step(f"{what} ({method} {path}){code}", answer.status_code, should)
        return told

    def wait_for(self, what: str, look: Callable[[], object], should: object) -> None:
        """Look again until it is as it should be, a while long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (came := look()) != should and time.monotonic() < deadline:
            time.sleep(0.2)
        self.step(what, came, should)


def play(story: Story) -> int:
    """Play every chapter; the number of steps. Raises `StoryWrong`."""
    _keys(story)
    paid = _order_to_customer(story)
    _counter(story, paid)
    _many_payers(story)
    _gateway(story)
    _by_phone(story)
    _at_the_till(story)
    for client in story.clients.values():
        client.close()
    return story.steps


def _merchant(story: Story) -> str:
    return str(story.demo["merchant"]["api_key"])


def _token(story: Story, place: int) -> str:
    return str(story.demo["buyers"][place]["token"])


def _product(story: Story, redeem_by: str) -> Json:
    return next(one for one in story.demo["products"] if one["redeem_by"] == redeem_by)


def _place(story: Story, redeem_by: str, quantity: int = 1, **more: Any) -> Json:
    lines = [{"product": _product(story, redeem_by)["id"], "quantity": quantity}]
    return story.ask(
        "The merchant places an order", _merchant(story), "POST", "orders", 201, {"lines": lines, **more}
    )


def _pay_path(order: Json) -> str:
    return f"live-codes/{order['live_code']['token']}/pay"


def _keys(story: Story) -> None:
    story.chapter("Keys are told apart")
    story.ask("Nobody asks for orders", "", "GET", "orders", 401)
    story.ask("A buyer asks for a merchant's orders", _token(story, 0), "GET", "orders", 403)
    story.ask("An app asks for a merchant's orders", story.demo["app"]["api_key"], "GET", "orders", 403)


def _order_to_customer(story: Story) -> Json:
    story.chapter("Order → live payment code → paid → customer")
    buyer = story.demo["buyers"][0]
    order = _place(story, "code", 2, buyer_phone=buyer["phone"])
    story.step("The order waits for payment", order["state"], "placed")
    other = story.demo["merchant_b"]["api_key"]
    story.ask("Another merchant looks for it", other, "GET", f"orders/{order['id']}", 404)
    picture = httpx.get(order["live_code"]["qr"], timeout=PATIENCE_SECONDS)
    story.step("The live code is a picture", picture.headers["content-type"].split(";")[0], "image/svg+xml")
    token = order["live_code"]["token"]
    seen = story.ask("The buyer scans it", _token(story, 0), "GET", f"live-codes/{token}", 200)
    story.step("The buyer sees the amount", seen["amount"], order["amount"])
    poor = {"source": "wallet", "consent": True}
    story.ask("A buyer without money tries", _token(story, 2), "POST", _pay_path(order), 402, poor)
    held = _balance(story)["held"]
    paid = story.ask("The buyer pays", _token(story, 0), "POST", _pay_path(order), 201, poor)
    story.step("The payment", paid["state"], "succeeded")
    story.step("The money is held for the order", _balance(story)["held"] - held, order["amount"])
    story.wait_for("The buyer becomes a customer", lambda: _is_customer(story, buyer["phone"]), True)
    return order


def _balance(story: Story) -> Json:
    told: Json = story.client(_merchant(story)).get("balance").json()
    return told


def _is_customer(story: Story, phone: str) -> bool:
    found = story.client(_merchant(story)).get("customers", params={"phone": phone})
    return bool(found.status_code == 200 and found.json()["results"])


def _counter(story: Story, order: Json) -> None:
    story.chapter("At the counter")
    path, before = f"orders/{order['id']}/redeem", _balance(story)
    code = {"item_code": order["items"][0]["code"]}
    story.ask("The counter redeems one item", _merchant(story), "POST", path, 200, code)
    released = _balance(story)["available"] - before["available"]
    story.step("Its price is released", released, order["items"][0]["price"])
    story.ask("The same code again", _merchant(story), "POST", path, 409, code)
    rest = story.ask("The rest of the order", _merchant(story), "POST", path, 200, {})
    story.step("The order", rest["state"], "redeemed")


def _many_payers(story: Story) -> None:
    story.chapter("Sixteen payers at once, one code")
    order = _place(story, "none")
    clients = [
        httpx.Client(
            headers={"Authorization": f"Bearer {_token(story, place % 2)}"}, timeout=PATIENCE_SECONDS
        )
        for place in range(16)
    ]
    url = f"{story.base_url}/api/v1/{_pay_path(order)}"

    def pay(client: httpx.Client) -> int:
        return client.post(url, json={"source": "wallet", "consent": False}).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        statuses = sorted(pool.map(pay, clients))
    for client in clients:
        client.close()
    story.step("One pays, the others hear why not", statuses, [201] + [409] * 15)


def _by_phone(story: Story) -> None:
    story.chapter("Redemption by a phone call")
    buyer = story.demo["buyers"][0]
    order = _place(story, "call", buyer_phone=buyer["phone"])
    story.step("Before payment there is no number to call", order["service_number"], None)
    from_wallet = {"source": "wallet", "consent": False}
    story.ask("The buyer pays", _token(story, 0), "POST", _pay_path(order), 201, from_wallet)
    number = story.client(_merchant(story)).get(f"orders/{order['id']}").json()["service_number"]
    story.step("Now there is one", str(number).startswith("+"), True)
    call = _call(buyer["phone"], number)
    missed = {**_call(buyer["phone"], number), "answered_at": None}
    withheld = _call(None, number)
    told = _push(story, "A missed call, and one whose caller is withheld", missed, withheld)
    story.step("They redeem nothing", told["redeemed"], [])
    told = _push(story, "The buyer calls, a broken record beside it", {"call_id": 1}, call)
    story.step("The broken one is rejected by its place", [one["index"] for one in told["rejected"]], [0])
    story.step("The order is redeemed", told["redeemed"], [order["id"]])
    told = _push(story, "The same record once more", call)
    story.step("It counts once", (told["accepted"], told["duplicates"]), (0, 1))
    late = _call(buyer["phone"], number)
    _push(story, "The buyer calls again", late)
    rows = story.client(_merchant(story)).get("call-records", params={"limit": 5}).json()["results"]
    reasons = {row["call_id"]: row["reason"] for row in rows}
    story.step("It says why it redeems nothing", reasons[late["call_id"]], "already_redeemed")


def _push(story: Story, what: str, *calls: Json) -> Json:
    return story.ask(what, _merchant(story), "POST", "call-records", 200, list(calls))


def _call(caller: str | None, called: str) -> Json:
    began = clock.now()
    return {
        "provider": "story",
        "call_id": uuid.uuid4().hex,
        "caller": caller,
        "called": called,
        "started_at": began.isoformat(),
        "answered_at": (began + timedelta(seconds=2)).isoformat(),
        "ended_at": (began + timedelta(seconds=20)).isoformat(),
        "kind": "call",
    }


def _payment_state(story: Story, payment_id: str) -> str:
    return str(story.client(_merchant(story)).get(f"payments/{payment_id}").json()["state"])


def _gateway(story: Story) -> None:
    story.chapter("Through the sandbox gateway")
    for scenario, state in (("callback", "paid"), ("timeout", "paid"), ("wrong_amount", "placed")):
        order = _place(story, "none", note=f"story {scenario} {uuid.uuid4().hex[:6]}")
        body = {"source": "sandbox", "consent": False, "scenario": scenario}
        payment = story.ask(f"Paying, {scenario}", _token(story, 1), "POST", _pay_path(order), 201, body)
        settled = "succeeded" if state == "paid" else "failed"
        look = partial(_payment_state, story, payment["id"])
        story.wait_for(f"The payment ({scenario})", look, settled)
        now = story.client(_merchant(story)).get(f"orders/{order['id']}").json()["state"]
        story.step("The order", now, state)
    cancelled = _place(story, "none")
    story.ask("The merchant cancels", _merchant(story), "POST", f"orders/{cancelled['id']}/cancel", 200)
    late = {"source": "wallet", "consent": False}
    story.ask("Somebody pays it", _token(story, 1), "POST", _pay_path(cancelled), 409, late)


def _at_the_till(story: Story) -> None:
    story.chapter("A payment code and a coupon at the counter")
    buyer, shop = _token(story, 0), _merchant(story)
    coupons = _usable(story, buyer)
    five_off, dear = coupons["Five off"], coupons["Twenty off from a hundred on"]
    armed = story.ask("The buyer sets a coupon", buyer, "POST", f"me/coupons/{dear}/use", 200)
    story.step("It waits for the payment code", armed["state"], "armed")
    story.ask(
        "Below its minimum it is refused", shop, "POST", "till/collect", 409, _sale(story, buyer, 9_999)
    )
    story.step("And is the buyer's again", _usable(story, buyer)[armed["campaign_name"]] == dear, True)
    story.ask("The buyer sets another", buyer, "POST", f"me/coupons/{five_off}/use", 200)
    sale = _sale(story, buyer, 4_200)
    sold = story.ask("The cashier scans the code", shop, "POST", "till/collect", 201, sale)
    story.step("Five come off", (sold["amount"], sold["deduction"], sold["paid"]), (4_200, 500, 3_700))
    story.step("The till hears the campaign's name", sold["coupon"], {"campaign_name": "Five off"})
    again = story.ask("The till asks again", shop, "POST", "till/collect", 201, sale)
    story.step("It is the same sale", again["id"], sold["id"])
    other = {**sale, "reference": uuid.uuid4().hex}
    story.ask("The code is scanned once more", shop, "POST", "till/collect", 422, other)
    back = story.ask("The cashier takes it back", shop, "POST", f"payments/{sold['id']}/reverse", 200)
    story.step("All of it went back", (back["state"], back["refunded_amount"]), ("reversed", 3_700))
    story.step("The coupon too", _usable(story, buyer)["Five off"] == five_off, True)


def _usable(story: Story, buyer: str) -> dict[str, str]:
    """The buyer's coupons that wait to be used, one of each campaign."""
    found = story.client(buyer).get("me/coupons", params={"limit": 100}).json()["results"]
    return {one["campaign_name"]: one["id"] for one in reversed(found) if one["state"] == "issued"}


def _sale(story: Story, buyer: str, amount: int) -> Json:
    code = story.ask("The buyer shows a code", buyer, "POST", "me/payment-codes", 201, {})["code"]
    return {"payment_code": code, "amount": amount, "reference": uuid.uuid4().hex}
