"""Products and printed codes: what is sold, how many there are, and the codes that lead to it."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from django.test import Client

from common import clock
from common.models import AuditEntry
from orders.flows.create_printed_code import create_printed_code
from orders.models import PrintedCode, Product
from tests.cast import make_merchant, make_order, make_product
from tests.pages_dashboard.conftest import HOME, Shop, errors, words

PRODUCTS, NEW, CODES = HOME + "products", HOME + "products/new", HOME + "codes"
GOOD = {"name": "Jasmine tea", "price": "12.50", "redeem_by": "code", "image": "", "stock": ""}


def test_a_product_is_made_at_the_price_that_was_typed(shop: Shop, owner: Client) -> None:
    assert owner.post(NEW, GOOD).status_code == 302
    product = Product.objects.get(merchant=shop.merchant, name="Jasmine tea")
    assert (product.price_minor, product.currency, product.stock) == (1250, "CNY", None)
    assert AuditEntry.objects.get(subject=product.public_id).actor == f"person:{shop.people['owner'].pk.hex}"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"price": "12."}, {"price": ["not_a_number"]}),
        ({"price": "12.345"}, {"price": ["too_many_decimals"]}),
        ({"price": "１２"}, {"price": ["not_a_number"]}),
        ({"price": "1,000.00"}, {"price": ["not_a_number"]}),
        ({"price": "0"}, {"price": ["too_small"]}),
        ({"price": "10000000"}, {"price": ["too_large"]}),
        ({"price": ""}, {"price": ["required"]}),
        ({"name": ""}, {"name": ["required"]}),
        ({"name": "x" * 121}, {"name": ["max_length"]}),
        ({"name": "a\x00b"}, {"name": ["null_characters_not_allowed"]}),
        ({"redeem_by": "magic"}, {"redeem_by": ["invalid_choice"]}),
        ({"stock": "-1"}, {"stock": ["min_value"]}),
        ({"stock": "1.5"}, {"stock": ["invalid"]}),
        ({"stock": "10000000000"}, {"stock": ["max_value"]}),
        ({"image": "javascript:alert(1)"}, {"image": ["invalid"]}),
    ],
)
def test_a_bad_product_is_refused_beside_its_field(
    shop: Shop, owner: Client, sent: dict[str, str], wrong: dict[str, list[str]]
) -> None:
    answer = owner.post(NEW, {**GOOD, **sent})
    assert answer.status_code == 422
    assert errors(answer) == wrong
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Product.objects.filter(merchant=shop.merchant).count() == 1


def test_a_new_price_is_for_future_orders(shop: Shop, owner: Client) -> None:
    before = make_order(shop.merchant, shop.product)
    address = f"{PRODUCTS}/{shop.product.public_id}"
    owner.post(f"{address}/save", {**GOOD, "name": "Pearls", "price": "99"})
    after = make_order(shop.merchant, Product.objects.get(pk=shop.product.pk))
    assert (before.order.amount_minor, after.order.amount_minor) == (6_000, 9_900)
    before.items[0].refresh_from_db(fields=["product_name"])
    assert before.items[0].product_name == "Dragon pearls"


def test_saving_a_name_never_undoes_a_sale(shop: Shop, owner: Client) -> None:
    product = make_product(shop.merchant, stock=5)
    make_order(shop.merchant, product, quantity=2)
    owner.post(f"{PRODUCTS}/{product.public_id}/save", {**GOOD, "stock": "5"})
    assert Product.objects.get(pk=product.pk).stock == 3


@pytest.mark.parametrize(("typed", "stock"), [("7", 7), ("0", 0), ("", None)])
def test_stock_is_set(shop: Shop, owner: Client, typed: str, stock: int | None) -> None:
    product = make_product(shop.merchant, stock=1)
    owner.post(f"{PRODUCTS}/{product.public_id}/stock", {"stock": typed})
    assert Product.objects.get(pk=product.pk).stock == stock


def test_bad_stock_is_refused(shop: Shop, owner: Client) -> None:
    answer = owner.post(f"{PRODUCTS}/{shop.product.public_id}/stock", {"stock": "many"})
    assert errors(answer, "stock_form") == {"stock": ["invalid"]}


def test_what_is_archived_is_not_sold_and_can_come_back(shop: Shop, owner: Client) -> None:
    address = f"{PRODUCTS}/{shop.product.public_id}/archive"
    owner.post(address)
    assert owner.get(PRODUCTS).context["page"].rows == []
    assert owner.get(PRODUCTS, {"archived": "1"}).context["page"].rows == [shop.product]
    assert "Nothing to order yet" in words(owner.get(HOME + "orders/new"))
    owner.post(address, {"restore": "1"})
    assert owner.get(PRODUCTS).context["page"].rows == [shop.product]


def test_a_cashier_sees_a_product_without_a_form(shop: Shop) -> None:
    page = shop["cashier"].get(f"{PRODUCTS}/{shop.product.public_id}")
    assert 'name="price"' not in page.content.decode()
    assert "60.00" in words(page)


# --- printed codes ------------------------------------------------------------------------


def test_a_code_is_made_for_chosen_products(shop: Shop, owner: Client) -> None:
    make_product(shop.merchant, name="Not on this table")
    owner.post(CODES + "/new", {"kind": "table", "name": "Table 7", "products": [shop.product.public_id]})
    code = PrintedCode.objects.get(merchant=shop.merchant)
    assert (code.kind, code.name, list(code.products.all())) == ("table", "Table 7", [shop.product])


@pytest.mark.parametrize(
    ("sent", "field"), [({"kind": "moon"}, "kind"), ({"name": ""}, "name"), ({"name": "x" * 81}, "name")]
)
def test_a_bad_code_is_refused(owner: Client, sent: dict[str, str], field: str) -> None:
    answer = owner.post(CODES + "/new", {"kind": "table", "name": "Table 7", **sent})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]


def test_another_shops_product_is_no_choice(shop: Shop, owner: Client) -> None:
    foreign = make_product(make_merchant())
    answer = owner.post(CODES + "/new", {"kind": "table", "name": "T", "products": [foreign.public_id]})
    assert errors(answer) == {"products": ["invalid_choice"]}


def test_the_sheet_has_every_code_that_reads_to_its_address(shop: Shop, owner: Client) -> None:
    codes = [create_printed_code(shop.merchant, kind="table", name=f"Table {n}") for n in range(3)]
    create_printed_code(make_merchant(), kind="table", name="Elsewhere")
    page = owner.get(CODES + "/sheet")
    assert {card[0] for card in page.context["cards"]} == set(codes)
    one = owner.get(CODES + "/sheet", {"code": codes[0].public_id})
    assert [card[0] for card in one.context["cards"]] == [codes[0]]
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page.content.decode())
    assert len(pictures) == 3
    assert b64decode(pictures[0]).startswith(b"<svg")
    assert owner.get(CODES + "/sheet", {"code": "nonsense"}).context["cards"] == []


def test_a_retired_code_leaves_list_and_sheet(shop: Shop, owner: Client) -> None:
    code = create_printed_code(shop.merchant, kind="counter", name="Till")
    owner.post(f"{CODES}/{code.public_id}/retire")
    code.refresh_from_db()
    assert code.retired_at is not None
    assert code.retired_at <= clock.now()
    assert owner.get(CODES).context["rows"] == []
    assert [row.code for row in owner.get(CODES, {"retired": "1"}).context["rows"]] == [code]
    assert owner.get(CODES + "/sheet").context["cards"] == []
