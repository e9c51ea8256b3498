"""`GET live-codes/{token}`, `POST live-codes/{token}/pay`: from the wallet, and what it refuses by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common import clock, drains
from common.ids import new_token
from common.models import OutboxEvent
from orders.models import Order
from payments.models import Payment
from tests.cast import WALLET_MINOR, Caller, Cast, key_of, make_buyer, make_order, make_product

pytestmark = pytest.mark.usefixtures("agrees")


def look(caller: Caller, order: dict[str, Any]) -> Any:
    answer = caller.get(f"live-codes/{order['live_code']['token']}")
    assert answer.status == 200, answer
    return answer.body


def wallet(caller: Caller) -> int:
    return int(caller.get("me").body["wallet"]["balance"])


def payments_of(order: dict[str, Any]) -> list[Payment]:
    return list(Payment.objects.filter(order__live_token=order["live_code"]["token"]))


# --- looking ---------------------------------------------------------------------------


def test_what_would_be_paid(cast: Cast) -> None:
    order = cast.order(cast.code_product, 3)
    seen = look(cast.buyer_key, order)
    assert seen["merchant"] == {"name": "Our shop", "slug": cast.merchant.slug}
    product = cast.code_product.public_id
    assert seen["lines"] == [{"product": product, "name": "By code", "price": 6_000, "quantity": 3}]
    assert (seen["amount"], seen["currency"], seen["state"]) == (18_000, "CNY", "placed")
    assert seen["expires_at"] == order["expires_at"]


def test_whoever_looks_learns_no_item_code_and_no_other_address(cast: Cast) -> None:
    order = cast.order(cast.code_product, 2, buyer_phone=cast.second_buyer.phone, note="private words")
    content = cast.buyer_key.get(f"live-codes/{order['live_code']['token']}").content.decode()
    secrets = [item["code"] for item in order["items"]] + [item["id"] for item in order["items"]]
    secrets += [order["page_url"].rpartition("/")[2], cast.second_buyer.phone or "", "private words"]
    assert not [secret for secret in secrets if secret in content]


def test_it_follows_the_orders_state(cast: Cast) -> None:
    order = cast.order()
    assert look(cast.buyer_key, order)["state"] == "placed"
    cast.pay(cast.buyer_key, order)
    assert look(cast.buyer_key, order)["state"] == "paid"
    cast.owner_key.post(f"orders/{order['id']}/redeem", {})
    assert look(cast.second_key, order)["state"] == "redeemed"


def test_the_first_look_is_noted_once(cast: Cast) -> None:
    order = cast.order()
    for caller in (cast.buyer_key, cast.second_key, cast.buyer_key):
        look(caller, order)
    assert OutboxEvent.objects.filter(subject=order["id"], name="order.scanned").count() == 1


@pytest.mark.parametrize("token", ["x", "%00", "é", "a" * 5_000, "..", "%2F", "ord_" + "0" * 32])
def test_an_unknown_code_is_404(cast: Cast, token: str) -> None:
    assert cast.buyer_key.get(f"live-codes/{token}").code == "not_found"
    answer = cast.buyer_key.post(f"live-codes/{token}/pay", {"source": "wallet", "consent": True})
    assert answer.code == "not_found"


def test_neither_the_orders_id_nor_its_page_is_its_live_code(cast: Cast) -> None:
    order = cast.order()
    for word in (order["id"], order["number"], order["page_url"].rpartition("/")[2], new_token()):
        assert cast.buyer_key.get(f"live-codes/{word}").status == 404


# --- paying from the wallet ---------------------------------------------------------------


def test_the_payment_as_surface_describes_it(cast: Cast) -> None:
    order = cast.order(cast.code_product, 2)
    answer = cast.pay(cast.buyer_key, order, consent=True)
    assert answer.status == 201
    payment = answer.body
    assert payment["id"].startswith("pay_")
    assert (payment["state"], payment["source"], payment["order"]) == ("succeeded", "wallet", order["id"])
    assert payment["amount"] - payment["deduction"] == payment["paid"] == 12_000
    assert (payment["refunded_amount"], payment["coupon"], payment["failure_code"]) == (0, None, None)
    assert cast.owner_key.get(f"payments/{payment['id']}").body == payment


def test_the_money_goes_into_escrow(cast: Cast) -> None:
    order = cast.order()
    cast.pay(cast.buyer_key, order)
    assert wallet(cast.buyer_key) == WALLET_MINOR - 6_000
    assert cast.owner_key.get("balance").body == {
        "available": 0,
        "held": 6_000,
        "debt": 0,
        "currency": "CNY",
    }
    after = cast.owner_key.get(f"orders/{order['id']}").body
    assert (after["state"], after["paid_at"] is not None) == ("paid", True)
    assert after["redeem_until"] is not None


def test_what_needs_no_redemption_has_no_time_to_redeem(cast: Cast) -> None:
    assert cast.paid_order(cast.none_product)["redeem_until"] is None


@pytest.mark.parametrize("consent", [True, False])
def test_consent_is_kept_as_it_was_given(cast: Cast, consent: bool) -> None:
    order = cast.order()
    cast.pay(cast.buyer_key, order, consent=consent)
    (payment,) = payments_of(order)
    assert payment.consent is consent
    event = OutboxEvent.objects.get(subject=order["id"], name="order.paid")
    assert event.payload["consent"] is consent
    assert event.payload["payer"] == str(cast.buyer.pk)


def test_no_money_no_payment(cast: Cast) -> None:
    order = cast.order()
    answer = cast.pay(cast.poor_key, order)
    assert (answer.status, answer.code) == (402, "insufficient_funds")
    assert payments_of(order) == []
    assert look(cast.poor_key, order)["state"] == "placed"
    assert not OutboxEvent.objects.filter(subject=order["id"], name="order.paid").exists()
    assert cast.pay(cast.buyer_key, order).status == 201


def test_the_last_minor_unit_can_be_spent_and_no_more(cast: Cast) -> None:
    caller = Caller(key_of(make_buyer(1_000)))
    placed = [
        make_order(cast.merchant, make_product(cast.merchant, price)).order for price in (1_001, 1_000, 1)
    ]
    orders = [cast.owner_key.get(f"orders/{order.public_id}").body for order in placed]
    assert cast.pay(caller, orders[0]).code == "insufficient_funds"
    assert cast.pay(caller, orders[1]).status == 201
    assert cast.pay(caller, orders[2]).code == "insufficient_funds"
    assert wallet(caller) == 0


def test_paid_is_paid_for_everybody(cast: Cast) -> None:
    order = cast.paid_order()
    for caller in (cast.buyer_key, cast.second_key, cast.poor_key):
        for source in ("wallet", "sandbox"):
            answer = cast.pay(caller, order, source)
            assert (answer.status, answer.code) == (409, "already_paid")
    assert wallet(cast.second_key) == WALLET_MINOR
    cast.owner_key.post(f"orders/{order['id']}/redeem", {})
    assert cast.pay(cast.second_key, order).code == "already_paid"


def test_too_late(cast: Cast) -> None:
    order = cast.order()
    with clock.moved(timedelta(minutes=30)):
        assert cast.pay(cast.buyer_key, order).code == "expired"
        drains.run("expire_orders")
        assert cast.pay(cast.buyer_key, order).code == "expired"
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_just_in_time(cast: Cast) -> None:
    order = cast.order()
    with clock.moved(timedelta(minutes=29, seconds=50)):
        assert cast.pay(cast.buyer_key, order).status == 201


def test_somebody_elses_order_can_be_paid_and_stays_theirs(cast: Cast) -> None:
    order = cast.order(buyer_phone=cast.second_buyer.phone)
    assert cast.pay(cast.buyer_key, order).status == 201
    assert Order.objects.get(live_token=order["live_code"]["token"]).buyer == cast.second_buyer


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"source": "required", "consent": "required"}),
        ({"source": "wallet"}, {"consent": "required"}),
        ({"consent": True}, {"source": "required"}),
        ({"source": "wallet", "consent": None}, {"consent": "null"}),
        ({"source": "wallet", "consent": "true"}, {"consent": "invalid"}),
        ({"source": "wallet", "consent": 1}, {"consent": "invalid"}),
        ({"source": "wallet", "consent": []}, {"consent": "invalid"}),
        ({"source": "bitcoin", "consent": True}, {"source": "unknown_source"}),
        ({"source": "Wallet", "consent": True}, {"source": "unknown_source"}),
        ({"source": "", "consent": True}, {"source": "blank"}),
        ({"source": None, "consent": True}, {"source": "null"}),
        ({"source": 1, "consent": True}, {"source": "invalid"}),
        ({"source": "x" * 21, "consent": True}, {"source": "max_length"}),
        ({"source": "sandbox", "consent": True, "scenario": "miracle"}, {"scenario": "unknown_scenario"}),
        ({"source": "sandbox", "consent": True, "scenario": 1}, {"scenario": "invalid"}),
        ({"source": "wallet", "consent": True, "coupon": "cpn_" + "0" * 32}, {"coupon": "unknown"}),
        ({"source": "wallet", "consent": True, "coupon": 7}, {"coupon": "invalid"}),
    ],
    ids=str,
)
def test_bad_input(cast: Cast, asked: dict[str, Any], fields: dict[str, str]) -> None:
    order = cast.order()
    answer = cast.buyer_key.post(f"live-codes/{order['live_code']['token']}/pay", asked)
    assert (answer.status, answer.fields) == (422, fields)
    assert payments_of(order) == []


def test_only_a_buyers_token_pays(cast: Cast) -> None:
    order = cast.order()
    for caller in (cast.owner_key, cast.app_key):
        assert cast.pay(caller, order).code == "forbidden"
        assert caller.get(f"live-codes/{order['live_code']['token']}").code == "forbidden"
    assert cast.pay(cast.nobody, order).code == "unauthenticated"
