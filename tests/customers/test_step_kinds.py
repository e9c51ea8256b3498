"""What each kind of step does, and that it does it once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email.utils import parseaddr

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from common import clock
from common.secrets import unseal
from customers.flows.run_steps import _claim
from customers.flows.save_steps import StepWish
from customers.models import CustomerTag, StepRun, StepState
from customers.models.conversions import FIRST_PAUSE
from customers.steps import StepFailed
from customers.steps.message import MessageStep
from merchants.models import Member, Merchant, Person
from merchants.models.merchants import Role
from tests.cast import make_member
from tests.customers.stage import (
    arrange,
    buy,
    convert,
    customer_of,
    make_customer,
    message,
    run_due,
    steps_of,
    told,
    wallet_buyer,
)
from tests.merchants.receiver import Receiver

pytestmark = pytest.mark.django_db

TAG = StepWish("tag", {"tag": "New"})


def test_tag_is_made_once_whatever_the_case(merchant: Merchant) -> None:
    arrange(merchant, TAG, StepWish("tag", {"tag": " new "}))
    one, two = make_customer(merchant), make_customer(merchant)
    run_due()
    links = CustomerTag.objects.filter(customer__in=[one, two])
    assert {link.tag.name for link in links} == {"New"}
    assert links.count() == 2


def test_assigning_goes_round(merchant: Merchant) -> None:
    for role in Role:
        make_member(merchant, role)
    arrange(merchant, StepWish("assign"))
    customers = [make_customer(merchant) for _place in range(7)]
    run_due()
    shares = Counter(customer_of(merchant, one.person).assigned_to_id for one in customers if one.person)
    assert sorted(shares.values()) == [2, 2, 3]


def test_assigning_keeps_to_the_roles_and_to_who_is_active(merchant: Merchant) -> None:
    make_member(merchant, Role.OWNER)
    gone, stays = make_member(merchant, Role.CASHIER), make_member(merchant, Role.CASHIER)
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    arrange(merchant, StepWish("assign", {"roles": ["cashier"]}))
    customers = [make_customer(merchant) for _place in range(2)]
    run_due()
    member = Member.objects.get(merchant=merchant, person=stays)
    for one in customers:
        assert one.person
        assert customer_of(merchant, one.person).assigned_to_id == member.pk


def test_who_is_assigned_stays_so(merchant: Merchant, buyer: Person) -> None:
    make_member(merchant)
    arrange(merchant, StepWish("assign"))
    convert(buy(merchant, buyer))
    run_due()
    make_member(merchant, Role.MANAGER)
    convert(buy(merchant, buyer))
    run_due()
    first, second = steps_of(customer_of(merchant, buyer))
    assert second.result == {"member": first.result["member"], "kept": True}


def test_with_nobody_to_assign_it_waits(merchant: Merchant, buyer: Person) -> None:
    arrange(merchant, StepWish("assign"))
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.WAITING, "no_member")
    member = make_member(merchant)
    with clock.moved(FIRST_PAUSE + timedelta(seconds=1)):
        run_due()
    assert customer_of(merchant, buyer).assigned_to == Member.objects.get(person=member)


def test_an_email_is_filled_in_and_carries_its_key(merchant: Merchant) -> None:
    text = "Dear {name}, {merchant} thanks you for {order}."
    arrange(merchant, message("email", text, subject="Hello {name}"))
    buyer = wallet_buyer(name="Li\nBcc: everybody@else.example", email="li@buyer.example")
    order = buy(merchant, buyer)
    convert(order)
    run_due()
    (sent,) = mail.outbox
    (step,) = steps_of(customer_of(merchant, buyer))
    assert sent.to == ["li@buyer.example"]
    assert sent.subject == "Hello Li Bcc: everybody@else.example"
    assert sent.body == f"Dear {buyer.name}, Lantern thanks you for {order.number}."
    key, _at, _domain = str(sent.message()["Message-ID"]).strip("<>").partition("@")
    assert key == step.public_id
    assert parseaddr(sent.from_email)[1]
    assert step.result == {"channel": "email"}


def test_a_name_that_looks_like_a_placeholder_is_only_a_name(
    merchant: Merchant, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, message("sms", "{name}"))
    buyer = wallet_buyer(name="{order}{name.__class__}")
    convert(buy(merchant, buyer))
    run_due()
    assert texts == [(buyer.phone, "{order}{name.__class__}")]


def test_an_sms_goes_to_the_buyers_number_in_the_buyers_language(
    merchant: Merchant, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, message("sms", "{name}: {merchant}"))
    buyer = wallet_buyer(name="")
    convert(buy(merchant, buyer))
    run_due()
    assert texts == [(buyer.phone, "dear customer: Lantern")]


def test_a_message_is_not_sent_again_to_who_comes_back(
    merchant: Merchant, buyer: Person, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, message("sms"))
    convert(buy(merchant, buyer), buy(merchant, buyer))
    run_due()
    assert len(texts) == 1


def test_unless_the_merchant_wants_it(
    merchant: Merchant, buyer: Person, texts: list[tuple[str, str]]
) -> None:
    arrange(merchant, StepWish("message", {"channel": "sms", "text": "Again!"}, also_returning=True))
    convert(buy(merchant, buyer), buy(merchant, buyer))
    run_due()
    assert len(texts) == 2


def test_a_webhook_is_signed_and_repeats_carry_the_same_id(
    merchant: Merchant, buyer: Person, receiver: Receiver
) -> None:
    arrange(merchant, message("webhook", "{name} is here", url=receiver.url))
    receiver.plan = [(500, 0.0)]
    order = buy(merchant, buyer)
    convert(order)
    run_due()
    customer = customer_of(merchant, buyer)
    (step,) = steps_of(customer)
    assert (step.state, step.error) == (StepState.WAITING, "HTTP 500")
    with clock.moved(FIRST_PAUSE + timedelta(seconds=1)):
        run_due()
    assert StepRun.objects.get(pk=step.pk).state == StepState.DONE
    first, second = receiver.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == step.public_id
    sealed = step.step.secret_sealed
    assert sealed is not None
    body = second.opened(unseal(bytes(sealed)).decode())
    assert body["type"] == "conversion.message"
    assert body["data"] == {"id": customer.public_id, "order": order.public_id, "text": "Li Hua is here"}


def test_what_was_told_and_not_written_down_is_told_again_under_its_key(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_args: object) -> dict[str, object]:
        raise StepFailed("the process died here")

    arrange(merchant, message("email"))
    buyer = wallet_buyer(email="li@buyer.example")
    convert(buy(merchant, buyer))
    with monkeypatch.context() as patched:
        patched.setattr(MessageStep, "apply", dies)
        run_due()
    with clock.moved(FIRST_PAUSE + timedelta(seconds=1)):
        run_due()
    first, second = mail.outbox
    assert first.extra_headers == second.extra_headers


def test_a_mail_server_that_is_away_costs_a_pause(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> int:
        raise ConnectionRefusedError("li@buyer.example refused")

    arrange(merchant, message("email"))
    buyer = wallet_buyer(email="li@buyer.example")
    convert(buy(merchant, buyer))
    monkeypatch.setattr(EmailBackend, "send_messages", away)
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error) == (StepState.WAITING, "ConnectionRefusedError: … refused")
    assert len(told(merchant, "customer.created")) == 1


def test_who_has_no_phone_is_not_texted(merchant: Merchant, texts: list[tuple[str, str]]) -> None:
    arrange(merchant, message("sms"))
    buyer = wallet_buyer(email="no@phone.example", phone=None)
    convert(buy(merchant, buyer))
    run_due()
    (step,) = steps_of(customer_of(merchant, buyer))
    assert (step.state, step.error, texts) == (StepState.GIVEN_UP, "no_phone", [])


def test_slow_endpoints_wait_beside_each_other_few_for_one_merchant(
    merchant: Merchant, receiver: Receiver
) -> None:
    arrange(merchant, message("webhook", url=receiver.url))
    for _place in range(6):
        make_customer(merchant)
    assert len(_claim()) == 4
    assert len(_claim()) == 2
