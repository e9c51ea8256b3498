"""`Idempotency-Key`: the first answer is the answer (SURFACE, "API conventions")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common import clock, idempotency, locking
from common.housekeeping import keep_house
from common.models import RememberedAnswer
from common.secrets import unseal
from orders.models import Order
from payments.gateways.base import ChargeAsk, Verdict
from payments.gateways.sandbox.client import SandboxGateway
from payments.models import Payment, PaymentKind, SandboxCharge
from tests.cast import WALLET_MINOR, Answer, Caller, Cast, key_of, key_row, together

pytestmark = pytest.mark.usefixtures("agrees")

Ask = tuple[str, dict[str, Any]]
"""A path and a body."""


class ProcessDies(BaseException):
    """As `kill -9` at this point: nothing after it runs, what is not committed is gone."""


def order_ask(cast: Cast, quantity: int = 1) -> Ask:
    return "orders", {"lines": [{"product": cast.code_product.public_id, "quantity": quantity}]}


def pay_ask(order: dict[str, Any], source: str = "wallet", **more: Any) -> Ask:
    return f"live-codes/{order['live_code']['token']}/pay", {"source": source, "consent": True, **more}


def same(first: Answer, second: Answer) -> bool:
    """The same answer to the letter; the id of the request is each one's own."""
    return (first.status, first.content, first.headers["Content-Type"]) == (
        second.status,
        second.content,
        second.headers["Content-Type"],
    )


def remembered(*callers: Caller) -> Any:
    """What is kept of these callers' answers."""
    credentials = [f"key:{key_row(caller).pk.hex}" for caller in callers]
    return RememberedAnswer.objects.filter(credential__in=credentials)


def orders_of(cast: Cast) -> int:
    return Order.objects.filter(merchant=cast.merchant).count()


# --- replay -----------------------------------------------------------------------------


def test_a_good_answer_is_replayed_to_the_letter(cast: Cast) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    assert first.status == 201
    again = [cast.owner_key.once("key-1", *order_ask(cast)) for _ in range(3)]
    assert all(same(first, answer) for answer in again)
    assert orders_of(cast) == 1


def test_it_is_the_first_answer_even_when_the_world_moved_on(cast: Cast) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    cast.owner_key.post(f"orders/{first.body['id']}/cancel")
    assert same(first, cast.owner_key.once("key-1", *order_ask(cast)))


def test_payments_and_top_ups(cast: Cast) -> None:
    order = cast.order()
    for path, body in (
        pay_ask(order),
        ("me/top-ups", {"amount": 500, "currency": "CNY"}),
        pay_ask(cast.order(), "sandbox"),
        pay_ask(cast.order(), "sandbox", scenario="redirect"),
    ):
        first = cast.buyer_key.once(path + "-key", path, body)
        assert first.status == 201
        assert same(first, cast.buyer_key.once(path + "-key", path, body))
    assert Payment.objects.filter(payer=cast.buyer, kind=PaymentKind.ORDER).count() == 3
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR - 6_000 + 500


@pytest.mark.parametrize("name", ["invalid", "malformed", "out_of_stock", "not_found", "already_redeemed"])
def test_refusals_are_replayed_too(cast: Cast, name: str) -> None:
    paid = cast.paid_order()
    cast.owner_key.post(f"orders/{paid['id']}/redeem", {})
    scarce = cast.code_product.__class__.objects.create(
        merchant=cast.merchant, name="x", price_minor=1, currency="CNY", redeem_by="code", stock=0
    )
    asks: dict[str, tuple[str, Any]] = {
        "invalid": ("orders", {"lines": []}),
        "malformed": ("orders", b"{"),
        "out_of_stock": ("orders", {"lines": [{"product": scarce.public_id, "quantity": 1}]}),
        "not_found": ("orders/ord_x/cancel", None),
        "already_redeemed": (f"orders/{paid['id']}/redeem", {}),
    }
    first = cast.owner_key.once("key-1", *asks[name])
    assert first.code == name
    scarce.stock = 5
    scarce.save(update_fields=["stock"])
    again = cast.owner_key.once("key-1", *asks[name])
    assert same(first, again)
    assert asks[name][0] != "orders" or orders_of(cast) == 1


def test_a_refused_payment_stays_refused_under_its_key(cast: Cast) -> None:
    order = cast.order()
    first = cast.poor_key.once("key-1", *pay_ask(order))
    assert (first.status, first.code) == (402, "insufficient_funds")
    cast.poor_key.post("me/top-ups", {"amount": 50_000, "currency": "CNY"})
    assert same(first, cast.poor_key.once("key-1", *pay_ask(order)))
    assert cast.poor_key.once("key-2", *pay_ask(order)).status == 201


def test_declined_by_the_gateway_stays_declined(cast: Cast) -> None:
    ask = pay_ask(cast.order(), "sandbox", scenario="declined")
    first = cast.buyer_key.once("key-1", *ask)
    assert first.code == "payment_declined"
    assert same(first, cast.buyer_key.once("key-1", *ask))
    assert Payment.objects.filter(payer=cast.buyer, kind=PaymentKind.ORDER).count() == 1


