"""Several connections at once against one protection each, and what happens with it off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from common import clock, drains, locking
from common.models import OutboxEvent
from customers.flows import convert_payer
from customers.flows.run_steps import DRAIN
from customers.flows.save_steps import StepWish
from customers.models import ConversionRun, Customer, CustomerNote, StepRun, StepState
from customers.queries import steps_of as present_steps
from customers.refusals import StepsChanged
from customers.steps import assign
from merchants.models import Member, Merchant, Person
from merchants.models.merchants import Role
from orders.models import Order
from tests.cast import make_member, make_merchant, together
from tests.customers.stage import (
    CollectingSender,
    arrange,
    buy,
    customer_of,
    make_customer,
    message,
    paid_event,
    steps_of,
    told,
    wallet_buyer,
)

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed")]

MANY = 8


def take_in(events: Sequence[OutboxEvent]) -> None:
    with locking.transaction():
        convert_payer.convert_payers(events)


@contextmanager
def without(table: str, constraint: str) -> Iterator[None]:
    """The database without one unique constraint; what became double is taken away before it is back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")


def forget(merchant: Merchant) -> None:
    """Take away a merchant's customers and what hangs on them."""
    StepRun.objects.filter(step__merchant=merchant).delete()
    ConversionRun.objects.filter(customer__merchant=merchant).delete()
    CustomerNote.objects.filter(customer__merchant=merchant).delete()
    Customer.objects.filter(merchant=merchant).delete()


class Gate:
    """Holds everybody at one place once, so that all have read before anybody writes."""

    def __init__(self, function: Any) -> None:
        self.function, self.barrier = function, Barrier(MANY)

    def __call__(self, *args: Any) -> Any:
        result = self.function(*args)
        with suppress(BrokenBarrierError):  # somebody waits for a lock of another: so it should be
            self.barrier.wait(4)
        return result


# --- one event, eight consumers ---------------------------------------------------


def one_event_eight_times(merchant: Merchant) -> tuple[Person, Order]:
    buyer = wallet_buyer()
    order = buy(merchant, buyer)
    event = paid_event(order)
    results = together(lambda _number: take_in([event]), MANY)
    assert results == [None] * MANY
    return buyer, order


def test_one_event_taken_in_eight_times_at_once() -> None:
    merchant = make_merchant()
    make_member(merchant)
    arrange(merchant, StepWish("tag", {"tag": "New"}), StepWish("assign"), StepWish("contact_card"))
    buyer, _order = one_event_eight_times(merchant)
    customer = customer_of(merchant, buyer)
    assert ConversionRun.objects.filter(customer=customer).count() == 1
    assert len(told(merchant, "customer.created")) == 1
    assert told(merchant, "customer.came_back") == []
    together(lambda _number: drains.run(DRAIN), MANY)
    steps = steps_of(customer)
    assert [(step.position, step.state, step.attempts) for step in steps] == [
        (place, StepState.DONE, 1) for place in range(3)
    ]


def test_control_without_the_unique_customer_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = make_merchant()
    monkeypatch.setattr(convert_payer, "_customers", Gate(convert_payer._customers))
    with without("customers_customer", "customer_once"):
        buyer, _order = one_event_eight_times(merchant)
        assert Customer.objects.filter(merchant=merchant, person=buyer).count() > 1
        forget(merchant)


def test_control_without_the_unique_run_it_counts_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = make_merchant()
    monkeypatch.setattr(convert_payer, "_not_taken_in", Gate(convert_payer._not_taken_in))
    with without("customers_conversionrun", _run_constraint()):
        _buyer, order = one_event_eight_times(merchant)
        assert ConversionRun.objects.filter(payment__order=order).count() > 1
        assert len(told(merchant, "customer.came_back")) > 0
        forget(merchant)


def _run_constraint() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'customers_conversionrun'::regclass"
            " AND contype = 'u'"
        )
        ((name,),) = cursor.fetchall()
        return str(name)


# --- one payer, several payments ---------------------------------------------------------


def several_payments(merchant: Merchant, many: int) -> Person:
    buyer = wallet_buyer()
    events = [paid_event(buy(merchant, buyer)) for _place in range(many)]
    assert together(lambda number: take_in([events[number]]), many) == [None] * many
    return buyer


@pytest.mark.parametrize("many", [2, MANY])
def test_payments_of_one_payer_at_once_create_once(many: int) -> None:
    merchant = make_merchant()
    buyer = several_payments(merchant, many)
    customer = customer_of(merchant, buyer)
    assert len(told(merchant, "customer.created")) == 1
    back = told(merchant, "customer.came_back")
    assert len(back) == many - 1
    assert {event.payload["customer"] for event in back} == {customer.public_id}


