"""The shop: what is for sale, a basket without scripts, one order however often the form is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from merchants.models import Person
from merchants.models.merchants import Role
from orders.models import Order, Product, RedeemBy
from tests.cast import Cast, make_merchant, make_phone, make_product, signed_in, together
from tests.pages_buyer.conftest import field_of, text_of


def sent(page: Any, *chosen: tuple[Product, int], **more: str) -> dict[str, Any]:
    return {
        "once": field_of(page, "once"),
        **{f"q-{product.public_id}": quantity for product, quantity in chosen},
        **more,
    }


def test_shows_what_is_sold_with_prices(cast: Cast, nobody: Client) -> None:
    page = nobody.get(f"/s/{cast.merchant.slug}")
    assert page.status_code == 200
    assert "By code" in text_of(page)
    assert "CN¥60.00" in text_of(page)
    assert "Of the other shop" not in text_of(page)


def test_a_shop_is_for_search_engines_but_an_order_is_not(cast: Cast, nobody: Client) -> None:
    assert "noindex" not in nobody.get(f"/s/{cast.merchant.slug}").content.decode()


@pytest.mark.parametrize("slug", ["none", "a" * 200])
def test_unknown_shop_is_404(db: None, nobody: Client, slug: str) -> None:
    assert nobody.get(f"/s/{slug}").status_code == 404


def test_places_an_order(cast: Cast, nobody: Client) -> None:
    page = nobody.get(f"/s/{cast.merchant.slug}")
    form = sent(page, (cast.code_product, 2), (cast.none_product, 1), note="By the window")
    answer = nobody.post(f"/s/{cast.merchant.slug}", form)
    order = Order.objects.get(merchant=cast.merchant)
    assert (answer.status_code, answer["Location"]) == (302, f"/o/{order.page_token}")
    assert (order.channel, order.note, order.amount_minor) == ("shop", "By the window", 16_000)
    assert order.buyer is None


def test_the_same_form_sent_twice_is_one_order(cast: Cast, nobody: Client) -> None:
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 1))
    answers = [nobody.post(f"/s/{cast.merchant.slug}", form) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Order.objects.filter(merchant=cast.merchant).count() == 1


def test_gone_back_to_and_changed_it_is_another_order(cast: Cast, nobody: Client) -> None:
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 1))
    nobody.post(f"/s/{cast.merchant.slug}", form)
    nobody.post(f"/s/{cast.merchant.slug}", form | {f"q-{cast.code_product.public_id}": 2})
    assert Order.objects.filter(merchant=cast.merchant).count() == 2


@pytest.mark.races
def test_the_same_form_sent_at_one_moment_is_one_order(committed: None, cast: Cast) -> None:
    address = f"/s/{cast.merchant.slug}"
    form = sent(Client().get(address), (cast.code_product, 1))
    answers = together(lambda _number: Client().post(address, form), 6)
    assert {answer.status_code for answer in answers} == {302}
    assert Order.objects.filter(merchant=cast.merchant).count() == 1


@pytest.mark.races
def test_control_forms_of_their_own_at_one_moment_are_orders_of_their_own(
    committed: None, cast: Cast
) -> None:
    address = f"/s/{cast.merchant.slug}"
    forms = [sent(Client().get(address), (cast.code_product, 1)) for _ in range(3)]
    together(lambda number: Client().post(address, forms[number]), 3)
    assert Order.objects.filter(merchant=cast.merchant).count() == 3


def test_whoever_is_signed_in_is_the_buyer_and_not_asked_for_a_phone(cast: Cast, buyer: Client) -> None:
    page = buyer.get(f"/s/{cast.merchant.slug}")
    assert 'name="phone"' not in page.content.decode()
    buyer.post(f"/s/{cast.merchant.slug}", sent(page, (cast.code_product, 1)))
    assert Order.objects.get(merchant=cast.merchant).buyer == cast.buyer


def test_a_phone_finds_its_person(cast: Cast, nobody: Client) -> None:
    phone = make_phone()
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 1), phone=phone[3:])
    nobody.post(f"/s/{cast.merchant.slug}", form)
    assert Order.objects.get(merchant=cast.merchant).buyer == Person.objects.get(phone=phone)


def test_a_phone_that_is_none_is_refused_and_nothing_typed_is_lost(cast: Cast, nobody: Client) -> None:
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 3), phone="12", note="Hello")
    answer = nobody.post(f"/s/{cast.merchant.slug}", form)
    assert answer.status_code == 422
    assert "valid phone" in text_of(answer)
    assert "Hello" in text_of(answer)
    assert 'value="3"' in answer.content.decode()
    assert not Order.objects.filter(merchant=cast.merchant).exists()


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("0", "at least one"),
        ("", "at least one"),
        ("-4", "at least one"),
        ("x", "at least one"),
        ("999", "more than one order"),
    ],
)
def test_quantities_that_are_no_order(cast: Cast, nobody: Client, quantity: str, words: str) -> None:
    page = nobody.get(f"/s/{cast.merchant.slug}")
    form = sent(page) | {f"q-{cast.code_product.public_id}": quantity}
    answer = nobody.post(f"/s/{cast.merchant.slug}", form)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_another_shops_product_is_refused(cast: Cast, nobody: Client) -> None:
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.other_product, 1))
    answer = nobody.post(f"/s/{cast.merchant.slug}", form)
    assert answer.status_code == 422
    assert "not sold here any more" in text_of(answer)


def test_sold_out_and_few_left_are_said(cast: Cast, nobody: Client) -> None:
    make_product(cast.merchant, stock=0, name="Gone")
    make_product(cast.merchant, stock=2, name="Rare")
    text = text_of(nobody.get(f"/s/{cast.merchant.slug}"))
    assert "Sold out" in text
    assert "Only 2 left" in text


def test_more_than_there_are_is_refused_by_name(cast: Cast, nobody: Client) -> None:
    rare = make_product(cast.merchant, stock=2, name="Rare")
    answer = nobody.post(f"/s/{cast.merchant.slug}", sent(nobody.get(f"/s/{cast.merchant.slug}"), (rare, 3)))
    assert answer.status_code == 409
    assert "not that many left" in text_of(answer)
    assert 'aria-invalid="true"' in answer.content.decode()


def test_plus_and_minus_work_without_scripts(cast: Cast, nobody: Client) -> None:
    address, name = f"/s/{cast.merchant.slug}", f"q-{cast.code_product.public_id}"
    form = sent(nobody.get(address), (cast.code_product, 1), note="Kept")
    more = nobody.post(address, form | {"step": f"{cast.code_product.public_id}:1"})
    assert f'name="{name}" value="2"' in more.content.decode()
    assert "Kept" in text_of(more)
    assert "CN¥120.00" in text_of(more)
    none = nobody.post(address, form | {"step": f"{cast.code_product.public_id}:-1"})
    assert f'name="{name}" value="0"' in none.content.decode()
    assert not Order.objects.filter(merchant=cast.merchant).exists()


@pytest.mark.parametrize("step", ["", "x", "prd_x:1", f"prd_{'0' * 32}:7", ":-1"])
def test_a_step_that_is_none_changes_nothing(cast: Cast, nobody: Client, step: str) -> None:
    form = sent(nobody.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 1))
    assert nobody.post(f"/s/{cast.merchant.slug}", form | {"step": step}).status_code == 200


def test_many_products_are_paged_and_the_basket_stays(cast: Cast, nobody: Client) -> None:
    shop = make_merchant("A large shop")
    things = [make_product(shop, 100, RedeemBy.NONE, name=f"Thing {place}") for place in range(30)]
    first = nobody.get(f"/s/{shop.slug}")
    assert "Thing 29" in text_of(first)
    assert "Thing 0 " not in text_of(first)
    second = nobody.post(
        f"/s/{shop.slug}", sent(first, (things[29], 2)) | {"go": field_of_button(first, "More")}
    )
    assert "Thing 0 " in text_of(second)
    assert "Thing 29 × 2" in text_of(second)
    nobody.post(f"/s/{shop.slug}", sent(second, (things[29], 2), (things[0], 1)))
    assert Order.objects.get(merchant=shop).amount_minor == 300


def field_of_button(page: Any, words: str) -> str:
    markup = page.content.decode()
    start = markup.rindex("<button", 0, markup.index(f">{words}<svg"))
    return str(markup[start:].split('value="', 1)[1].split('"', 1)[0])


def test_an_address_can_fill_the_basket(cast: Cast, nobody: Client) -> None:
    page = nobody.get(f"/s/{cast.merchant.slug}", {f"q-{cast.code_product.public_id}": "2", "q-x": "9"})
    assert "CN¥120.00" in text_of(page)


def test_a_closed_shop_says_so_and_takes_nothing(cast: Cast, nobody: Client) -> None:
    page = nobody.get(f"/s/{cast.merchant.slug}")
    cast.merchant.stopped_reason = "A test"
    cast.merchant.save(update_fields=["stopped_reason"])
    closed = nobody.get(f"/s/{cast.merchant.slug}")
    assert "takes no orders at present" in text_of(closed)
    assert nobody.post(f"/s/{cast.merchant.slug}", sent(page, (cast.code_product, 1))).status_code == 409


def test_an_empty_shop_says_so(db: None, nobody: Client) -> None:
    assert "Nothing here yet" in text_of(nobody.get(f"/s/{make_merchant().slug}"))


def test_a_form_from_elsewhere_is_refused(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/s/{cast.merchant.slug}", {"once": "x"}).status_code == 403


def test_pictures_only_from_trusted_origins(cast: Cast, nobody: Client, settings: Any) -> None:
    picture = "https://img.example/tea.jpg"
    Product.objects.filter(pk=cast.code_product.pk).update(image=picture)
    assert picture not in nobody.get(f"/s/{cast.merchant.slug}").content.decode()
    settings.IMAGE_SOURCES = ["https://img.example"]
    assert picture in nobody.get(f"/s/{cast.merchant.slug}").content.decode()


def test_members_can_order_too(cast: Cast) -> None:
    clerk = signed_in(cast.member(Role.CASHIER))
    clerk.post(
        f"/s/{cast.merchant.slug}", sent(clerk.get(f"/s/{cast.merchant.slug}"), (cast.code_product, 1))
    )
    assert Order.objects.filter(merchant=cast.merchant).count() == 1
