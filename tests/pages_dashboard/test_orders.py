"""Orders at the counter: the list, a new one, show to pay, cancel, redeem by code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock
from orders.flows.cancel_order import cancel_order
from orders.flows.redeem_order import redeem_order
from orders.item_codes import read_item_code
from orders.models import Order, Product
from payments.flows.settle_payment import settle_payment
from payments.gateways.base import Outcome, Verdict
from tests.cast import make_merchant, make_order, make_paid_order, make_product, pay, settle
from tests.pages_dashboard.conftest import HOME, Shop, errors, words

ORDERS, NEW = HOME + "orders", HOME + "orders/new"


def place(client: Client, product: Product, quantity: object = 2, **more: object) -> Any:
    """Send the counter's form."""
    return client.post(NEW, {product.public_id: quantity, **more})


# --- a new order -----------------------------------------------------------------------


def test_a_counter_order_leads_to_its_code(shop: Shop) -> None:
    answer = place(shop["cashier"], shop.product, 2, note="Window seat")
    order = Order.objects.get(merchant=shop.merchant)
    assert answer.headers["Location"] == f"{ORDERS}/{order.public_id}/show"
    assert (order.channel, order.amount_minor, order.note) == ("counter", 12_000, "Window seat")
    page = shop["cashier"].get(answer.headers["Location"])
    assert "data:image/svg+xml;base64," in page.content.decode()
    assert 'aria-live="polite"' in page.content.decode()


def test_a_phone_gives_the_order_to_its_buyer(shop: Shop, owner: Client) -> None:
    place(owner, shop.product, buyer_phone=shop.buyer.phone)
    assert Order.objects.get(merchant=shop.merchant).buyer == shop.buyer


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({}, "__all__", "empty"),
        ({"quantity": "0"}, "__all__", "empty"),
        ({"quantity": "-1"}, "product", "min_value"),
        ({"quantity": "1.5"}, "product", "invalid"),
        ({"quantity": "two"}, "product", "invalid"),
        ({"quantity": "201"}, "product", "max_value"),
        ({"quantity": "1", "buyer_phone": "12"}, "buyer_phone", "invalid_phone"),
        ({"quantity": "1", "note": "x" * 501}, "note", "max_length"),
        ({"quantity": "1", "note": "a\x00b"}, "note", "null_characters_not_allowed"),
    ],
)
def test_a_bad_counter_order_is_refused(
    shop: Shop, owner: Client, sent: dict[str, str], field: str, code: str
) -> None:
    quantity = sent.pop("quantity", "")
    answer = owner.post(NEW, {shop.product.public_id: quantity, **sent})
    assert answer.status_code == 422
    named = shop.product.public_id if field == "product" else field
    assert errors(answer) == {named: [code]}
    assert not Order.objects.filter(merchant=shop.merchant).exists()


def test_no_more_is_sold_than_there_is(shop: Shop, owner: Client) -> None:
    few = make_product(shop.merchant, stock=3, name="Few")
    assert errors(place(owner, few, 4)) == {few.public_id: ["max_value"]}
    assert place(owner, few, 3).status_code == 302
    assert "Sold out" in words(owner.get(NEW))


def test_another_shops_product_is_no_field_of_the_form(shop: Shop, owner: Client) -> None:
    foreign = make_product(make_merchant(), name="Foreign")
    assert errors(place(owner, foreign)) == {"__all__": ["empty"]}


def test_searching_keeps_what_was_chosen(shop: Shop, owner: Client) -> None:
    cake = make_product(shop.merchant, name="Osmanthus cake")
    page = owner.get(NEW, {shop.product.public_id: "3", "q": "osmanthus"})
    rows = page.context["form"].rows()
    assert [product for product, _field in rows] == [shop.product, cake]
    assert 'value="3"' in page.content.decode()


# --- the list ----------------------------------------------------------------------------


def listed(client: Client, **query: Any) -> list[Order]:
    """The orders that the list shows."""
    answer = client.get(ORDERS, query)
    assert answer.status_code == 200
    return list(answer.context["page"].rows)