def test_control_payments_at_once_without_the_unique_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    merchant = make_merchant()
    monkeypatch.setattr(convert_payer, "_customers", Gate(convert_payer._customers))
    with without("customers_customer", "customer_once"):
        several_payments(merchant, MANY)
        assert Customer.objects.filter(merchant=merchant).count() > 1
        forget(merchant)


def test_many_payers_in_chunks_that_overlap_never_wait_for_each_other_for_ever() -> None:
    merchant = make_merchant()
    orders = [buy(merchant, wallet_buyer()) for _place in range(6)]
    events = [paid_event(order) for order in orders]
    chunks = [events[place:] + events[:place] for place in range(6)]
    assert together(lambda number: take_in(chunks[number]), 6) == [None] * 6
    assert Customer.objects.filter(merchant=merchant).count() == 6
    assert len(told(merchant, "customer.created")) == 6


# --- assigning in turn -----------------------------------------------------------------


def assign_at_once(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    for role in (Role.OWNER, Role.MANAGER, Role.CASHIER, Role.CASHIER):
        make_member(merchant, role)
    monkeypatch.setattr(assign, "_longest_waiting", Gate(assign._longest_waiting))

    def work(_number: int) -> int:
        with locking.transaction():
            return assign.next_member(merchant.pk, list(Role.values))

    return Counter(together(work, MANY))


def test_turns_taken_at_once_are_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = assign_at_once(make_merchant(), monkeypatch)
    assert sorted(shares.values()) == [2, 2, 2, 2], shares


def test_control_turns_taken_without_looking_again_are_not_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    def regardless(member: Member) -> bool:
        return bool(Member.objects.filter(pk=member.pk).update(last_assigned_at=clock.now()))

    monkeypatch.setattr(assign, "_take_turn", regardless)
    shares = assign_at_once(make_merchant(), monkeypatch)
    assert max(shares.values()) - min(shares.values()) > 1 or len(shares) < 4


def test_steps_drained_at_once_assign_fairly() -> None:
    merchant = make_merchant()
    for _place in range(3):
        make_member(merchant, Role.CASHIER)
    arrange(merchant, StepWish("assign"))
    for _place in range(13):
        make_customer(merchant)
    together(lambda _number: drains.run(DRAIN), MANY)
    drains.run(DRAIN)
    customers = Customer.objects.filter(merchant=merchant)
    shares = Counter(customers.values_list("assigned_to_id", flat=True))
    assert sorted(shares.values()) == [4, 4, 5]
    assert None not in shares


# --- steps --------------------------------------------------------------------------------


def test_messages_drained_at_once_are_sent_once(settings: Settings) -> None:
    settings.SMS_SENDER = "tests.customers.stage.CollectingSender"
    CollectingSender.sent.clear()
    merchant = make_merchant()
    arrange(merchant, message("sms"))
    customers = [make_customer(merchant) for _place in range(6)]
    together(lambda _number: drains.run(DRAIN), MANY)
    drains.run(DRAIN)
    ours = {one.phone or "" for one in customers}
    assert sorted(phone for phone, _text in CollectingSender.sent if phone in ours) == sorted(ours)


class LookingSender:
    """While it sends, looks whether the rows at hand can be locked by somebody else."""

    merchant: Merchant
    free: list[bool]

    def send(self, phone: str, text: str) -> None:
        with locking.transaction():
            steps = StepRun.objects.filter(step__merchant=self.merchant)
            customers = Customer.objects.filter(merchant=self.merchant)
            self.free.append(len(locking.claim_rows(steps, 5)) == len(locking.claim_rows(customers, 5)) == 1)
        connection.close()


def test_nothing_is_locked_while_a_message_is_on_its_way(settings: Settings) -> None:
    settings.SMS_SENDER = "tests.customers.test_races.LookingSender"
    merchant = make_merchant()
    LookingSender.merchant, LookingSender.free = merchant, []
    arrange(merchant, message("sms"))
    make_customer(merchant)
    drains.run(DRAIN)
    assert LookingSender.free == [True]


# --- arranging ------------------------------------------------------------------------------


def test_of_two_who_save_the_steps_one_is_told() -> None:
    merchant = make_merchant()
    arrange(merchant, StepWish("contact_card"))

    def work(number: int) -> None:
        arrange(merchant, StepWish("tag", {"tag": f"By {number}"}), StepWish("contact_card"))

    results = together(work, MANY)
    assert results.count(None) >= 1
    assert all(isinstance(result, StepsChanged) for result in results if result is not None)
    assert [step.kind for step in present_steps(merchant)] == ["tag", "contact_card"]
