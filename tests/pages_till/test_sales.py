"""The day's list, a sale's page with its receipt, and taking a sale back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from common import clock
from common.models import AuditEntry
from merchants.models import Member
from merchants.models.merchants import Role
from payments.models import Payment
from payments.queries import balance_of, wallet_of
from tests.cast import CNY, WALLET_MINOR, Cast, make_paid_order, signed_in
from tests.coupons.stage import armed
from tests.pages_till.conftest import TILL, Client, code_of, sell, sold, words
from tests.undo.stage import spend

pytestmark = pytest.mark.usefixtures("agrees")
DAY = f"{TILL}/today"
Counting = Callable[[int], AbstractContextManager[Any]]


def page_of(payment: Payment) -> str:
    return f"{TILL}/payments/{payment.public_id}"


def reverse(client: Client, payment: Payment, reason: str = "Wrong price") -> Any:
    return client.post(f"{page_of(payment)}/reverse", {"reason": reason}, follow=True)


def noon_of(day: int) -> timedelta:
    """How far the clock must be moved for it to be noon, so many days from now."""
    zone = ZoneInfo(settings.TIME_ZONE)
    noon = datetime.now(zone).replace(hour=12, minute=0) + timedelta(days=day)
    return noon - datetime.now(zone)


# --- the day ---------------------------------------------------------------------------------


def test_a_day_without_sales(cashier: Client) -> None:
    assert "No sales today" in words(cashier.get(DAY))


def test_the_days_sales_and_what_they_come_to(cast: Cast, cashier: Client) -> None:
    with clock.moved(noon_of(1)):
        armed(cast)
        sold(cashier, cast.buyer, "100.00")
        sold(cashier, cast.second_buyer, "50.50")
        taken_back = sold(cashier, cast.second_buyer, "7.00")
        reverse(cashier, taken_back)
        make_paid_order(cast.merchant, cast.buyer, cast.code_product)
        page = cashier.get(DAY)
    sums = page.context["sums"]
    assert (sums.count, sums.paid_minor, sums.deducted_minor) == (2, 13_050, 2_000)
    assert (sums.reversed_count, sums.reversed_minor) == (1, 700)
    assert [row.amount_minor for row in page.context["page"].rows] == [700, 5_050, 10_000]
    text = words(page)
    assert "CN¥130.50" in text
    assert "Twenty off" in text
    assert "Reversed" in text


def test_yesterdays_sales_are_not_todays(cast: Cast, cashier: Client) -> None:
    with clock.moved(noon_of(1)):
        sold(cashier, cast.buyer, "10.00")
    with clock.moved(noon_of(2)):
        assert "No sales today" in words(cashier.get(DAY))


def test_the_day_begins_and_ends_at_midnight(cast: Cast, cashier: Client) -> None:
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    seen = []
    for moment in (midnight - timedelta(minutes=2), midnight + timedelta(minutes=2)):
        with clock.moved(moment - datetime.now(zone)):
            sold(cashier, cast.buyer, "10.00")
            seen.append(cashier.get(DAY).context["sums"].count)
    assert seen == [1, 1]


def test_a_long_day_is_paged(cast: Cast, cashier: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("merchants.dashboard.place_of.__defaults__", (2,))
    with clock.moved(noon_of(1)):
        for amount in ("1.00", "2.00", "3.00"):
            sold(cashier, cast.buyer, amount)
        first = cashier.get(DAY)
        second = cashier.get(DAY, {"cursor": first.context["page"].older})
    assert [row.amount_minor for row in first.context["page"].rows] == [300, 200]
    assert [row.amount_minor for row in second.context["page"].rows] == [100]
    assert second.context["sums"].count == 3


def test_the_list_costs_the_same_however_long_it_is(
    cast: Cast, cashier: Client, django_assert_num_queries: Counting
) -> None:
    cashier.get(DAY)
    for many in (1, 3):
        for _turn in range(many):
            sold(cashier, cast.buyer, "1.00")
        # session, person, membership, the rows, their sums, and what waits for the menu
        with django_assert_num_queries(6):
            assert cashier.get(DAY).status_code == 200


def test_collecting_costs_what_the_api_costs(
    cast: Cast, cashier: Client, django_assert_num_queries: Counting
) -> None:
    sold(cashier, cast.buyer, "1.00")
    code = code_of(cast.buyer)
    # session, person, membership; savepoint and release, the code under lock, what is around, all that is
    # written; whether it was this code that paid
    with django_assert_num_queries(9):
        assert sell(cashier, code, "1.00").status_code == 201


# --- a sale ----------------------------------------------------------------------------------


def test_a_receipt(cast: Cast, cashier: Client) -> None:
    armed(cast)
    chosen = {cast.code_product.public_id: "2"}
    payment = sold(cashier, cast.buyer, "", reference="the-number-of-the-sale", chosen=chosen)
    text = words(cashier.get(page_of(payment)))
    for part in ("Our shop", "By code × 2", "CN¥120.00", "Twenty off", "− CN¥20.00", "CN¥100.00", "Wallet"):
        assert part in text
    assert "the-number-of-the-sale" in text
    assert "Collected" in text
    assert "The cashier" in text


def test_a_sale_of_the_api_has_a_page_whatever_its_number_is(cast: Cast, cashier: Client) -> None:
    code = code_of(cast.buyer)
    body = {"payment_code": code, "amount": 500, "reference": "Kasse 3/2026?#é"}
    sale = cast.owner_key.post("till/collect", body).body
    text = words(cashier.get(f"{TILL}/payments/{sale['id']}"))
    assert "Kasse 3/2026?#é" in text
    assert "Key “Of a test”" in text
    assert sale["id"] in cashier.get(DAY).content.decode()


def test_who_collected_and_left_is_not_taken_for_the_buyer(cast: Cast) -> None:
    cashier = cast.member(Role.CASHIER)
    payment = sold(signed_in(cashier), cast.buyer)
    Member.objects.filter(person=cashier).delete()
    text = words(signed_in(cast.member(Role.MANAGER)).get(page_of(payment)))
    assert "A former member" in text
    assert "The buyer" not in text


def test_an_orders_payment_is_no_sale(cast: Cast, cashier: Client) -> None:
    make_paid_order(cast.merchant, cast.buyer, cast.code_product)
    payment = Payment.objects.get(merchant=cast.merchant)
    assert cashier.get(page_of(payment)).status_code == 404
    assert reverse(cashier, payment).status_code == 404


def test_the_payments_list_leads_to_the_sale(cast: Cast, cashier: Client) -> None:
    payment = sold(cashier, cast.buyer)
    reverse(cashier, payment)
    page = signed_in(cast.member(Role.MANAGER)).get("/dashboard/payments")
    assert page.status_code == 200
    assert page_of(payment) in page.content.decode()
    assert "reversed at the till" in words(page)


# --- taking it back ----------------------------------------------------------------------------


def test_a_sale_is_reversed_with_a_reason(cast: Cast, cashier: Client) -> None:
    armed(cast)
    payment = sold(cashier, cast.buyer, "100.00")
    assert balance_of(cast.merchant).available_minor == 8_000
    assert "and the coupon with it if it is still valid" in words(cashier.get(page_of(payment)))
    text = words(reverse(cashier, payment, "The guest changed their mind"))
    assert "Reversed: the money went back to the buyer, and the coupon if it is still valid." in text
    assert "The guest changed their mind" in text
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR
    assert balance_of(cast.merchant).available_minor == 0
    entry = AuditEntry.objects.get(subject=payment.public_id, verb="payment.reversed")
    assert entry.detail["reason"] == "The guest changed their mind"
    assert entry.actor.startswith("person:")


def test_of_a_coupon_is_only_spoken_where_there_was_one(cast: Cast, cashier: Client) -> None:
    payment = sold(cashier, cast.buyer, "100.00")
    assert "goes back to the buyer's wallet at once. This can't be taken back." in words(
        cashier.get(page_of(payment))
    )
    text = words(reverse(cashier, payment))
    assert "Reversed: the money went back to the buyer." in text


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "\x00"])
def test_without_a_reason_nothing_is_reversed(cast: Cast, cashier: Client, reason: str) -> None:
    payment = sold(cashier, cast.buyer)
    answer = reverse(cashier, payment, reason)
    assert answer.status_code == 422
    assert "form" in answer.context
    assert Payment.objects.get(pk=payment.pk).state == "succeeded"


def test_a_sale_is_reversed_once(cast: Cast, cashier: Client) -> None:
    payment = sold(cashier, cast.buyer, "100.00")
    reverse(cashier, payment)
    assert "had been reversed before" in words(reverse(cashier, payment))
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR
    assert "Reverse this sale?" not in words(cashier.get(page_of(payment)))


def test_what_was_spent_meanwhile_becomes_a_debt(cast: Cast, cashier: Client) -> None:
    """The buyer gets everything, whatever the merchant has."""
    payment = sold(cashier, cast.buyer, "100.00")
    spend(cast, 10_000)
    reverse(cashier, payment)
    assert wallet_of(cast.buyer, CNY) == WALLET_MINOR
    assert balance_of(cast.merchant).debt_minor == 10_000


def test_strangers_see_and_reverse_nothing(cast: Cast, cashier: Client, stranger: Client) -> None:
    payment = sold(cashier, cast.buyer)
    assert stranger.get(page_of(payment)).status_code == 404
    assert reverse(stranger, payment).status_code == 404
    assert payment.public_id not in stranger.get(DAY).content.decode()
    assert Payment.objects.get(pk=payment.pk).state == "succeeded"
