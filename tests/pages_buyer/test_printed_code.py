"""A code on a table or counter: the shop behind it, a new order each time, visitors counted."""

from __future__ import annotations

from django.test import Client

from common import clock
from orders.models import Order, PrintedCode, Scan
from tests.cast import Cast
from tests.pages_buyer.conftest import field_of, text_of


def table(cast: Cast) -> PrintedCode:
    return PrintedCode.objects.create(merchant=cast.merchant, kind="table", name="Table 7")


def test_names_the_table_and_sells_what_the_shop_sells(cast: Cast, nobody: Client) -> None:
    page = nobody.get(f"/c/{table(cast).token}")
    assert page.status_code == 200
    assert "Table 7" in text_of(page)
    assert "By call" in text_of(page)


def test_sells_only_its_own_products_if_it_has_some(cast: Cast, nobody: Client) -> None:
    code = table(cast)
    code.products.add(cast.none_product)
    text = text_of(nobody.get(f"/c/{code.token}"))
    assert "Not redeemed" in text
    assert "By call" not in text


def test_each_time_a_new_order_of_that_table(cast: Cast, nobody: Client) -> None:
    code = table(cast)
    for _guest in range(2):
        once = field_of(nobody.get(f"/c/{code.token}"), "once")
        nobody.post(f"/c/{code.token}", {"once": once, f"q-{cast.code_product.public_id}": 1})
    orders = Order.objects.filter(merchant=cast.merchant)
    assert [(order.channel, order.printed_code) for order in orders] == [("table", code)] * 2


def test_a_visitor_counts_once_a_day(cast: Cast, nobody: Client) -> None:
    code = table(cast)
    for _look in range(3):
        nobody.get(f"/c/{code.token}")
    Client().get(f"/c/{code.token}")
    assert Scan.objects.filter(code=code).count() == 2


def test_the_visitors_cookie_is_a_word_and_no_more(cast: Cast, nobody: Client) -> None:
    nobody.cookies["livetill_visitor"] = "x" * 5000
    page = nobody.get(f"/c/{table(cast).token}")
    cookie = page.cookies["livetill_visitor"]
    assert len(cookie.value) == 22
    assert cookie["httponly"]


def test_a_retired_code_says_so_and_takes_nothing(cast: Cast, nobody: Client) -> None:
    code = table(cast)
    once = field_of(nobody.get(f"/c/{code.token}"), "once")
    PrintedCode.objects.filter(pk=code.pk).update(retired_at=clock.now())
    page = nobody.get(f"/c/{code.token}")
    assert page.status_code == 410
    assert "no longer in use" in text_of(page)
    nobody.post(f"/c/{code.token}", {"once": once, f"q-{cast.code_product.public_id}": 1})
    assert not Order.objects.filter(merchant=cast.merchant).exists()


def test_unknown_code_is_404(db: None, nobody: Client) -> None:
    for token in ("x" * 22, "short", "a%00b" * 5):
        assert nobody.get(f"/c/{token}").status_code == 404
