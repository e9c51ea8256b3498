"""The order's page through every state, and the fragment that keeps it fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from common import clock, locking
from common.rows import save_states
from orders.flows.cancel_order import cancel_order
from orders.flows.expire_orders import expire_orders
from orders.flows.redeem_order import redeem_order
from orders.models import Order
from tests.cast import Cast, make_order, make_paid_order, pay
from tests.pages_buyer.conftest import text_of


def page_of(client: Client, order: Order, part: str = "") -> Any:
    return client.get(f"/o/{order.page_token}{part}")


def refund_whole(order: Order) -> None:
    """What a later flow will do: the state alone, by its verbs."""
    items, moment = list(order.items.all()), clock.now()
    for item in items:
        item.refund(moment)
    order.fold(items, moment)
    with locking.transaction():
        save_states([order], ["state", "closed_at"])
        save_states(items, ["state", "refunded_at"])


def test_unpaid_it_shows_the_code_to_pay_and_no_codes_of_items(cast: Cast, nobody: Client) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    page = page_of(nobody, placed.order)
    markup = page.content.decode()
    assert f'src="/qr/{placed.order.live_token}"' in markup
    assert f'href="/pay/{placed.order.live_token}"' in markup
    assert "data-countdown=" in markup
    assert placed.items[0].code not in markup.replace(" ", "")
    assert placed.order.live_token != placed.order.page_token


def test_no_word_of_it_for_search_engines_or_other_sites(cast: Cast, nobody: Client) -> None:
    page = page_of(nobody, make_order(cast.merchant).order)
    assert '<meta name="robots" content="noindex">' in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]


def test_unknown_is_404(db: None, nobody: Client) -> None:
    for part in ("", "/state", "/items/1234567890123456"):
        assert nobody.get("/o/" + "x" * 22 + part).status_code == 404


def test_paid_it_shows_each_code_grouped_and_the_receipt(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product, quantity=2)
    text = text_of(page_of(nobody, placed.order))
    for item in placed.items:
        grouped = " ".join(item.code[place : place + 4] for place in range(0, 16, 4))
        assert grouped in text
    assert "By code × 2" in text
    assert "CN¥120.00" in text
    assert "Wallet" in text


def test_what_needs_no_redemption_has_no_code_to_show(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.none_product)
    assert "Show this at the shop" not in text_of(page_of(nobody, placed.order))


def test_the_fragment_is_the_part_alone_and_says_its_state(cast: Cast, nobody: Client) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    before = page_of(nobody, placed.order, "/state").content.decode()
    assert "<html" not in before
    assert 'data-live-state="placed-0"' in before
    assert "every 2s" in before
    pay(placed.order, cast.buyer)
    after = page_of(nobody, placed.order, "/state").content.decode()
    assert 'data-live-state="paid-0"' in after
    assert 'data-live-announce="Paid. Thank you."' in after


def test_it_goes_on_asking_until_all_is_used(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product, quantity=2)
    assert "every 5s" in page_of(nobody, placed.order, "/state").content.decode()
    redeem_order(cast.merchant, placed.order.pk, placed.items[0].code)
    half = page_of(nobody, placed.order, "/state").content.decode()
    assert 'data-live-state="paid-1"' in half
    assert "A part of your order was redeemed" in half
    redeem_order(cast.merchant, placed.order.pk)
    whole = page_of(nobody, placed.order, "/state")
    assert "every 10s" in whole.content.decode(), "the counter may undo it"
    assert "All of it was used" in text_of(whole)
    with clock.moved(timedelta(seconds=cast.merchant.undo_within_seconds)):
        assert "every" not in page_of(nobody, placed.order, "/state").content.decode()


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [
        ("refund", "What is not used by then is paid back to you", "is paid back to you by itself"),
        ("keep", "What is not used by then is lost", "keeps the money"),
    ],
)
def test_what_becomes_of_what_is_not_used_is_said(
    cast: Cast, nobody: Client, policy: str, before: str, after: str
) -> None:
    cast.merchant.unredeemed = policy
    cast.merchant.save(update_fields=["unredeemed"])
    order = make_order(cast.merchant, cast.code_product).order
    assert before in text_of(page_of(nobody, order))
    assert before in text_of(nobody.get(f"/pay/{order.live_token}"))
    pay(order, cast.buyer)
    assert after in text_of(page_of(nobody, order))
    redeem_order(cast.merchant, order.pk)
    assert after not in text_of(page_of(nobody, order))


def test_what_needs_no_redemption_says_nothing_of_it(cast: Cast, nobody: Client) -> None:
    order = make_order(cast.merchant, cast.none_product).order
    assert "What is not used" not in text_of(page_of(nobody, order))


def test_cancelled_it_offers_the_same_once_more(cast: Cast, nobody: Client) -> None:
    placed = make_order(cast.merchant, cast.code_product, quantity=2)
    cancel_order(cast.merchant, placed.order.pk)
    page = page_of(nobody, placed.order)
    again = f"/s/{cast.merchant.slug}?q-{cast.code_product.public_id}=2"
    assert "has cancelled this order" in text_of(page)
    assert f'href="{again}"' in page.content.decode()
    assert "CN¥120.00" in text_of(nobody.get(again))


@pytest.mark.parametrize("swept", [False, True])
def test_expired_whether_the_task_has_been_there_or_not(cast: Cast, nobody: Client, swept: bool) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    with clock.moved(timedelta(hours=1)):
        if swept:
            expire_orders()
        page = page_of(nobody, placed.order)
    assert "The time to pay has passed" in text_of(page)
    assert "Order again" in text_of(page)
    assert "Pay now" not in text_of(page)


def test_refunded(cast: Cast, nobody: Client) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product)
    refund_whole(placed.order)
    assert "went back the way it came" in text_of(page_of(nobody, placed.order))


def test_a_closed_shop_is_not_offered_again(cast: Cast, nobody: Client) -> None:
    placed = make_order(cast.merchant, cast.code_product)
    cancel_order(cast.merchant, placed.order.pk)
    cast.merchant.stopped_reason = "A test"
    cast.merchant.save(update_fields=["stopped_reason"])
    assert "Order again" not in text_of(page_of(nobody, placed.order))


def test_its_cost_does_not_grow_with_its_items(
    cast: Cast, nobody: Client, django_assert_max_num_queries: Any
) -> None:
    placed = make_paid_order(cast.merchant, cast.buyer, cast.code_product, quantity=40)
    with django_assert_max_num_queries(10):
        page_of(nobody, placed.order)