def test_the_list_narrows(shop: Shop, owner: Client) -> None:
    first = make_order(shop.merchant, shop.product).order
    paid = make_paid_order(shop.merchant, shop.buyer, shop.product)
    assert listed(owner) == [paid.order, first]
    assert listed(owner, state="paid") == [paid.order]
    assert listed(owner, q=first.number) == [first]
    assert listed(owner, q=paid.items[0].code) == [paid.order]
    assert listed(owner, q=shop.buyer.phone) == [paid.order]
    today = clock.today()
    assert len(listed(owner, since=today, until=today)) == 2
    assert listed(owner, until=today - timedelta(days=1)) == []
    assert "Nothing fits" in words(owner.get(ORDERS, {"q": "nowhere"}))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"until": "9999-12-31"}, "until"),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "until"),
        ({"q": "x" * 101}, "q"),
        ({"q": "a\x00"}, "q"),
    ],
)
def test_a_bad_filter_is_shown_beside_its_field(owner: Client, query: dict[str, str], field: str) -> None:
    answer = owner.get(ORDERS, query)
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]


@pytest.mark.parametrize("cursor", ["x", "o123", "o" + "z" * 32, "%", "o" + "0" * 32])
def test_a_mangled_cursor_is_no_error(owner: Client, cursor: str) -> None:
    assert owner.get(ORDERS, {"cursor": cursor}).status_code == 200


def test_pages_follow_each_other(shop: Shop, owner: Client) -> None:
    for _order in range(30):
        make_order(shop.merchant, shop.product)
    first = owner.get(ORDERS)
    older = owner.get(ORDERS, {"cursor": first.context["page"].older})
    assert [len(page.context["page"].rows) for page in (first, older)] == [25, 5]
    assert "data-live" in first.content.decode()
    assert "data-live=" not in older.content.decode()
    assert 'id="orders"' not in older.content.decode()


def test_the_part_that_refreshes_itself_is_the_part_alone(shop: Shop, owner: Client) -> None:
    before = owner.get(ORDERS, headers={"HX-Request": "true"})
    assert "<html" not in before.content.decode()
    make_order(shop.merchant, shop.product)
    after = owner.get(ORDERS, headers={"HX-Request": "true"})
    assert before.context["stamp"] != after.context["stamp"]


# --- one order ------------------------------------------------------------------------------


def detail(client: Client, order: Order) -> Any:
    return client.get(f"{ORDERS}/{order.public_id}")


def test_the_history_says_who_did_what(shop: Shop, owner: Client) -> None:
    place(shop["cashier"], shop.product, 1)
    order = Order.objects.get(merchant=shop.merchant)
    pay(order, shop.buyer)
    owner.post(f"{HOME}redeem/{order.public_id}")
    history = detail(owner, order).context["history"]
    told = [(one.text, one.who) for one in reversed(history)]
    assert told[0] == ("Placed", "The cashier")
    assert ("A unit was redeemed", "The owner") in told
    assert str(shop.buyer.phone) not in words(detail(owner, order))


def test_a_return_shows_beside_its_payment(shop: Shop, owner: Client) -> None:
    order = make_order(shop.merchant, shop.product).order
    payment = pay(order, shop.buyer, "sandbox", scenario="wrong_amount")
    settle_payment(payment.pk, Verdict(Outcome.SUCCEEDED, received_minor=5_999))
    settle()
    text = words(detail(owner, order))
    assert "goes back: another amount than asked for" in text
    assert "goes back" in words(owner.get(HOME + "payments"))
    assert "goes back" not in words(detail(shop["cashier"], order))


def test_an_unpaid_order_shows_no_item_codes(shop: Shop, owner: Client) -> None:
    placed = make_order(shop.merchant, shop.product)
    assert placed.items[0].code not in detail(owner, placed.order).content.decode()


def test_cancelling(shop: Shop, owner: Client) -> None:
    order = make_order(shop.merchant, shop.product).order
    owner.post(f"{ORDERS}/{order.public_id}/cancel")
    assert Order.objects.get(pk=order.pk).state == "cancelled"
    again = owner.post(f"{ORDERS}/{order.public_id}/cancel", follow=True)
    assert "does not allow this" in words(again)
    assert Order.objects.get(pk=order.pk).state == "cancelled"


