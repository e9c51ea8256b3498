"""The standing cast: people, shops, keys and things for sale, and a caller for the API.

Plain functions make one of a kind; `cast` is a fixture with all of them. Two modes:

- a test that asks for `cast` (or marks itself `django_db`) runs in a transaction that is rolled back;
- a test that also asks for `committed` really commits, and several connections may look.

Everything made here is new at every call, so that a test never sees what another one left.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.module_loading import autodiscover_modules

from common import drains, ids
from common.phones import to_e164
from common.secrets import seal
from ledger import reconciliation
from merchants.keys import make_key, new_secret, recognise
from merchants.models import App, Key, Member, Merchant, Person
from merchants.models.merchants import Role
from orders.flows.create_product import create_product
from orders.flows.place_order import Line, Placed, Placement, place_order
from orders.models import Order, Product, RedeemBy
from payments.flows.pay_order import PayAsk, pay_order
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet
from payments.models import Payment
from payments.models.payments import WALLET

CNY = "CNY"
WALLET_MINOR = 1_000_000
PASSWORD = "a-password-of-the-tests"
API = "/api/v1/"
PLENTY_A_SECOND = 100_000

# The drains register themselves when Celery's modules are imported.
autodiscover_modules("tasks")

MONEY_DRAINS = ("sandbox_callbacks", "gateway_inbox", "ask_payments", "send_returns", "expire_orders")

# --- one of a kind ---------------------------------------------------------------


def make_merchant(name: str = "A shop", **fields: Any) -> Merchant:
    """A merchant with an address of its own; `fields` as on the model."""
    slug = fields.pop("slug", f"shop-{secrets.token_hex(6)}")
    return Merchant.objects.create(slug=slug, name=name, currency=fields.pop("currency", CNY), **fields)


def make_member(merchant: Merchant, role: Role = Role.OWNER) -> Person:
    """Somebody who works for the merchant and signs in by e-mail and `PASSWORD`."""
    email = f"{role.value}-{secrets.token_hex(6)}@shop.example"
    person = Person.objects.create_user(email, PASSWORD, name=f"The {role.value}")
    Member.objects.create(merchant=merchant, person=person, role=role)
    return person


def make_staff() -> Person:
    """Somebody who may do everything in the admin."""
    return Person.objects.create_superuser(f"staff-{secrets.token_hex(6)}@till.example", PASSWORD)


def make_phone() -> str:
    """A valid mobile number in +86 that nobody has."""
    while True:
        phone = to_e164(f"139{secrets.randbelow(10**8):08d}", "CN")
        if phone and not Person.objects.filter(phone=phone).exists():
            return phone


def make_buyer(wallet_minor: int = 0) -> Person:
    """A buyer with a phone, a password and so much in the wallet."""
    buyer = Person(phone=make_phone(), phone_verified=True)
    buyer.set_password(PASSWORD)
    buyer.save(force_insert=True)
    if wallet_minor:
        top_up_wallet(TopUpAsk(buyer, wallet_minor, CNY, settings.DEFAULT_GATEWAY))
    return buyer


def make_app(owner: Merchant) -> App:
    """A third party's program whose money goes to `owner`."""
    secret = "whsec_" + secrets.token_urlsafe(24)
    return App.objects.create(owner=owner, name="An app", webhook_secret_sealed=seal(secret.encode()))


def key_of(
    owner: Merchant | App | Person,
    scopes: Sequence[str] | None = None,
    *,
    requests_per_second: int = PLENTY_A_SECOND,
) -> str:
    """A new key of its owner, in plain; without `scopes` it may all that its kind can."""
    kind = "mk" if isinstance(owner, Merchant) else "ak" if isinstance(owner, App) else "bt"
    secret = new_secret(kind)
    key = make_key(owner, secret=secret, name="Of a test", scopes=None if scopes is None else list(scopes))
    key.requests_per_second = requests_per_second
    key.save(force_insert=True)
    return secret


def make_product(
    merchant: Merchant,
    price_minor: int = 1_000,
    redeem_by: RedeemBy = RedeemBy.CODE,
    stock: int | None = None,
    name: str = "A thing",
) -> Product:
    """Something for sale."""
    return create_product(
        merchant, name=name, price=price_minor, currency=merchant.currency, redeem_by=redeem_by, stock=stock
    )


def make_order(
    merchant: Merchant, *products: Product, quantity: int = 1, buyer: Person | None = None
) -> Placed:
    """An order of so many of each product (of one new product where none is named), unpaid."""
    lines = [Line(product.pk, quantity) for product in products or (make_product(merchant),)]
    return place_order(Placement(merchant=merchant, lines=lines, buyer=buyer))


def pay(
    order: Order, payer: Person, source: str = WALLET, *, consent: bool = False, scenario: str = ""
) -> Payment:
    """Pay an order by its live code."""
    return pay_order(PayAsk(order.live_token, payer, source, consent, scenario=scenario))


def make_paid_order(
    merchant: Merchant, payer: Person, *products: Product, quantity: int = 1, consent: bool = False
) -> Placed:
    """An order that `payer` has paid from the wallet; its rows as the database has them."""
    placed = make_order(merchant, *products, quantity=quantity)
    pay(placed.order, payer, consent=consent)
    order = Order.objects.get(pk=placed.order.pk)
    return Placed(order, list(order.items.order_by("pk")))


# --- callers of the API ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered; `body` is its JSON (None for an empty answer)."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    body: Any

    @property
    def code(self) -> str | None:
        """The word of a problem; None for what is none."""
        is_problem = self.headers.get("Content-Type") == "application/problem+json"
        return str(self.body["code"]) if is_problem else None

    @property
    def fields(self) -> dict[str, str]:
        """Field → code of what a problem says is wrong with the input."""
        return {error["field"]: error["code"] for error in self.body.get("errors", ())}


