"""Codes as pictures: they hold exactly the address, need no key, and say what they are."""

from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from django.test import Client
from PIL import Image

from orders import qr
from orders.models import PrintedCode
from tests.cast import Cast, make_order, make_paid_order


def read(png: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(png)).convert("L"))
    return str(found.text)


def drawn(svg: str, pixels_a_module: int = 8) -> Image.Image:
    """Our SVG as a picture: its path holds nothing but horizontal runs of modules."""
    modules = int(svg.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    picture = Image.new("L", (modules, modules), 255)
    for run in svg.rsplit('d="', 1)[1].split('"', 1)[0].removeprefix("M").split("M"):
        place, rest = run.split("h", 1)
        x, y = (int(number) for number in place.split())
        for step in range(int(rest.split("v", 1)[0])):
            picture.putpixel((x + step, y), 0)
    return picture.resize((modules * pixels_a_module,) * 2)


def test_png_of_a_live_code_holds_its_address(cast: Cast, nobody: Client) -> None:
    order = make_order(cast.merchant).order
    picture = nobody.get(f"/qr/{order.live_token}?format=png")
    assert picture["Content-Type"] == "image/png"
    assert read(picture.content) == order.live_url == f"http://testserver/pay/{order.live_token}"


def test_svg_holds_the_same(cast: Cast, nobody: Client) -> None:
    order = make_order(cast.merchant).order
    picture = nobody.get(f"/qr/{order.live_token}")
    assert picture["Content-Type"] == "image/svg+xml"
    (found,) = zxingcpp.read_barcodes(drawn(picture.content.decode()))
    assert found.text == order.live_url


def test_the_api_names_this_address(cast: Cast, nobody: Client) -> None:
    order = cast.order()
    picture = nobody.get(order["live_code"]["qr"].removeprefix("http://testserver"), {"format": "png"})
    assert read(picture.content) == order["live_code"]["url"]


def test_printed_codes_too(cast: Cast, nobody: Client) -> None:
    code = PrintedCode.objects.create(merchant=cast.merchant, kind="table", name="Table 7")
    assert read(nobody.get(f"/qr/{code.token}?format=png").content) == code.url


def test_may_be_kept_by_caches_and_is_no_search_result(cast: Cast, nobody: Client) -> None:
    picture = nobody.get(f"/qr/{make_order(cast.merchant).order.live_token}")
    assert "public" in picture["Cache-Control"]
    assert picture["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("address", ["/qr/" + "x" * 22, "/qr/%00" + "x" * 22, "/qr/x"])
def test_unknown_is_404(db: None, nobody: Client, address: str) -> None:
    assert nobody.get(address).status_code == 404


def test_other_formats_are_404(cast: Cast, nobody: Client) -> None:
    assert nobody.get(f"/qr/{make_order(cast.merchant).order.live_token}?format=gif").status_code == 404


def test_an_items_code_once_it_is_paid(cast: Cast, nobody: Client) -> None:
    unpaid, paid = make_order(cast.merchant, cast.code_product), make_paid_order(cast.merchant, cast.buyer)
    for placed, status in ((unpaid, 404), (paid, 200)):
        address = f"/o/{placed.order.page_token}/items/{placed.items[0].code}"
        assert nobody.get(address).status_code == status
    picture = nobody.get(f"/o/{paid.order.page_token}/items/{paid.items[0].code}")
    (found,) = zxingcpp.read_barcodes(drawn(picture.content.decode()))
    assert found.text == paid.items[0].code


def test_another_orders_item_is_404(cast: Cast, nobody: Client) -> None:
    one, other = make_paid_order(cast.merchant, cast.buyer), make_paid_order(cast.merchant, cast.buyer)
    assert nobody.get(f"/o/{one.order.page_token}/items/{other.items[0].code}").status_code == 404


def test_a_sheet_of_codes_is_one_request() -> None:
    assert qr.data_uri("1234").startswith("data:image/svg+xml;base64,")


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        qr.svg("x" * 1001)