@pytest.mark.parametrize("state", ["placed", "paid", "redeemed", "cancelled", "expired"])
def test_every_state_has_its_pages(shop: Shop, owner: Client, state: str) -> None:
    if state in ("paid", "redeemed"):
        order = make_paid_order(shop.merchant, shop.buyer, shop.product).order
    else:
        order = make_order(shop.merchant, shop.product).order
    if state == "redeemed":
        redeem_order(shop.merchant, order.pk)
    if state == "cancelled":
        cancel_order(shop.merchant, order.pk)
    moved = timedelta(hours=1) if state == "expired" else timedelta(0)
    with clock.moved(moved):
        for path in (f"{ORDERS}/{order.public_id}", f"{ORDERS}/{order.public_id}/show"):
            page = owner.get(path)
            assert page.status_code == 200
            assert page.context["state"] == state
            assert (state == "placed") == ("data:image/svg+xml" in page.content.decode())
        assert owner.get(f"{HOME}redeem/{order.public_id}").status_code == 200


# --- redeeming ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("4877121219059686", "4877121219059686"),
        ("4877 1212-1905 9686", "4877121219059686"),
        ("４８７７１２１２１９０５９６８６", "4877121219059686"),
        ("https://till.example/o/x/items/4877121219059686", "4877121219059686"),
        ("48771212190596861", None),
        ("487712121905968", None),
        ("", None),
        ("x" * 600, None),
    ],
)
def test_codes_are_read_in_any_spelling(typed: str, read: str | None) -> None:
    assert read_item_code(typed) == read


def test_a_code_is_previewed_before_anything_happens(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=2)
    item = placed.items[0]
    cashier = shop["cashier"]
    found = cashier.get(HOME + "redeem", {"code": item.code})
    assert found.headers["Location"] == f"{HOME}redeem/{placed.order.public_id}?code={item.code}"
    preview = cashier.get(found.headers["Location"])
    assert "Redeem this unit" in words(preview)
    assert "Money that is released" not in words(preview)
    assert Order.objects.get(pk=placed.order.pk).items.filter(state="issued").count() == 2

    done = cashier.post(f"{HOME}redeem/{placed.order.public_id}", {"code": item.code}, follow=True)
    assert "1 more unit of this order waits" in words(done)
    again = cashier.get(found.headers["Location"])
    assert "Not redeemable" in words(again)
    assert "Redeem this unit" not in words(again)


def test_the_whole_order_is_redeemed_at_once(shop: Shop, owner: Client) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=3)
    address = f"{HOME}redeem/{placed.order.public_id}"
    assert "Redeem all 3 units" in words(owner.get(address))
    assert "Nothing more of this order waits" in words(owner.post(address, follow=True))
    assert Order.objects.get(pk=placed.order.pk).state == "redeemed"
    assert "redeemed already" in words(owner.post(address, follow=True))


def test_a_code_of_another_shop_is_unknown(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    answer = shop["stranger"].get(HOME + "redeem", {"code": placed.items[0].code})
    assert answer.status_code == 422


def test_a_code_of_another_order_is_not_there(shop: Shop, owner: Client) -> None:
    first = make_paid_order(shop.merchant, shop.buyer, shop.product)
    second = make_paid_order(shop.merchant, shop.buyer, shop.product)
    address = f"{HOME}redeem/{first.order.public_id}"
    code = second.items[0].code
    assert owner.get(address, {"code": code}).status_code == 404
    assert owner.post(address, {"code": code}).status_code == 404


def test_an_unpaid_order_is_not_redeemed(shop: Shop, owner: Client) -> None:
    order = make_order(shop.merchant, shop.product).order
    page = owner.post(f"{HOME}redeem/{order.public_id}", follow=True)
    assert "Not redeemable" in words(page)
    assert Order.objects.get(pk=order.pk).state == "placed"
