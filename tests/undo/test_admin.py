"""Staff see numbers, calls, feeds and objections; they undo and decide with a reason; secrets stay hidden."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common.models import AuditEntry
from common.secrets import seal
from orders.flows.object_redemption import object_redemption
from orders.models import (
    Binding,
    CallRecord,
    CallRules,
    Objection,
    Order,
    PhoneFeed,
    ServiceNumber,
    Undoing,
)
from tests.calls.stage import a_call, call_order, make_numbers, push
from tests.cast import Cast, make_staff, signed_in
from tests.undo.stage import balance, order_id, redeem, row

pytestmark = pytest.mark.usefixtures("agrees")

SHOWN = (Order, Objection, Undoing, ServiceNumber, Binding, CallRecord, CallRules, PhoneFeed)
SECRET = "the-password-of-the-feed"


@pytest.fixture
def staff(cast: Cast) -> Client:
    return signed_in(make_staff())


@pytest.fixture
def objection(cast: Cast) -> Objection:
    """An objection to a call's redemption, a feed and rules beside it."""
    make_numbers(cast.merchant)
    order = call_order(cast)
    push(cast.owner_key, a_call(cast.buyer.phone, order["service_number"]))
    CallRules.objects.create(merchant=cast.merchant)
    PhoneFeed.objects.create(
        merchant=cast.merchant, kind="kamailio", name="Ours", credentials_sealed=seal(SECRET.encode())
    )
    return object_redemption(cast.buyer, order_id(order))


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_every_list_search_and_page_opens(staff: Client, objection: Objection, model: Any) -> None:
    place = f"admin:orders_{model._meta.model_name}"
    row = model.objects.order_by("pk").last()
    for address in (
        reverse(f"{place}_changelist"),
        reverse(f"{place}_changelist") + "?q=x",
        reverse(f"{place}_changelist") + "?q=13800138000",
        reverse(f"{place}_change", args=[row.pk]),
    ):
        answer = staff.get(address)
        assert answer.status_code == 200, address
        assert SECRET not in answer.content.decode()
        assert "credentials_sealed" not in answer.content.decode()


def act(staff: Client, row: Any, action: str) -> None:
    address = reverse(f"admin:orders_{row._meta.model_name}_changelist")
    sent = {"action": action, "_selected_action": str(row.pk), "reason": "Asked by phone"}
    assert staff.post(address, sent, follow=True).status_code == 200


@pytest.mark.parametrize(
    ("action", "state", "order_state"),
    [("uphold_objection", "upheld", "paid"), ("dismiss_objection", "dismissed", "redeemed")],
)
def test_staff_decide_with_a_reason(
    staff: Client, objection: Objection, action: str, state: str, order_state: str
) -> None:
    act(staff, objection, action)
    decided = Objection.objects.get(pk=objection.pk)
    assert (decided.state, decided.note) == (state, "Asked by phone")
    assert Order.objects.get(pk=objection.order_id).state == order_state
    entry = AuditEntry.objects.get(verb=f"staff.{action}", subject=objection.public_id)
    assert entry.detail["reason"] == "Asked by phone"


def test_staff_undo_with_a_reason(staff: Client, cast: Cast) -> None:
    order = cast.paid_order()
    redeem(cast, order)
    act(staff, row(order), "unredeem")
    assert (row(order).state, balance(cast)) == ("paid", (0, 6_000, 0))
    assert AuditEntry.objects.filter(verb="staff.unredeem", subject=order["id"]).count() == 1
    assert Undoing.objects.get(item__order_id=order_id(order)).reason == "Asked by phone"
