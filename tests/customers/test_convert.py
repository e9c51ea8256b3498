"""Whoever pays with consent becomes a customer: once per payment, and nobody without (FLOWS 5)."""

from __future__ import annotations

import pytest

from common import ids
from customers.flows.erase_customer import erase_customer
from customers.flows.merge_customers import merge_customers
from customers.models import ConversionRun, Customer, RunKind, StepState
from customers.queries import contact_card_for, customer_for
from merchants.models import Merchant, Person
from orders.models import PrintedCode
from tests.cast import Cast, make_merchant
from tests.customers.stage import (
    arrange,
    buy,
    convert,
    customer_of,
    make_customer,
    paid_event,
    steps_of,
    take_in,
    told,
    wallet_buyer,
)

pytestmark = pytest.mark.django_db


def test_consent_makes_a_customer_with_its_story(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer)
    take_in()
    customer = customer_of(merchant, buyer)
    assert (customer.source, customer.channel) == ("live_code", "shop")
    assert customer.first_order_id == order.pk
    assert customer.first_payment.order_id == order.pk
    assert customer.consent_at == customer.created_at == paid_event(order).at
    (event,) = told(merchant, "customer.created")
    assert event.subject == event.payload["customer"] == customer.public_id
    assert event.payload["order"] == order.public_id
    assert event.payload["payment"] == customer.first_payment.public_id
    assert (event.payload["channel"], event.payload["consent"]) == ("shop", True)
    assert event.payload["printed_code"] is None


def test_the_default_block_shows_the_contact_card(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer)
    card = contact_card_for(order)
    assert card is not None
    assert (card.name, card.phone) == ("Mei", "+86 571 8888 0000")
    take_in()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.step.kind, step.state, step.result) == ("contact_card", StepState.DONE, {"shown": True})


def test_the_api_pays_with_consent_and_the_customer_is_there(cast: Cast) -> None:
    order = cast.order()
    assert cast.pay(cast.buyer_key, order, consent=True).status == 201
    assert cast.owner_key.get("customers", phone=cast.buyer.phone).body["results"] == []
    take_in()
    (found,) = cast.owner_key.get("customers", phone=cast.buyer.phone).body["results"]
    assert found["first_order"] == order["id"]
    assert found["consent"] is True


def test_nobody_becomes_a_customer_without_consent(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer, consent=False)
    take_in()
    assert not Customer.objects.filter(merchant=merchant).exists()
    assert not ConversionRun.objects.filter(payment__order=order).exists()
    assert not told(merchant, "customer.created")
    assert contact_card_for(order) is None


def test_who_pays_again_came_back(merchant: Merchant, buyer: Person) -> None:
    first, second = buy(merchant, buyer), buy(merchant, buyer)
    convert(first)
    convert(second)
    customer = customer_of(merchant, buyer)
    assert customer.first_order_id == first.pk
    (event,) = told(merchant, "customer.came_back")
    assert event.payload["customer"] == customer.public_id
    assert event.payload["order"] == second.public_id
    assert len(told(merchant, "customer.created")) == 1


def test_two_payments_in_one_chunk_create_once(merchant: Merchant, buyer: Person) -> None:
    convert(buy(merchant, buyer), buy(merchant, buyer))
    assert list(ConversionRun.objects.order_by("at").values_list("kind", flat=True)) == [
        RunKind.CREATED,
        RunKind.CAME_BACK,
    ]


def test_a_customer_who_does_not_agree_again_is_only_touched(merchant: Merchant, buyer: Person) -> None:
    convert(buy(merchant, buyer))
    again = buy(merchant, buyer, consent=False)
    convert(again)
    run = ConversionRun.objects.get(payment__order=again)
    assert (run.kind, run.consent, run.steps.count()) == (RunKind.CAME_BACK, False, 0)
    (event,) = told(merchant, "customer.came_back")
    assert event.payload["consent"] is False


def test_what_was_paid_before_the_yes_is_not_the_customers(merchant: Merchant, buyer: Person) -> None:
    before, after = buy(merchant, buyer, consent=False), buy(merchant, buyer)
    convert(before, after)
    assert not told(merchant, "customer.came_back")
    convert(before)
    assert not told(merchant, "customer.came_back")
    assert ConversionRun.objects.get().payment.order_id == after.pk


def test_the_same_event_again_changes_nothing(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer)
    convert(order)
    convert(order)
    with_double = [order, order]
    convert(*with_double)
    assert Customer.objects.filter(merchant=merchant).count() == 1
    assert ConversionRun.objects.count() == 1
    assert len(told(merchant, "customer.created")) == 1
    assert len(steps_of(customer_of(merchant, buyer))) == 1


def test_an_event_that_comes_after_an_erasure_makes_nobody(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer)
    convert(order)
    erase_customer(merchant, customer_of(merchant, buyer).pk, "asked by phone")
    convert(order)
    assert customer_for(merchant, buyer) is None


def test_who_agrees_again_after_an_erasure_begins_anew(merchant: Merchant, buyer: Person) -> None:
    convert(buy(merchant, buyer))
    erased = customer_of(merchant, buyer)
    erase_customer(merchant, erased.pk, "asked by phone")
    convert(buy(merchant, buyer))
    anew = customer_for(merchant, buyer)
    assert anew is not None
    assert anew.pk != erased.pk
    assert len(told(merchant, "customer.created")) == 2


def test_a_printed_code_is_the_source(merchant: Merchant, buyer: Person) -> None:
    code = PrintedCode.objects.create(merchant=merchant, kind="table", name="Table 4")
    convert(buy(merchant, buyer, code=code))
    customer = customer_of(merchant, buyer)
    assert (customer.source, customer.channel) == ("printed_code", "table")
    assert customer.printed_code == code
    assert told(merchant, "customer.created")[0].payload["printed_code"] == ids.public_id("cod", code.pk)


def test_each_merchant_has_its_own_customer(merchant: Merchant, buyer: Person) -> None:
    other = make_merchant()
    convert(buy(merchant, buyer), buy(other, buyer))
    assert customer_of(merchant, buyer) != customer_of(other, buyer)


def test_one_who_was_merged_comes_back_as_the_other(merchant: Merchant, buyer: Person) -> None:
    target = make_customer(merchant)
    convert(buy(merchant, buyer))
    merge_customers(merchant, customer_of(merchant, buyer).pk, target.pk)
    convert(buy(merchant, buyer))
    assert [event.payload["customer"] for event in told(merchant, "customer.came_back")] == [target.public_id]


def test_steps_arranged_for_new_customers_are_not_done_again(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant)
    convert(buy(merchant, buyer))
    assert steps_of(customer_of(merchant, buyer)) == []


def test_the_card_is_shown_to_customers_who_did_not_agree_again(merchant: Merchant, buyer: Person) -> None:
    convert(buy(merchant, buyer))
    assert contact_card_for(buy(merchant, buyer, consent=False)) is not None
    stranger = wallet_buyer()
    assert contact_card_for(buy(merchant, stranger, consent=False)) is None


def test_there_is_no_card_without_the_step_or_without_contact(merchant: Merchant, buyer: Person) -> None:
    order = buy(merchant, buyer)
    arrange(merchant)
    assert contact_card_for(order) is None
    bare = make_merchant()
    assert contact_card_for(buy(bare, buyer)) is None