def test_without_a_key_each_is_its_own(cast: Cast) -> None:
    assert (
        cast.owner_key.post(*order_ask(cast)).body["id"] != cast.owner_key.post(*order_ask(cast)).body["id"]
    )


# --- the same key, something else ----------------------------------------------------------


def test_another_body_is_422(cast: Cast) -> None:
    cast.owner_key.once("key-1", *order_ask(cast))
    answer = cast.owner_key.once("key-1", *order_ask(cast, 2))
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert same(answer, cast.owner_key.once("key-1", *order_ask(cast, 2)))
    assert orders_of(cast) == 1


def test_another_address_is_422(cast: Cast) -> None:
    order = cast.order()
    cast.owner_key.once("key-1", f"orders/{order['id']}/cancel")
    other = cast.order()
    assert cast.owner_key.once("key-1", f"orders/{other['id']}/cancel").code == "idempotency_key_reused"
    assert cast.owner_key.get(f"orders/{other['id']}").body["state"] == "placed"


def test_a_refusals_key_is_taken_too(cast: Cast) -> None:
    cast.owner_key.once("key-1", "orders", {"lines": []})
    assert cast.owner_key.once("key-1", *order_ask(cast)).code == "idempotency_key_reused"


def test_another_credential_has_keys_of_its_own(cast: Cast) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    second_key_of_the_shop = Caller(key_of(cast.merchant))
    second = second_key_of_the_shop.once("key-1", *order_ask(cast))
    assert (second.status, second.body["id"] != first.body["id"]) == (201, True)
    asked = {"lines": [{"product": cast.other_product.public_id, "quantity": 1}]}
    assert cast.other_key.once("key-1", "orders", asked).status == 201


def test_a_stranger_learns_nothing_from_a_guessed_key(cast: Cast) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    answer = cast.other_key.once("key-1", *order_ask(cast))
    assert answer.fields == {"lines.0.product": "unknown_product"}
    assert first.body["id"].encode() not in answer.content


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "tab\tx", "😀"])
def test_what_is_no_key_is_422(cast: Cast, key: str) -> None:
    answer = cast.owner_key.once(key, *order_ask(cast))
    assert (answer.status, answer.code) == (422, "idempotency_key_invalid")
    assert orders_of(cast) == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, "a key with blanks", "';--", "{}", "%00"])
def test_any_visible_ascii_is_a_key(cast: Cast, key: str) -> None:
    first = cast.owner_key.once(key, *order_ask(cast))
    assert first.status == 201
    assert same(first, cast.owner_key.once(key, *order_ask(cast)))


def test_401_403_and_405_are_not_remembered(cast: Cast) -> None:
    assert cast.nobody.once("key-1", *order_ask(cast)).status == 401
    assert cast.buyer_key.once("key-1", *order_ask(cast)).status == 403
    assert not remembered(cast.buyer_key).exists()
    assert not RememberedAnswer.objects.filter(credential="anonymous").exists()


def test_a_get_takes_no_notice_of_a_key(cast: Cast) -> None:
    for _ in range(2):
        seen = cast.owner_key.call("GET", "orders", headers={"Idempotency-Key": "key-1"})
        assert len(seen.body["results"]) == orders_of(cast)
        cast.order()


# --- how long, and how it is kept ------------------------------------------------------------


def test_after_a_day_the_key_is_free_again(cast: Cast) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    with clock.moved(timedelta(hours=23, minutes=59)):
        assert same(first, cast.owner_key.once("key-1", *order_ask(cast)))
    with clock.moved(timedelta(hours=24, seconds=1)):
        second = cast.owner_key.once("key-1", *order_ask(cast, 2))
        assert (second.status, second.body["id"] != first.body["id"]) == (201, True)
        assert same(second, cast.owner_key.once("key-1", *order_ask(cast, 2)))


def test_old_answers_are_forgotten(cast: Cast) -> None:
    cast.owner_key.once("key-1", *order_ask(cast))
    keep_house()
    assert remembered(cast.owner_key).count() == 1
    with clock.moved(timedelta(hours=25)):
        assert keep_house() >= 1
    assert not remembered(cast.owner_key).exists()


def test_what_is_kept_is_sealed(cast: Cast) -> None:
    order = cast.owner_key.once("key-1", *order_ask(cast)).body
    cast.buyer_key.once("key-2", *pay_ask(order))
    rows = remembered(cast.owner_key, cast.buyer_key)
    assert len(rows) == 2
    secrets = [order["live_code"]["token"], order["items"][0]["code"], order["id"], "live_code", "state"]
    for row in rows:
        kept = b"|".join(bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
                         for value in vars(row).values())  # fmt: skip
        assert not [secret for secret in secrets if secret.encode() in kept]
        assert row.sealed is not None
        assert unseal(bytes(row.sealed)).count(b"{") >= 2, "it can be read by us"


# --- a process that dies ------------------------------------------------------------------------


