"""What staff see and may do: rows to read, verbs that want a reason."""

from __future__ import annotations

import pytest
from django.contrib.admin import helpers
from django.test import Client
from django.urls import reverse

from common.models import AuditEntry
from customers.models import (
    ConversionRun,
    ConversionStep,
    Customer,
    CustomerMerge,
    StepRun,
    StepState,
)
from merchants.models import Merchant
from tests.cast import make_staff, signed_in
from tests.customers.stage import arrange, make_customer, message, run_due, steps_of

pytestmark = pytest.mark.django_db

MODELS = (Customer, CustomerMerge, ConversionStep, ConversionRun, StepRun)


@pytest.fixture
def staff(merchant: Merchant) -> Client:
    return signed_in(make_staff())


def address(model: type[object], page: str, *args: object) -> str:
    return reverse(f"admin:customers_{model.__name__.lower()}_{page}", args=args)


def act(staff: Client, row: Customer | StepRun, action: str, reason: str) -> None:
    asked = {"action": action, helpers.ACTION_CHECKBOX_NAME: [str(row.pk)], "reason": reason}
    assert staff.post(address(type(row), "changelist"), asked).status_code in (200, 302)


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_read_and_never_edited(staff: Client, merchant: Merchant, model: type[Customer]) -> None:
    make_customer(merchant)
    assert staff.get(address(model, "changelist")).status_code == 200
    assert staff.get(address(model, "add")).status_code == 403
    row = model.objects.first()
    if row is not None:
        assert staff.get(address(model, "change", row.pk)).status_code == 200
        assert staff.post(address(model, "change", row.pk), {}).status_code == 403
        assert staff.get(address(model, "delete", row.pk)).status_code == 403


def test_a_secret_is_not_shown(staff: Client, merchant: Merchant) -> None:
    arrange(merchant, message("webhook", url="https://shop.example/hook"))
    step = ConversionStep.objects.get(merchant=merchant, retired_at=None)
    assert b"secret" not in staff.get(address(ConversionStep, "change", step.pk)).content


def test_erasing_wants_a_reason_and_is_audited(staff: Client, merchant: Merchant) -> None:
    customer = make_customer(merchant)
    act(staff, customer, "erase", "")
    assert Customer.objects.get(pk=customer.pk).erased_at is None
    act(staff, customer, "erase", "asked by letter")
    assert Customer.objects.get(pk=customer.pk).erased_at is not None
    entry = AuditEntry.objects.get(verb="customer.erase", subject=customer.public_id)
    assert entry.detail == {"reason": "asked by letter"}
    assert entry.actor.startswith("person:")


def test_a_step_is_tried_again(staff: Client, merchant: Merchant) -> None:
    arrange(merchant, message("email"))
    customer = make_customer(merchant)
    run_due()
    (step,) = steps_of(customer)
    act(staff, step, "retry", "the buyer gave an address")
    assert steps_of(customer)[0].state == StepState.WAITING
