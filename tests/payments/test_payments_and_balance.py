"""`GET payments`, `GET payments/{id}`, `GET balance`."""

from __future__ import annotations

from tests.cast import Cast, unknown_id


def test_the_merchants_payments_newest_first_with_pages(cast: Cast) -> None:
    orders = [cast.paid_order() for _ in range(3)]
    first = cast.owner_key.get("payments", limit=2).body
    rest = cast.owner_key.get(first["next"].removeprefix("http://testserver")).body
    rows = first["results"] + rest["results"]
    assert [row["order"] for row in rows] == [order["id"] for order in reversed(orders)]
    assert rest["next"] is None


def test_nothing_tells_the_merchant_who_paid(cast: Cast) -> None:
    cast.paid_order()
    content = cast.owner_key.get("payments").content.decode()
    for secret in (cast.buyer.phone or "", str(cast.buyer.pk), cast.buyer.pk.hex, cast.buyer.account):
        assert secret not in content


def test_a_failed_try_is_listed_with_its_reason(cast: Cast) -> None:
    order = cast.order()
    answer = cast.pay(cast.buyer_key, order, "sandbox", scenario="declined")
    assert (answer.status, answer.code) == (402, "payment_declined")
    (row,) = cast.owner_key.get("payments").body["results"]
    assert (row["state"], row["failure_code"], row["refunded_amount"]) == ("failed", "declined", 0)


def test_the_stranger_gets_404(cast: Cast) -> None:
    cast.paid_order()
    (row,) = cast.owner_key.get("payments").body["results"]
    assert cast.owner_key.get(f"payments/{row['id']}").body == row
    for caller, payment in ((cast.other_key, row["id"]), (cast.owner_key, unknown_id("pay"))):
        answer = caller.get(f"payments/{payment}")
        assert (answer.status, answer.code) == (404, "not_found")
    assert cast.other_key.get("payments").body["results"] == []


def test_the_balance_is_the_merchants_own(cast: Cast) -> None:
    empty = {"available": 0, "held": 0, "debt": 0, "currency": "CNY"}
    assert cast.owner_key.get("balance").body == empty
    order = cast.paid_order(cast.code_product, 2)
    assert cast.owner_key.get("balance").body == {**empty, "held": 12_000}
    cast.owner_key.post(f"orders/{order['id']}/redeem", {"item_code": order["items"][0]["code"]})
    assert cast.owner_key.get("balance").body == {**empty, "held": 6_000, "available": 6_000}
    assert cast.other_key.get("balance").body == empty