@dataclass(slots=True)
class Caller:
    """Somebody with a key (or without) who calls the API through the whole WSGI application."""

    key: str | None = None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Answer:
        """`caller.get("orders", limit=2)`; a path that begins with / is taken as it is."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """`body` goes as JSON; None is an empty body; bytes go as they are."""
        return self.call("POST", path, body, headers=headers)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def once(self, idempotency_key: str, path: str, body: Any = None) -> Answer:
        """A POST that carries an Idempotency-Key."""
        return self.call("POST", path, body, headers={"Idempotency-Key": idempotency_key})

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Any request; `body` as `post` takes it."""
        sent = dict(headers or {})
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = self.client.generic(
            method,
            path if path.startswith("/") else API + path,
            data,
            content_type=content_type,
            headers=sent,
            query_params=query or None,
        )
        content = response.getvalue() if response.streaming else response.content
        kind = response.headers.get("Content-Type", "")
        body = json.loads(content) if content and kind.endswith("json") else None
        return Answer(response.status_code, response.headers, content, body)


@dataclass(slots=True)
class Cast:
    """Everybody who stands on the stage: a shop, another one, three buyers, an app, nobody."""

    merchant: Merchant
    other_merchant: Merchant
    buyer: Person
    second_buyer: Person
    poor_buyer: Person
    app: App
    code_product: Product
    call_product: Product
    none_product: Product
    other_product: Product
    owner_key: Caller
    other_key: Caller
    buyer_key: Caller
    second_key: Caller
    poor_key: Caller
    app_key: Caller
    nobody: Caller

    def member(self, role: Role) -> Person:
        """A new member of the shop in that role."""
        return make_member(self.merchant, role)

    def order(self, product: Product | None = None, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """An order of the shop placed through the API; its JSON."""
        lines = [{"product": (product or self.code_product).public_id, "quantity": quantity}]
        answer = self.owner_key.post("orders", {"lines": lines, **more})
        assert answer.status == 201, answer
        return dict(answer.body)

    def paid_order(self, product: Product | None = None, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """An order that the buyer has paid from the wallet; its JSON after that."""
        order = self.order(product, quantity, **more)
        answer = self.pay(self.buyer_key, order)
        assert answer.status == 201, answer
        return dict(self.owner_key.get(f"orders/{order['id']}").body)

    def pay(self, payer: Caller, order: Mapping[str, Any], source: str = WALLET, **more: Any) -> Answer:
        """What the API answers when `payer` pays the order's live code."""
        asked = {"source": source, "consent": False, **more}
        return payer.post(f"live-codes/{order['live_code']['token']}/pay", asked)


def make_cast() -> Cast:
    """A whole new cast."""
    merchant, other = make_merchant("Our shop"), make_merchant("The other shop")
    buyer, second, poor = make_buyer(WALLET_MINOR), make_buyer(WALLET_MINOR), make_buyer()
    app = make_app(merchant)
    return Cast(
        merchant=merchant,
        other_merchant=other,
        buyer=buyer,
        second_buyer=second,
        poor_buyer=poor,
        app=app,
        code_product=make_product(merchant, 6_000, RedeemBy.CODE, name="By code"),
        call_product=make_product(merchant, 9_000, RedeemBy.CALL, name="By call"),
        none_product=make_product(merchant, 4_000, RedeemBy.NONE, name="Not redeemed"),
        other_product=make_product(other, 5_000, name="Of the other shop"),
        owner_key=Caller(key_of(merchant)),
        other_key=Caller(key_of(other)),
        buyer_key=Caller(key_of(buyer)),
        second_key=Caller(key_of(second)),
        poor_key=Caller(key_of(poor)),
        app_key=Caller(key_of(app)),
        nobody=Caller(),
    )


def signed_in(person: Person) -> Client:
    """A browser in which this person has signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


# --- what follows a change -----------------------------------------------------------


def settle() -> int:
    """Run the drains that move money (callbacks, asking, sending back, expiry) until they rest."""
    total = 0
    while done := sum(drains.run(name) for name in MONEY_DRAINS):
        total += done
    return total


def money_disagrees() -> set[str]:
    """What `manage.py reconcile` would print as differences, notices left out."""
    found = reconciliation.differences()
    return {f"{name}: {difference}" for name, difference in found if not difference.is_notice}


def make_older(row: Any, age: timedelta, *fields: str) -> None:
    """Write moments of a row back by `age`, as if it had been made earlier."""
    for name in fields:
        setattr(row, name, getattr(row, name) - age)
    type(row).objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in fields})


def key_row(caller: Caller) -> Key:
    """The row of a caller's key."""
    found = recognise(caller.key or "")
    assert found is not None
    return found


def unknown_id(prefix: str) -> str:
    """An id in the right form that nothing has."""
    return ids.public_id(prefix, ids.new_id())


# --- several at once -------------------------------------------------------------------


def together(work: Callable[[int], Any], many: int) -> list[Any]:
    """Run `work(number)` in `many` threads at one moment; the results, or what was raised, in order."""
    start = Barrier(many)
    results: list[Any] = [None] * many

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            start.wait(30)
            results[number] = work(number)
        except BaseException as error:
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,), daemon=True) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


# --- fixtures (registered in conftest.py) ----------------------------------------------


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    """The standing cast, rolled back afterwards unless the test asks for `committed`."""
    request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
    return make_cast()


@pytest.fixture
def agrees(request: pytest.FixtureRequest) -> Iterator[None]:
    """Afterwards the money agrees as it did before."""
    request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
    before = money_disagrees()
    yield
    assert money_disagrees() <= before
