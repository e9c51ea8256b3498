"""`POST gateways/{name}/callback`: signed, stored once, settled; anything else is turned away."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from common import drains
from common.ids import new_id, parse_public_id
from common.models import InboxMessage, RememberedAnswer
from payments.gateways.sandbox import provider
from payments.models import Payment, SandboxCharge
from tests.cast import Answer, Cast, make_older, make_product

pytestmark = pytest.mark.usefixtures("agrees")

PATH = "gateways/sandbox/callback"


@pytest.fixture
def charge(cast: Cast) -> SandboxCharge:
    """A charge that waits for its callback, of an order of 60.00."""
    answer = cast.pay(cast.buyer_key, cast.order(), "sandbox", scenario="callback")
    assert answer.body["state"] == "pending"
    return charge_of(answer)


def charge_of(answer: Answer) -> SandboxCharge:
    payment_id = parse_public_id("pay", answer.body["id"])
    assert payment_id is not None
    return SandboxCharge.objects.get(key=payment_id)


def messages_of(charge: SandboxCharge) -> Any:
    return InboxMessage.objects.filter(external_id=str(charge.pk))


def send(cast: Cast, body: bytes, signature: str) -> Answer:
    return cast.nobody.post(PATH, body, **{provider.SIGNATURE_HEADER: signature})


def signed(body: bytes, at: float | None = None) -> str:
    timestamp = str(int(time.time() if at is None else at))
    return f"t={timestamp},v1={provider.sign(timestamp, body)}"


def said(charge: SandboxCharge, /, **other: Any) -> bytes:
    return json.dumps({**json.loads(provider.message(charge).body), **other}).encode()


def payment_of(charge: SandboxCharge) -> Payment:
    return Payment.objects.get(pk=charge.key)


def assert_refused(answer: Answer, charge: SandboxCharge) -> None:
    assert (answer.status, answer.code) == (400, "callback_refused")
    assert payment_of(charge).state == "pending"
    assert not messages_of(charge).exists()


def test_a_good_one_settles_the_payment(cast: Cast, charge: SandboxCharge) -> None:
    body = said(charge)
    assert send(cast, body, signed(body)).status == 200
    assert payment_of(charge).state == "succeeded"
    assert cast.owner_key.get("balance").body["held"] == 6_000


def test_again_and_again_changes_nothing(cast: Cast, charge: SandboxCharge) -> None:
    body = said(charge)
    for _ in range(5):
        assert send(cast, body, signed(body)).status == 200
    assert cast.owner_key.get("balance").body["held"] == 6_000
    assert messages_of(charge).count() == 1


def test_the_same_message_with_another_content_is_not_read_twice(cast: Cast, charge: SandboxCharge) -> None:
    body = said(charge)
    send(cast, body, signed(body))
    other = said(charge, outcome="failed")
    assert send(cast, other, signed(other)).status == 200
    assert payment_of(charge).state == "succeeded"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1,v1=",
        "v1=abc",
        "nonsense",
        "t=,v1=",
        "t=x,v1=x",
        "t=99999999999999999999,v1=a",
        ",,,=,=",
        "t=1",
    ],
)
def test_without_a_signature(cast: Cast, charge: SandboxCharge, header: str) -> None:
    assert_refused(send(cast, said(charge), header), charge)
    assert_refused(cast.nobody.post(PATH, said(charge)), charge)


def test_signed_by_somebody_else(cast: Cast, charge: SandboxCharge) -> None:
    timestamp = str(int(time.time()))
    assert_refused(send(cast, said(charge), f"t={timestamp},v1={'0' * 64}"), charge)
    assert_refused(send(cast, said(charge), f"t={timestamp},v1=é"), charge)


@pytest.mark.parametrize("change", [{"captured": 1}, {"outcome": "failed"}, {"charge": str(new_id())}])
def test_tampered_with(cast: Cast, charge: SandboxCharge, change: dict[str, Any]) -> None:
    assert_refused(send(cast, said(charge, **change), signed(said(charge))), charge)
    assert_refused(send(cast, said(charge) + b" ", signed(said(charge))), charge)


@pytest.mark.parametrize("age_seconds", [301, 86_400, -400])
def test_too_old_or_from_the_future(cast: Cast, charge: SandboxCharge, age_seconds: int) -> None:
    body = said(charge)
    assert_refused(send(cast, body, signed(body, time.time() - age_seconds)), charge)


def test_another_timestamp_than_the_signed_one(cast: Cast, charge: SandboxCharge) -> None:
    body, past = said(charge), time.time() - 1_000
    _head, _sep, signature = signed(body, past).partition(",")
    assert_refused(send(cast, body, f"t={int(time.time())},{signature}"), charge)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff", b"[" * 100_000, b'{"charge": "x", "event": 1}'],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_message_is_refused_even_when_signed(
    cast: Cast, charge: SandboxCharge, body: bytes
) -> None:
    assert_refused(send(cast, body, signed(body)), charge)


@pytest.mark.parametrize(
    "change", [{"captured": "many"}, {"captured": None}, {"charge": 5}, {"charge": "x"}, {"captured": []}]
)
def test_a_signed_message_with_odd_values_is_refused(
    cast: Cast, charge: SandboxCharge, change: dict[str, Any]
) -> None:
    body = said(charge, **change)
    assert_refused(send(cast, body, signed(body)), charge)


def test_of_a_payment_that_we_never_made(cast: Cast, charge: SandboxCharge) -> None:
    """Acknowledged, since sending it again would not help; nothing moves."""
    body = said(charge, charge=str(new_id()), event=str(new_id()))
    assert send(cast, body, signed(body)).status == 200
    assert payment_of(charge).state == "pending"
    assert cast.owner_key.get("balance").body["held"] == 0


def test_an_unknown_gateway_is_404(cast: Cast) -> None:
    for name in ("nobody", "wallet", "Sandbox", "%00", "x" * 300, "sandbox%20", "😀"):
        assert cast.nobody.post(f"gateways/{name}/callback", {}).code == "not_found"


def test_only_posts(cast: Cast) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = cast.nobody.call(method, PATH)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_stored_but_not_handled_is_handled_later(
    cast: Cast, charge: SandboxCharge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies right after storing the message."""

    def die(_stored: InboxMessage) -> None:
        raise KeyboardInterrupt

    body = said(charge)
    with monkeypatch.context() as patched:
        patched.setattr("payments.flows.receive_callback._handle", die)
        with pytest.raises(KeyboardInterrupt):
            send(cast, body, signed(body))
    assert payment_of(charge).state == "pending"
    stored = messages_of(charge).get()
    drains.run("gateway_inbox")
    assert payment_of(charge).state == "pending", "somebody may be at work on it"
    make_older(stored, provider.SESSION, "due_at")
    assert drains.run("gateway_inbox") >= 1
    assert payment_of(charge).state == "succeeded"
    assert drains.run("gateway_inbox") == 0


def test_less_than_one_minor_unit_arrived(cast: Cast) -> None:
    """An order of one minor unit, the provider takes one less: nothing came, nothing goes back."""
    order = cast.order(make_product(cast.merchant, 1))
    charge = charge_of(cast.pay(cast.buyer_key, order, "sandbox", scenario="wrong_amount"))
    body = said(charge)
    assert send(cast, body, signed(body)).status == 200
    payment = payment_of(charge)
    assert (payment.state, payment.failure_code, payment.received_minor) == ("failed", "wrong_amount", 0)
    assert not payment.returns.exists()
    assert cast.pay(cast.buyer_key, order).status == 201


def test_a_stranger_can_not_have_answers_remembered(cast: Cast) -> None:
    """Each Idempotency-Key would be a row, of as many as anybody likes."""
    before = RememberedAnswer.objects.count()
    for place in range(3):
        answer = cast.nobody.call("POST", PATH, b"{}", headers={"Idempotency-Key": f"k{place}"})
        assert answer.status == 400
    assert RememberedAnswer.objects.count() == before
