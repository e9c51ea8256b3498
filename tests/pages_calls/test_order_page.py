"""The buyer's page of an order that is redeemed by a call: the number, how it went, "that wasn't me"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock, drains
from orders.flows.add_numbers import add_numbers
from orders.flows.decide_objection import decide_objection
from orders.flows.receive_calls import receive_calls
from orders.flows.redeem_order import redeem_order
from orders.flows.set_call_rules import set_call_rules
from orders.flows.unredeem_order import unredeem_order
from orders.gateways.base import CallFact
from orders.models import Objection, Order, Product
from tests.cast import make_paid_order, make_product
from tests.pages_dashboard.conftest import Shop, words
from tests.undo.stage import pay_out


@pytest.fixture
def bound(shop: Shop, by_call: Product) -> Order:
    """A paid order that waits for its buyer's call."""
    add_numbers(shop.merchant, ["+861088880001"])
    return make_paid_order(shop.merchant, shop.buyer, by_call, quantity=2).order


def page_of(client: Client, order: Order, part: str = "") -> Any:
    return client.get(f"/o/{order.page_token}{part}")


def call(order: Order) -> None:
    """Its buyer calls."""
    assert order.buyer is not None
    now = clock.now()
    receive_calls(
        order.merchant, [CallFact("t", "1", order.buyer.phone or "", order.service_number, now, now)]
    )


def test_the_number_is_there_to_be_tapped(shop: Shop, bound: Order) -> None:
    page = page_of(Client(), bound)
    assert 'href="tel:+861088880001"' in page.content.decode()
    text = words(page)
    assert "Foot bath × 2" in text.replace("\u00a0", " ").replace("&nbsp;", " ")
    assert f"ends in {(shop.buyer.phone or '')[-4:]}" in text
    assert (shop.buyer.phone or "") not in page.content.decode()
    assert "Wait until it is answered" in text
    assert "Or show this at the shop" in text


def test_what_the_shop_asks_of_a_call_is_said(shop: Shop, bound: Order) -> None:
    set_call_rules(shop.merchant, {"least_seconds": 7})
    assert "Stay on the line for at least 7 seconds" in words(page_of(Client(), bound))
    set_call_rules(shop.merchant, {"answered_only": False, "least_seconds": 0})
    assert "Let it ring once" in words(page_of(Client(), bound))


def test_an_order_of_both_kinds_says_what_the_call_leaves(shop: Shop, by_call: Product) -> None:
    add_numbers(shop.merchant, ["+861088880001"])
    code = make_product(shop.merchant, name="By code")
    order = make_paid_order(shop.merchant, shop.buyer, by_call, code).order
    assert "The other things of this order are redeemed by the codes below" in words(page_of(Client(), order))
    call(order)
    page = page_of(Client(), order)
    assert "tel:" not in page.content.decode()
    assert "Show this at the shop" in words(page)
    assert "A part of your order was redeemed" in page.content.decode()


def test_an_exhausted_pool_says_so_and_shows_the_code(shop: Shop, by_call: Product) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, by_call)
    page = page_of(Client(), placed.order)
    assert "No phone number was free for this order" in words(page)
    assert "tel:" not in page.content.decode()
    assert placed.items[0].code in words(page).replace(" ", "")


def test_after_the_call_it_says_how_and_when(bound: Order) -> None:
    before = page_of(Client(), bound, "/state").content.decode()
    call(bound)
    after = page_of(Client(), bound, "/state")
    assert "Redeemed by your call" in words(after)
    assert "tel:" not in after.content.decode()
    assert 'data-live-announce="All of it is redeemed."' in after.content.decode()
    assert (
        before.split("data-live-state=")[1][:20] != after.content.decode().split("data-live-state=")[1][:20]
    )


def test_at_the_counter_it_says_so(shop: Shop, bound: Order) -> None:
    redeem_order(shop.merchant, bound.pk)
    assert "Redeemed by code at the counter" in words(page_of(Client(), bound))


def test_only_the_signed_in_buyer_may_object(shop: Shop, bound: Order) -> None:
    call(bound)
    object_address = f"/o/{bound.page_token}/object"
    nobody = Client()
    assert "Sign in as the buyer" in words(page_of(nobody, bound))
    assert nobody.post(object_address).headers["Location"].startswith("/accounts/login/?next=")
    assert "That wasn't me" not in words(page_of(shop["owner"], bound))
    assert shop["owner"].post(object_address).status_code == 404
    assert not Objection.objects.filter(order=bound).exists()
    assert "That wasn't me" in page_of(shop["buyer"], bound).content.decode()


