"""The counter: what its policy allows, undoing, and a handheld scanner."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from common import clock
from orders.flows.object_redemption import object_redemption
from orders.models import Item, Order, Undoing
from tests.cast import make_paid_order
from tests.pages_dashboard.conftest import HOME, Shop, words

REDEEM = HOME + "redeem"


def test_webassembly_is_allowed_at_the_counter_alone(owner: Client) -> None:
    policy = owner.get(REDEEM).headers["Content-Security-Policy"]
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert sorted(script.split()[1:]) == ["'self'", "'wasm-unsafe-eval'"]
    assert "wasm" not in owner.get(HOME + "orders").headers["Content-Security-Policy"]


def test_a_redemption_is_undone_within_its_time(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=2)
    cashier, code = shop["cashier"], placed.items[0].code
    address = f"{REDEEM}/{placed.order.public_id}"
    done = cashier.post(address, {"code": code}, follow=True)
    assert "A wrong press? It can be undone until" in words(done)
    back = cashier.post(f"{address}/undo", {"code": code, "reason": "Wrong guest"}, follow=True)
    assert "it can be redeemed again" in words(back)
    assert "Redeem this unit" in words(back)
    assert Item.objects.get(code=code).state == "issued"
    assert Undoing.objects.get(item__code=code).reason == "Wrong guest"
    again = cashier.post(f"{address}/undo", {"code": code}, follow=True)
    assert "Nothing of this is redeemed" in words(again)


def test_all_that_was_redeemed_together_is_undone_together(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product, quantity=3)
    address = f"{REDEEM}/{placed.order.public_id}"
    assert "Undo the redemption of 3 units?" in words(shop["cashier"].post(address, follow=True))
    shop["cashier"].post(f"{address}/undo")
    assert Order.objects.get(pk=placed.order.pk).state == "paid"
    assert placed.order.items.filter(state="issued").count() == 3


def test_later_it_cannot_be_undone(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    address = f"{REDEEM}/{placed.order.public_id}"
    shop["cashier"].post(address)
    later = timedelta(seconds=shop.merchant.undo_within_seconds + 1)
    with clock.moved(later):
        assert "A wrong press" not in words(shop["cashier"].get(address))
        assert "too late to undo" in words(shop["cashier"].post(f"{address}/undo", follow=True))
    assert Order.objects.get(pk=placed.order.pk).state == "redeemed"


def test_a_code_that_is_none_is_told_from_one_that_nobody_has(shop: Shop) -> None:
    short = shop["cashier"].get(REDEEM, {"code": "1234"})
    unknown = shop["cashier"].get(REDEEM, {"code": "1" * 16})
    assert (short.status_code, unknown.status_code) == (422, 422)
    assert "code has 16 digits" in words(short)
    assert "No order of this shop has such a code" in words(unknown)


def test_what_is_held_leads_to_what_the_buyer_said(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    address = f"{REDEEM}/{placed.order.public_id}"
    shop["cashier"].post(address)
    object_redemption(shop.buyer, placed.order.pk)
    for query in ({}, {"code": placed.items[0].code}):
        page = shop["cashier"].get(address, query)
        assert "This is held until somebody has decided about it" in words(page)
        assert "See what the buyer said" in words(page)
    other = make_paid_order(shop.merchant, shop.buyer, shop.product).order
    assert "See what the buyer said" not in words(shop["cashier"].get(f"{REDEEM}/{other.public_id}"))


def test_strangers_and_unknown_codes_undo_nothing(shop: Shop) -> None:
    placed = make_paid_order(shop.merchant, shop.buyer, shop.product)
    address = f"{REDEEM}/{placed.order.public_id}"
    shop["cashier"].post(address)
    assert shop["stranger"].post(f"{address}/undo").status_code == 404
    assert shop["cashier"].post(f"{address}/undo", {"code": "1" * 16}).status_code == 404
    assert Order.objects.get(pk=placed.order.pk).state == "redeemed"
