"""The page of service numbers: adding, retiring, what it says of how long the pool lasts."""

from __future__ import annotations

import pytest
from django.test import Client

from common.models import AuditEntry
from orders.flows.add_numbers import add_numbers
from orders.models import Product, ServiceNumber
from tests.cast import make_merchant, make_paid_order
from tests.pages_dashboard.conftest import HOME, Shop, errors, words

NUMBERS = HOME + "numbers"


def test_an_empty_pool_explains_what_numbers_are(owner: Client) -> None:
    text = words(owner.get(NUMBERS))
    assert "No service numbers yet" in text
    assert "calling it redeems the order" in text


def test_many_are_added_at_once_in_any_spelling(shop: Shop, owner: Client) -> None:
    answer = owner.post(NUMBERS + "/add", {"numbers": "010 8888 0001\n+86 10 8888 0002, 0086-10-8888-0003"})
    assert answer.headers["Location"] == NUMBERS
    numbers = set(ServiceNumber.objects.filter(merchant=shop.merchant).values_list("number", flat=True))
    assert numbers == {"+861088880001", "+861088880002", "+861088880003"}
    assert "3 numbers were added" in words(owner.get(NUMBERS))
    entry = AuditEntry.objects.get(merchant_id=shop.merchant.pk, verb="numbers.added")
    assert entry.actor == f"person:{shop.people['owner'].pk.hex}"


def test_what_cannot_be_added_stays_with_its_reason(shop: Shop, owner: Client) -> None:
    add_numbers(shop.merchant, ["+861088880001"])
    answer = owner.post(NUMBERS + "/add", {"numbers": "01088880001\nnonsense\n01088880002"})
    assert answer.status_code == 422
    text = words(answer)
    assert "2 lines were not added" in text
    assert "nonsense : no phone number" in text
    assert "01088880001 : there already" in text
    assert "1 number was added" in text
    assert ServiceNumber.objects.filter(merchant=shop.merchant).count() == 2


@pytest.mark.parametrize(
    ("sent", "code"), [("", "required"), (" \n,", "required"), ("1\n" * 1001, "too_many"), ("a\x00", "null")]
)
def test_what_is_no_list_is_refused(owner: Client, sent: str, code: str) -> None:
    answer = owner.post(NUMBERS + "/add", {"numbers": sent})
    assert answer.status_code == 422
    assert errors(answer)["numbers"][0].startswith(code)


def test_retiring(shop: Shop, owner: Client) -> None:
    number = add_numbers(shop.merchant, ["+861088880001"]).added[0]
    page = owner.get(NUMBERS).content.decode()
    assert f'action="{NUMBERS}/{number.public_id}/retire"' in page
    owner.post(f"{NUMBERS}/{number.public_id}/retire")
    assert "Retired" in words(owner.get(NUMBERS))
    assert "Retire this" not in words(owner.get(NUMBERS))
    assert ServiceNumber.objects.get(pk=number.pk).retired_at is not None


def test_anothers_number_is_not_there(shop: Shop, owner: Client) -> None:
    number = add_numbers(make_merchant(), ["+861088880001"]).added[0]
    assert owner.post(f"{NUMBERS}/{number.public_id}/retire").status_code == 404
    assert number.number not in owner.get(NUMBERS).content.decode()
    assert shop["cashier"].get(NUMBERS).status_code == 403


def test_the_forecast_warns_and_tells_of_orders_without_a_number(
    shop: Shop, owner: Client, by_call: Product
) -> None:
    add_numbers(shop.merchant, ["+861088880001"])
    first = make_paid_order(shop.merchant, shop.buyer, by_call).order
    second = make_paid_order(shop.merchant, shop.buyer, by_call).order
    assert (first.service_number, second.service_number) == ("+861088880001", "")
    page = owner.get(NUMBERS)
    text = words(page)
    assert "The pool is used up for at least one buyer" in text
    assert "In the last two weeks 1 order got no number" in text
    assert page.context["page"].rows[0].active_bindings == 1
    assert page.context["plot"].series[0].values[-1] == 1


def test_pages_follow_each_other(shop: Shop, owner: Client) -> None:
    add_numbers(shop.merchant, [f"0108888{place:04d}" for place in range(30)])
    first = owner.get(NUMBERS)
    older = owner.get(NUMBERS, {"cursor": first.context["page"].older})
    assert [len(page.context["page"].rows) for page in (first, older)] == [25, 5]