def test_one_tap_holds_the_money_and_tells_what_happens(shop: Shop, bound: Order) -> None:
    call(bound)
    buyer = shop["buyer"]
    answer = buyer.post(f"/o/{bound.page_token}/object", follow=True)
    text = words(answer)
    assert "The money is held until Tea house has decided" in text
    assert "Show this" not in text
    assert "tel:" not in answer.content.decode()
    assert "every 5s" in page_of(buyer, bound, "/state").content.decode()
    assert "already" in words(buyer.post(f"/o/{bound.page_token}/object", follow=True))
    assert Objection.objects.filter(order=bound).count() == 1


def test_an_undoing_at_the_counter_reaches_the_buyers_page(shop: Shop, bound: Order) -> None:
    redeem_order(shop.merchant, bound.pk)
    redeemed = page_of(Client(), bound, "/state").content.decode()
    assert "every 10s" in redeemed
    unredeem_order(shop.merchant, bound.pk)
    undone = page_of(Client(), bound, "/state").content.decode()
    assert state_of(undone) != state_of(redeemed)
    assert "tel:" in undone


def state_of(part: str) -> str:
    return part.split('data-live-state="')[1].split('"')[0]


def test_without_money_it_does_not_say_that_it_is_held(shop: Shop, bound: Order) -> None:
    call(bound)
    pay_out(shop.merchant, 18_000)
    shop["buyer"].post(f"/o/{bound.page_token}/object")
    before = page_of(shop["buyer"], bound)
    assert "Tea house was asked to decide" in words(before)
    assert "held" not in words(before).lower()
    assert "every 5s" in before.content.decode()
    make_and_redeem_another(shop)
    drains.run("uphold_unanswered")
    after = page_of(shop["buyer"], bound)
    assert "The money is held until Tea house has decided" in words(after)
    assert state_of(after.content.decode()) != state_of(before.content.decode())


def make_and_redeem_another(shop: Shop) -> None:
    other = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=3)
    redeem_order(shop.merchant, other.order.pk)


def test_an_objection_that_was_given_up_says_why(shop: Shop, bound: Order) -> None:
    call(bound)
    pay_out(shop.merchant, 18_000)
    shop["buyer"].post(f"/o/{bound.page_token}/object")
    with clock.moved(timedelta(days=30)):
        drains.run("uphold_unanswered")
        text = words(page_of(shop["buyer"], bound))
    assert "Tea house did not answer, and its account never had the money" in text
    assert "looked into it" not in text


@pytest.mark.parametrize(
    ("uphold", "said"), [(True, "agreed: you can use it again"), (False, "the redemption stands")]
)
def test_the_decision_reaches_the_buyers_page(shop: Shop, bound: Order, uphold: bool, said: str) -> None:
    call(bound)
    shop["buyer"].post(f"/o/{bound.page_token}/object")
    objection = Objection.objects.get(order=bound)
    held = page_of(shop["buyer"], bound, "/state").content.decode()
    decide_objection(shop.merchant, objection.pk, uphold, "A word of the shop")
    page = page_of(shop["buyer"], bound)
    assert said in words(page)
    assert "A word of the shop" in words(page)
    assert ("tel:" in page.content.decode()) == uphold
    assert "That wasn't me" not in page.content.decode()
    assert held.split("data-live-state=")[1][:40] != page.content.decode().split("data-live-state=")[1][:40]


def test_junk_finds_nothing(shop: Shop) -> None:
    assert shop["buyer"].post("/o/" + "x" * 22 + "/object").status_code == 404
    assert shop["buyer"].get("/o/" + "x" * 22 + "/object").status_code == 405


def test_its_cost_does_not_grow_with_its_items(
    shop: Shop, by_call: Product, django_assert_max_num_queries: Any
) -> None:
    add_numbers(shop.merchant, ["+861088880001"])
    order = make_paid_order(shop.merchant, shop.buyer, by_call, quantity=40).order
    redeem_order(shop.merchant, order.pk, order.items.order_by("pk")[0].code)
    client = shop["buyer"]
    with django_assert_max_num_queries(18):
        page_of(client, order)