def dying(function: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """The function, at whose begin or end the process dies."""

    def run(*args: Any, **named: Any) -> Any:
        if not before:
            function(*args, **named)
        raise ProcessDies

    return run


def dies(caller: Caller, ask: Ask) -> None:
    with pytest.raises(ProcessDies):
        caller.once("key-1", *ask)


@pytest.mark.parametrize("point", ["common.idempotency._remember", "orders.api.place_order"])
@pytest.mark.parametrize("before", [True, False])
def test_an_order_is_there_once_wherever_the_process_died(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, point: str, before: bool
) -> None:
    module, _dot, name = point.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)
    with monkeypatch.context() as patched:
        patched.setattr(point, dying(real, before=before))
        dies(cast.owner_key, order_ask(cast))
    assert orders_of(cast) == 0, "the change and its answer are one transaction"
    first = cast.owner_key.once("key-1", *order_ask(cast))
    assert first.status == 201
    assert same(first, cast.owner_key.once("key-1", *order_ask(cast)))
    assert orders_of(cast) == 1


@pytest.mark.parametrize(
    "point",
    [
        "payments.api.pay_order",
        "payments.flows.pay_order.count_payment",
        "common.idempotency._worth_remembering",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_wallet_pays_once_wherever_the_process_died(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, point: str, before: bool
) -> None:
    order = cast.order()
    module, _dot, name = point.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)
    with monkeypatch.context() as patched:
        patched.setattr(point, dying(real, before=before))
        dies(cast.buyer_key, pay_ask(order))
    first = cast.buyer_key.once("key-1", *pay_ask(order))
    assert (first.status, first.body["state"]) == (201, "succeeded")
    assert same(first, cast.buyer_key.once("key-1", *pay_ask(order)))
    assert Payment.objects.filter(payer=cast.buyer, kind=PaymentKind.ORDER).count() == 1
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR - 6_000


@pytest.mark.parametrize("path", ["pay", "top-up"])
@pytest.mark.parametrize("before", [True, False])
def test_a_gateway_is_asked_once_wherever_the_process_died(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, path: str, before: bool
) -> None:
    ask = (
        pay_ask(cast.order(), "sandbox")
        if path == "pay"
        else ("me/top-ups", {"amount": 5, "currency": "CNY"})
    )
    began = SandboxCharge.objects.count()
    charge = SandboxGateway.charge

    def broken(self: SandboxGateway, asked: ChargeAsk) -> Verdict:
        if not before:
            charge(self, asked)
        raise ProcessDies

    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "charge", broken)
        dies(cast.poor_key, ask)
    first = cast.poor_key.once("key-1", *ask)
    assert (first.status, first.body["state"]) == (201, "pending"), "it is asked for later"
    assert same(first, cast.poor_key.once("key-1", *ask))
    assert Payment.objects.filter(payer=cast.poor_buyer).count() == 1
    assert SandboxCharge.objects.count() == began + (not before)


def test_a_bug_is_not_remembered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_named: Any) -> None:
        raise RuntimeError("a bug")

    order = cast.order()
    with monkeypatch.context() as patched:
        patched.setattr("orders.api.place_order", broken)
        patched.setattr("payments.api.pay_order", broken)
        assert cast.owner_key.once("key-1", *order_ask(cast)).status == 500
        assert cast.buyer_key.once("key-1", *pay_ask(order)).status == 500
    assert cast.owner_key.once("key-1", *order_ask(cast)).status == 201
    assert cast.buyer_key.once("key-1", *pay_ask(order)).status == 201


# --- while the first is in flight -----------------------------------------------------------------


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("stepwise", [True, False])
def test_while_the_first_is_under_way_the_second_is_409(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, stepwise: bool
) -> None:
    point = "payments.api.pay_order" if stepwise else "orders.api.place_order"
    caller = cast.buyer_key if stepwise else cast.owner_key
    ask = pay_ask(cast.order()) if stepwise else order_ask(cast)
    module, _dot, name = point.rpartition(".")
    real = getattr(__import__(module, fromlist=[name]), name)
    second: list[Answer] = []

    def slow(*args: Any) -> Any:
        if not second:
            second.extend(together(lambda _number: Caller(caller.key).once("key-1", *ask), 1))
        return real(*args)

    with monkeypatch.context() as patched:
        patched.setattr(point, slow)
        first = caller.once("key-1", *ask)
    assert first.status == 201
    assert (second[0].status, second[0].code) == (409, "request_in_flight")
    assert second[0].headers["Retry-After"] == "1"
    assert same(first, caller.once("key-1", *ask)), "a request in flight is no answer to remember"


@pytest.mark.usefixtures("committed")
def test_a_connection_that_dies_gives_its_lock_back(cast: Cast) -> None:
    ask = idempotency.Ask.of("a test", cast.merchant.slug, b"x")

    def hold(_number: int) -> None:
        idempotency._alone(ask).__enter__()  # and never leaves: the thread's connection is closed

    together(hold, 1)
    with idempotency._alone(ask):
        assert not locking.is_open()
