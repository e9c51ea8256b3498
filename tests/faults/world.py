"""The crash simulator: one shop's day, played from a seed, in a process that dies where it hurts.

Everything is real but time and the network: the API through its WSGI application, PostgreSQL, the
drains, the sandbox provider, whose callbacks travel through the same WSGI application. Time is
moved by the simulator. A `Crash` ends what runs at a named fail point; then the client may send
its request again under the same Idempotency-Key, as good clients do, or never come back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from django.db.models import QuerySet
from django.test import Client

from common import clock, drains, failpoints
from common.failpoints import Crash
from common.models import OutboxEvent, Receipt
from common.refusals import Refusal
from coupons.flows.change_campaign import change_campaign
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign, CampaignState, Coupon, FundedBy, Kind
from customers.models import Customer
from ledger.accounts import campaign_fund, gateway as gateway_account
from ledger.queries import balance
from merchants.models.merchants import Unredeemed
from orders.flows.decide_objection import decide_objection
from orders.flows.object_redemption import object_redemption
from orders.flows.unredeem_order import unredeem_order
from orders.models import Order, OrderState
from payments.flows.give_up_sale import give_up_sale
from payments.gateways.sandbox import courier
from payments.gateways.sandbox.scenarios import SCENARIOS
from payments.models import (
    GivenUpSale,
    Payment,
    PaymentKind,
    PaymentState,
    Return,
    ReturnState,
    SandboxCharge,
)
from tests.cast import Answer, Caller, Cast, make_cast, money_disagrees

CRASH_CHANCE = 0.45
RETRY_CHANCE = 0.75
DEEPEST_POINT = 8
QUIET_ROUNDS = 60


class ThroughTheApplication(httpx.BaseTransport):
    """HTTP without a network: the test client hands the request to the WSGI application."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = Client().generic(
            request.method,
            request.url.path,
            request.read(),
            content_type=headers.pop("content-type"),
            headers=headers,
        )
        return httpx.Response(answer.status_code, content=answer.content)


@dataclass(slots=True)
class Promise:
    """What a client was told, and under which key it had asked."""

    what: str
    key: str
    answer: Answer | None


