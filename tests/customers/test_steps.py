"""The steps of the conversion block: their order, retries, states."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django_fsm import TransitionNotAllowed

from common import clock
from customers.flows.erase_customer import erase_customer
from customers.flows.retry_step import retry_step
from customers.flows.run_steps import CLAIMED_FOR, _claim
from customers.flows.save_steps import StepWish
from customers.models import ConversionStep, CustomerTag, StepRun, StepState
from customers.models.conversions import FIRST_PAUSE, MAX_ATTEMPTS, MAX_PAUSE
from customers.steps.contact_card import ContactCardStep
from merchants.models import Merchant, Person
from tests.customers.stage import (
    arrange,
    buy,
    convert,
    customer_of,
    message,
    run_due,
    steps_of,
)

pytestmark = pytest.mark.django_db

CARD = StepWish("contact_card")
TAG = StepWish("tag", {"tag": "New"})


def refresh(step: StepRun) -> StepRun:
    return StepRun.objects.get(pk=step.pk)


def test_steps_are_done_in_order(merchant: Merchant, buyer: Person, texts: list[tuple[str, str]]) -> None:
    arrange(merchant, TAG, message("sms"), CARD)
    convert(buy(merchant, buyer))
    assert run_due() == 3
    steps = steps_of(customer_of(merchant, buyer))
    assert [step.state for step in steps] == [StepState.DONE] * 3
    ended = [step.finished_at for step in steps]
    assert ended == sorted(ended, key=lambda at: at or clock.now())


def test_a_step_waits_for_the_one_before_it_to_be_tried(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, TAG, CARD)
    convert(buy(merchant, buyer))
    first, _second = steps_of(customer_of(merchant, buyer))
    assert _claim() == [first.pk]
    assert _claim() == []


def test_a_failing_step_holds_up_no_other(merchant: Merchant, buyer: Person, no_texts: None) -> None:
    arrange(merchant, message("sms"), TAG)
    order = buy(merchant, buyer)
    convert(order)
    run_due()
    failing, tag = steps_of(customer_of(merchant, buyer))
    assert tag.state == StepState.DONE
    assert (failing.state, failing.attempts) == (StepState.WAITING, 1)
    assert failing.error == "ConnectionError: no route to provider for …"
    order.refresh_from_db(fields=["paid_at"])
    assert order.state == "paid"


def test_pauses_grow_and_end(merchant: Merchant, buyer: Person, no_texts: None) -> None:
    arrange(merchant, message("sms"))
    convert(buy(merchant, buyer))
    (step,) = steps_of(customer_of(merchant, buyer))
    pauses, waited = [], timedelta(0)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with clock.moved(waited):
            assert run_due() == 1, attempt
            assert run_due() == 0
        step = refresh(step)
        if step.state == StepState.WAITING:
            assert step.tried_at is not None
            pauses.append(step.due_at - step.tried_at)
            waited += pauses[-1] + timedelta(seconds=1)
    assert (step.state, step.attempts) == (StepState.GIVEN_UP, MAX_ATTEMPTS)
    assert pauses[0] == FIRST_PAUSE
    assert pauses[-1] == MAX_PAUSE
    assert pauses == sorted(pauses)
    assert timedelta(days=2) < waited < timedelta(days=5)
    with clock.moved(waited + timedelta(days=9)):
        assert run_due() == 0


def test_what_was_given_up_can_be_tried_again(
    merchant: Merchant, buyer: Person, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, message("email"))
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.GIVEN_UP, "no_email")
    buyer.email = "li@buyer.example"
    buyer.save(update_fields=["email"])
    retry_step(merchant, step.pk)
    run_due()
    assert refresh(step).state == StepState.DONE
    assert [sent.to for sent in mail.outbox] == [["li@buyer.example"]]


def test_a_claim_that_died_is_taken_up_again(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, TAG)
    convert(buy(merchant, buyer))
    (step,) = steps_of(customer_of(merchant, buyer))
    assert _claim() == [step.pk]
    assert run_due() == 0
    with clock.moved(CLAIMED_FOR + timedelta(seconds=1)):
        assert run_due() == 1
    assert (refresh(step).state, refresh(step).attempts) == (StepState.DONE, 2)


def test_what_kills_its_process_each_time_is_given_up(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, TAG)
    convert(buy(merchant, buyer))
    (step,) = steps_of(customer_of(merchant, buyer))
    for place in range(MAX_ATTEMPTS):
        with clock.moved((CLAIMED_FOR + timedelta(seconds=1)) * place):
            assert _claim() == [step.pk]
    with clock.moved((CLAIMED_FOR + timedelta(seconds=1)) * MAX_ATTEMPTS):
        run_due()
    assert (refresh(step).state, refresh(step).error) == (StepState.GIVEN_UP, "broken_off")


def test_a_fault_of_our_own_is_tried_again_too(
    merchant: Merchant, buyer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> dict[str, object]:
        raise ZeroDivisionError("of our own")

    arrange(merchant, CARD, TAG)
    convert(buy(merchant, buyer))
    monkeypatch.setattr(ContactCardStep, "apply", broken)
    run_due()
    card, tag = steps_of(customer_of(merchant, buyer))
    assert (card.state, tag.state) == (StepState.WAITING, StepState.DONE)
    assert "ZeroDivisionError" in card.error


def test_a_kind_that_is_not_known_here_waits(merchant: Merchant, buyer: Person) -> None:
    ConversionStep.objects.create(merchant=merchant, position=0, kind="of_the_future")
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.WAITING, "unknown_kind")


def test_what_is_under_way_ends_as_it_was_begun(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, TAG)
    convert(buy(merchant, buyer))
    arrange(merchant, StepWish("tag", {"tag": "Later"}))
    run_due()
    tags = CustomerTag.objects.filter(customer=customer_of(merchant, buyer))
    assert [link.tag.name for link in tags] == ["New"]


def test_the_erased_hear_nothing_more(
    merchant: Merchant, buyer: Person, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, message("sms"), TAG)
    convert(buy(merchant, buyer))
    customer = customer_of(merchant, buyer)
    erase_customer(merchant, customer.pk, "asked by phone")
    run_due()
    assert texts == []
    assert {(step.state, step.error) for step in steps_of(customer)} == {(StepState.GIVEN_UP, "erased")}


VERBS = ("finish", "put_off", "give_up", "take_up")
ALLOWED = {
    (StepState.WAITING, "finish"): StepState.DONE,
    (StepState.WAITING, "put_off"): StepState.WAITING,
    (StepState.WAITING, "give_up"): StepState.GIVEN_UP,
    (StepState.GIVEN_UP, "take_up"): StepState.WAITING,
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", list(StepState))
def test_every_state_and_every_verb(state: StepState, verb: str) -> None:
    step = StepRun(state=state, attempts=1)
    more: dict[str, list[object]] = {"finish": [{}], "put_off": ["why"], "give_up": ["why"], "take_up": []}
    call = getattr(step, verb)
    target = ALLOWED.get((state, verb))
    if target is None:
        with pytest.raises(TransitionNotAllowed):
            call(clock.now(), *more[verb])
    else:
        call(clock.now(), *more[verb])
        assert step.state == target
