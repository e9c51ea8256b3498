"""`GET me`, `GET me/orders`: what belongs to the buyer."""

from __future__ import annotations

from tests.cast import WALLET_MINOR, Cast


def test_me_tells_phone_account_wallet_reputation(cast: Cast) -> None:
    answer = cast.buyer_key.get("me")
    assert answer.status == 200
    assert answer.body["phone"] == cast.buyer.phone
    assert answer.body["account"] == cast.buyer.account
    assert answer.body["wallet"] == {"balance": WALLET_MINOR, "currency": "CNY"}
    assert isinstance(answer.body["reputation"]["score"], int)
    assert answer.body["reputation"]["threshold_note"]


def test_the_wallet_follows_what_is_paid(cast: Cast) -> None:
    order = cast.paid_order(cast.code_product, 2)
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR - order["amount"]
    assert cast.poor_key.get("me").body["wallet"]["balance"] == 0


def test_my_orders_are_those_i_ordered_or_paid_and_nobody_elses(cast: Cast) -> None:
    paid = cast.paid_order()
    asked = cast.order(buyer_phone=cast.second_buyer.phone)
    assert [row["id"] for row in cast.buyer_key.get("me/orders").body["results"]] == [paid["id"]]
    assert [row["id"] for row in cast.second_key.get("me/orders").body["results"]] == [asked["id"]]
    assert cast.poor_key.get("me/orders").body == {"results": [], "next": None, "previous": None}


def test_the_buyer_sees_the_codes_of_what_was_bought(cast: Cast) -> None:
    paid = cast.paid_order()
    (mine,) = cast.buyer_key.get("me/orders").body["results"]
    assert mine["items"] == paid["items"]
    assert mine["merchant"] == cast.merchant.name


def test_an_order_for_somebody_stays_theirs_when_another_pays(cast: Cast) -> None:
    order = cast.order(buyer_phone=cast.second_buyer.phone)
    assert cast.pay(cast.buyer_key, order).status == 201
    assert [row["id"] for row in cast.second_key.get("me/orders").body["results"]] == [order["id"]]
    assert cast.buyer_key.get("me/orders").body["results"] == []


def test_only_a_buyers_token(cast: Cast) -> None:
    for path in ("me", "me/orders"):
        assert cast.nobody.get(path).status == 401
        assert cast.owner_key.get(path).code == "forbidden"
        assert cast.app_key.get(path).code == "forbidden"