@dataclass(slots=True)
class World:
    """A shop's day: what happened, what was promised, where the process died."""

    seed: int
    chance: random.Random
    cast: Cast
    promises: list[Promise] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    sales: list[str] = field(default_factory=list)
    coupons: list[tuple[Caller, str]] = field(default_factory=list)
    asked: int = 0
    before: list[UUID] = field(default_factory=list)

    @classmethod
    def of(cls, seed: int) -> World:
        """A new world; the provider's callbacks go through the application, not the network."""
        courier.transport = ThroughTheApplication()
        world = cls(seed, random.Random(seed), make_cast())
        world.before = list(Payment.objects.values_list("pk", flat=True))
        world._give_coupons()
        return world

    def _give_coupons(self) -> None:
        """Two campaigns, one with a budget for few, one that the platform pays for."""
        now = clock.now()
        for funded_by in FundedBy.values:
            campaign = make_campaign(
                CampaignAsk(
                    merchant=self.cast.merchant,
                    name=f"By the {funded_by}",
                    kind=Kind.FIXED,
                    value=700,
                    starts_at=now,
                    ends_at=now + timedelta(days=1),
                    total_quota=10,
                    per_buyer_limit=5,
                    budget_minor=2_000,
                    daily_budget_minor=1_500,
                    funded_by=funded_by,
                )
            )
            for buyer, key in (
                (self.cast.buyer, self.cast.buyer_key),
                (self.cast.poor_buyer, self.cast.poor_key),
            ):
                for _number in range(2):
                    self.coupons.append((key, issue_coupon(campaign.pk, buyer).public_id))

    # --- what happens -------------------------------------------------------------------

    def play(self, steps: int) -> None:
        """So many things happen, each perhaps cut short."""
        doings = (self.place, self.place, self.pay, self.pay, self.pay, self.redeem, self.cancel)
        rarer = (self.top_up, self.take_back, self.take_back, self.lapse, self.lapse)
        till = (self.collect, self.collect, self.arm, self.arm, self.reverse, self.close)
        for _step in range(steps):
            self.chance.choice((*doings, *rarer, *till, self.work, self.work, self.wait))()

    def place(self) -> None:
        """The shop places an order; some products are nearly sold out."""
        product = self.chance.choice((self.cast.code_product, self.cast.none_product))
        lines = [{"product": product.public_id, "quantity": self.chance.randint(1, 3)}]
        answer = self.ask("place", self.cast.owner_key, "orders", {"lines": lines})
        if answer is not None and answer.status == 201:
            self.orders.append(answer.body)

    def pay(self) -> None:
        """Somebody pays an order, from the wallet or through the gateway in any of its moods."""
        if not self.orders:
            return
        order = self.chance.choice(self.orders)
        payer = self.chance.choice((self.cast.buyer_key, self.cast.second_key, self.cast.poor_key))
        source = self.chance.choice(("wallet", "sandbox", "sandbox"))
        body: dict[str, Any] = {"source": source, "consent": self.chance.random() < 0.5}
        if source == "sandbox":
            body["scenario"] = self.chance.choice(sorted(SCENARIOS))
        mine = [coupon for key, coupon in self.coupons if key is payer]
        if mine and self.chance.random() < 0.4:
            body["coupon"] = self.chance.choice(mine)
        self.ask("pay", payer, f"live-codes/{order['live_code']['token']}/pay", body)

    def redeem(self) -> None:
        """The counter redeems one item, or all."""
        if self.orders:
            order = self.chance.choice(self.orders)
            code = self.chance.choice(order["items"])["code"]
            body = self.chance.choice(({}, {"item_code": code}))
            self.ask("redeem", self.cast.owner_key, f"orders/{order['id']}/redeem", body)

    def cancel(self) -> None:
        """The shop takes an order back."""
        if self.orders:
            order = self.chance.choice(self.orders)
            self.ask("cancel", self.cast.owner_key, f"orders/{order['id']}/cancel", {})

    def take_back(self) -> None:
        """The counter undoes a redemption, or the buyer objects to it and the shop decides."""
        redeemed = [one.pk for one in self._orders().filter(items__state="redeemed").distinct()]
        if redeemed:
            how = self.chance.choice((self._undo, self._object))
            self.dying(partial(how, self.chance.choice(redeemed)))

    def _undo(self, order_id: UUID) -> None:
        with suppress(Refusal):
            unredeem_order(self.cast.merchant, order_id)

    def _object(self, order_id: UUID) -> None:
        order = Order.objects.select_related("buyer").get(pk=order_id)
        with suppress(Refusal):
            if order.buyer is not None:
                objection = object_redemption(order.buyer, order_id)
                decide_objection(self.cast.merchant, objection.pk, self.chance.random() < 0.5, "")

    def lapse(self) -> None:
        """The time to redeem some orders ends; the shop keeps their money, or the buyers get it back."""
        paid = [one.pk for one in self._orders().filter(state=OrderState.PAID, awaits_redemption=True)]
        if paid:
            over = clock.now() - timedelta(minutes=10)
            chosen = self.chance.sample(paid, (len(paid) + 1) // 2)
            Order.objects.filter(pk__in=chosen).update(redeem_until=over)
            self.cast.merchant.unredeemed = self.chance.choice(Unredeemed.values)
            self.cast.merchant.save(update_fields=["unredeemed"])
            self.dying(lambda: [drains.run("return_unredeemed"), drains.run("keep_unredeemed")])

    def _orders(self) -> QuerySet[Order]:
        return Order.objects.filter(merchant=self.cast.merchant).order_by("pk")

    def arm(self) -> None:
        """A buyer sets a coupon for the next payment code, or puts it back."""
        buyer, coupon = self.chance.choice(self.coupons)
        self.ask("arm", buyer, f"me/coupons/{coupon}/{self.chance.choice(('use', 'use', 'put-back'))}", {})

    def collect(self) -> None:
        """A buyer shows a code, the till collects; sometimes what the purse or the coupon won't bear."""
        buyer = self.chance.choice((self.cast.buyer_key, self.cast.buyer_key, self.cast.poor_key))
        shown = self.ask("code", buyer, "me/payment-codes", {})
        if shown is None or shown.status != 201:
            return
        body = {"payment_code": shown.body["code"], "amount": self.chance.choice((700, 3_000, 9_000))}
        body["reference"] = f"till-{self.seed}-{self.asked}"
        answer = self.ask("collect", self.cast.owner_key, "till/collect", body)
        if answer is None and self.chance.random() < 0.5:
            self.dying(lambda: give_up_sale(self.cast.merchant, body["reference"]))
        if answer is not None and answer.status == 201:
            self.sales.append(answer.body["id"])

    def reverse(self) -> None:
        """The till takes a sale back."""
        if self.sales:
            self.ask("reverse", self.cast.owner_key, f"payments/{self.chance.choice(self.sales)}/reverse", {})

    def close(self) -> None:
        """Now and then a campaign is ended for good, whatever its coupons are part of."""
        if self.chance.random() < 0.1:
            running = Campaign.objects.filter(merchant=self.cast.merchant).exclude(state=CampaignState.CLOSED)
            if found := sorted(running.values_list("pk", flat=True)):
                chosen = self.chance.choice(found)
                self.dying(lambda: change_campaign(self.cast.merchant, chosen, CampaignState.CLOSED))

    def top_up(self) -> None:
        """Somebody fills a wallet."""
        body = {"amount": self.chance.randint(1, 9_999), "currency": "CNY"}
        body["scenario"] = self.chance.choice(sorted(SCENARIOS))
        self.ask("top_up", self.chance.choice((self.cast.buyer_key, self.cast.poor_key)), "me/top-ups", body)

    def work(self) -> None:
        """The worker does some of what waits."""
        names = self.chance.sample(sorted(drains.REGISTRY), 4)
        self.dying(lambda: [drains.run(name) for name in names])

    def wait(self) -> None:
        """Time goes by: seconds, or long enough for orders to expire."""
        clock.advance(timedelta(seconds=self.chance.choice((1, 5, 40, 120, 1900))))

    # --- how it is cut short --------------------------------------------------------------

    def ask(self, what: str, caller: Caller, path: str, body: dict[str, Any]) -> Answer | None:
        """A request under a key of its own, sent again after a crash or never."""
        self.asked += 1
        key = f"{what}-{self.seed}-{self.asked}"
        answer: Answer | None = None

        def send() -> None:
            nonlocal answer
            answer = caller.once(key, path, body)

        while not self.dying(send) and self.chance.random() < RETRY_CHANCE:
            answer = None
        self.promises.append(Promise(what, key, answer))
        return answer

    def dying(self, work: Callable[[], object]) -> bool:
        """Do it in a process that may die on the way; whether it lived."""
        left = self.chance.randint(1, DEEPEST_POINT) if self.chance.random() < CRASH_CHANCE else 0

        def pass_by(name: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.crashes.append(name)
                raise Crash(name)

        failpoints.arm(pass_by if left else None)
        try:
            work()
        except Crash:
            return False
        finally:
            failpoints.arm(None)
        return True

    # --- how it must have come out ---------------------------------------------------------

    def come_to_rest(self) -> None:
        """Nothing dies any more; time goes by until nothing waits."""
        for _round in range(QUIET_ROUNDS):
            clock.advance(timedelta(minutes=40))
            if not drains.run_all() and not self._open():
                return
        raise AssertionError(f"still waiting after a long time: {self._open()}")

    def _open(self) -> list[str]:
        payments = Payment.objects.filter(state__in=(PaymentState.PENDING, PaymentState.UNKNOWN))
        returns = Return.objects.filter(state__in=(ReturnState.SENDING, ReturnState.UNKNOWN))
        return [str(row) for row in (*payments, *returns)]

    def wrongs(self) -> list[str]:
        """Everything that came out differently from what it must."""
        return [*sorted(money_disagrees()), *self._promises(), *self._provider(), *self._events()]

    def _promises(self) -> list[str]:
        """What was answered holds, and nothing was done twice for one key."""
        wrong = []
        for promise in self.promises:
            if promise.answer is None or promise.answer.status != 201:
                continue
            body = promise.answer.body
            if promise.what == "pay" and body["state"] == "succeeded":
                payment = Payment.objects.get(pk=body["id"].removeprefix("pay_"))
                if payment.state not in (PaymentState.SUCCEEDED, PaymentState.REFUNDED):
                    wrong.append(f"{promise.key}: answered succeeded, is {payment.state}")
        wrong.extend(self._sales())
        persons = (self.cast.buyer, self.cast.second_buyer, self.cast.poor_buyer)
        payments = Payment.objects.filter(payer__in=persons, channel="api").exclude(pk__in=self.before)
        made = {
            "place": Order.objects.filter(merchant=self.cast.merchant).count(),
            "pay": payments.filter(kind=PaymentKind.ORDER).count(),
            "top_up": payments.filter(kind=PaymentKind.TOP_UP).count(),
        }
        for what, there in made.items():
            asked = [promise.answer for promise in self.promises if promise.what == what]
            kept = sum(1 for answer in asked if answer is not None and answer.status == 201)
            if not kept <= there <= len(asked):
                wrong.append(f"{what}: {there} made, {len(asked)} asked for, {kept} promised")
        return wrong

    def _sales(self) -> list[str]:
        """One sale a reference, as it was promised; no coupon is left between armed and used."""
        wrong = []
        for promise in self.promises:
            answer = promise.answer
            if answer is None or not answer.body or answer.status not in (200, 201):
                continue
            if promise.what in ("collect", "reverse"):
                payment = Payment.objects.get(pk=answer.body["id"].removeprefix("pay_"))
                stands = ("reversed",) if promise.what == "reverse" else ("succeeded", "reversed")
                if payment.state not in stands or payment.paid_minor != answer.body["paid"]:
                    wrong.append(f"{promise.key}: answered {answer.body}, is {payment.state}")
        given_up = GivenUpSale.objects.filter(merchant=self.cast.merchant).values("reference")
        standing = Payment.objects.filter(merchant=self.cast.merchant, state=PaymentState.SUCCEEDED)
        for sale in standing.filter(kind=PaymentKind.TILL, till_reference__in=given_up):
            wrong += [f"{sale} stands and was given up"]
        for closed in Campaign.objects.filter(merchant=self.cast.merchant, state=CampaignState.CLOSED):
            if left := balance(campaign_fund(closed.pk), closed.currency):
                wrong.append(f"{closed} is closed and has {left}")
        if stuck := Coupon.objects.filter(state="locked").count():
            wrong.append(f"{stuck} coupons are locked")
        return wrong

    def _provider(self) -> list[str]:
        """The provider's books and ours agree; what it captured counts, or went back."""
        wrong = []
        outside = sum(one.captured_minor - one.refunded_minor for one in SandboxCharge.objects.all())
        ours = -balance(gateway_account("sandbox"), "CNY")
        if outside != ours:
            wrong.append(f"the provider holds {outside}, our books say {ours}")
        for charge in SandboxCharge.objects.filter(captured_minor__gt=0):
            payment = Payment.objects.get(pk=charge.key)
            if payment.received_minor != charge.captured_minor:
                wrong.append(
                    f"{payment}: received {payment.received_minor}, captured {charge.captured_minor}"
                )
        return wrong

    def _events(self) -> list[str]:
        """Every event was handed to everybody; consenting payers are customers, once."""
        wrong = []
        if waiting := OutboxEvent.objects.filter(dispatched_at=None).count():
            wrong.append(f"{waiting} events not dispatched")
        if waiting := Receipt.objects.filter(done_at=None).count():
            wrong.append(f"{waiting} receipts not done")
        counted = (PaymentState.SUCCEEDED, PaymentState.REFUNDED)
        paid = Payment.objects.filter(kind=PaymentKind.ORDER, state__in=counted, consent=True)
        payers = set(paid.values_list("payer_id", flat=True))
        customers = list(
            Customer.objects.filter(merchant=self.cast.merchant).values_list("person_id", flat=True)
        )
        if sorted(payers, key=str) != sorted(customers, key=str):
            wrong.append(f"customers {customers}, should be {payers}")
        return wrong
