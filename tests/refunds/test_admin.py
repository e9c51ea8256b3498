"""Staff: escalated refunds are decided, failed ones tried again, reputations adjusted; the rest is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import helpers
from django.test import Client
from django.urls import reverse

from common import clock
from common.models import AuditEntry
from common.rows import save_states
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.flows.escalate_refund import escalate_refund
from refunds.models import Refund, ReputationEvent
from refunds.standing import score_of
from tests.cast import Cast, make_buyer, make_member, make_staff, signed_in
from tests.refunds.stage import ask, carry_out

pytestmark = pytest.mark.usefixtures("agrees")

REFUNDS = reverse("admin:refunds_refund_changelist")
ADJUST = reverse("admin:refunds_reputationevent_add")


@pytest.fixture
def staff(cast: Cast) -> Client:
    return signed_in(make_staff())


def waiting(cast: Cast) -> Refund:
    """A refund that waits for the shop."""
    body = ask(cast.buyer_key, cast.paid_order()["items"][0]["code"]).body
    return Refund.objects.get(merchant=cast.merchant, pk=str(body["id"]).removeprefix("rfd_"))


def escalated(cast: Cast) -> Refund:
    """One that the shop rejected and the buyer put before the staff."""
    refund = waiting(cast)
    reject_refund(cast.merchant, refund.pk, "Worn.")
    return escalate_refund(cast.buyer, refund.pk)


def press(client: Client, action: str, refund: Refund, reason: str | None = "We looked.") -> Any:
    """An action of the list, with its reason."""
    sent = {"action": action, helpers.ACTION_CHECKBOX_NAME: [str(refund.pk)]}
    return client.post(REFUNDS, sent if reason is None else {**sent, "reason": reason}, follow=True)


def now(refund: Refund) -> Refund:
    return Refund.objects.get(pk=refund.pk)


@pytest.mark.parametrize(
    ("action", "state", "verb", "event", "score"),
    [
        ("decide_for_buyer", "refunded", "refund.approved", "escalation_won", 50),
        ("decide_for_shop", "rejected", "refund.rejected", "escalation_lost", 34),
    ],
)
def test_staff_have_the_last_word(
    cast: Cast, staff: Client, action: str, state: str, verb: str, event: str, score: int
) -> None:
    refund = escalated(cast)
    press(staff, action, refund)
    carry_out()
    assert (now(refund).state, now(refund).answer) == (state, "We looked.")
    entry = AuditEntry.objects.filter(subject=refund.public_id, verb=verb).latest("pk")
    assert (entry.actor.partition(":")[0], entry.detail["reason"]) == ("person", "We looked.")
    assert ReputationEvent.objects.filter(buyer=cast.buyer, kind=event).count() == 1
    assert score_of(cast.buyer.pk, clock.now()) == score


def test_without_a_reason_nothing_is_done(cast: Cast, staff: Client) -> None:
    refund = escalated(cast)
    for reason in (None, "", "  "):
        page = press(staff, "decide_for_buyer", refund, reason)
        assert 'name="reason"' in page.content.decode()
    assert now(refund).state == "escalated"


@pytest.mark.parametrize("action", ["decide_for_buyer", "decide_for_shop", "try_again"])
def test_what_waits_for_the_shop_is_the_shops(cast: Cast, staff: Client, action: str) -> None:
    refund = waiting(cast)
    press(staff, action, refund)
    assert now(refund).state == "waiting_for_merchant"


def test_a_failed_one_is_tried_again(cast: Cast, staff: Client) -> None:
    refund = waiting(cast)
    failed = approve_refund(cast.merchant, refund.pk)
    failed.fail("expired")
    save_states([failed], ["state", "failure_code", "run_at"])
    carry_out()
    assert now(refund).state == "failed"
    press(staff, "try_again", refund)
    assert (now(refund).state, now(refund).failure_code) == ("approved", "")
    entry = AuditEntry.objects.get(subject=refund.public_id, verb="refund.retried")
    assert (entry.detail["failure"], entry.detail["reason"]) == ("expired", "We looked.")
    carry_out()
    assert now(refund).state == "refunded"
    press(staff, "try_again", refund)
    assert now(refund).state == "refunded"


def test_rows_are_read_with_their_photos_and_never_edited(cast: Cast, staff: Client) -> None:
    refund = escalated(cast)
    page = reverse("admin:refunds_refund_change", args=[refund.pk])
    event = ReputationEvent.objects.filter(buyer=cast.buyer).latest("at")
    event_page = reverse("admin:refunds_reputationevent_change", args=[event.pk])
    text = staff.get(page).content.decode()
    assert text.count('<img src="/refund-photo/') == 1
    assert "The reputation is below what the shop asks for." in text
    assert "CN¥60.00" in text
    assert 'style="' not in text.partition("<img")[2].partition(">")[0]
    for address in (page, event_page):
        assert staff.get(address).status_code == 200
        assert staff.post(address, {}).status_code == 403
    assert staff.get(REFUNDS).status_code == 200
    assert staff.get(reverse("admin:refunds_reputationevent_changelist")).status_code == 200
    assert staff.get(reverse("admin:refunds_refund_add")).status_code == 403
    for named, row in (("refund", refund), ("reputationevent", event)):
        delete = reverse(f"admin:refunds_{named}_delete", args=[row.pk])
        assert staff.post(delete, {"post": "yes"}).status_code == 403


# --- reputation ----------------------------------------------------------------------------------


def adjusted(client: Client, who: object, **sent: Any) -> Any:
    body = {"weight": "20", "lasts": "lasts", "reason": "A good soul.", **sent}
    return client.post(f"{ADJUST}?who={who}", body)


def test_a_reputation_is_adjusted_with_a_reason(cast: Cast, staff: Client) -> None:
    buyer = cast.buyer
    assert staff.get(ADJUST).status_code == 200
    assert "There is nobody like that" in staff.get(ADJUST, {"who": "nobody"}).content.decode()
    assert "reputation now: 50" in staff.get(ADJUST, {"who": buyer.phone or ""}).content.decode()
    assert adjusted(staff, buyer.pk).status_code == 302
    event = ReputationEvent.objects.get(buyer=buyer)
    assert (event.kind, event.weight, event.decays, event.reason) == ("adjusted", 20, False, "A good soul.")
    assert event.actor.startswith("person:")
    assert score_of(buyer.pk, clock.now()) == 70
    entry = AuditEntry.objects.get(subject=f"person:{buyer.pk.hex}", verb="staff.adjust_reputation")
    assert entry.detail == {"weight": 20, "reason": "A good soul.", "lasts": True}
    page = staff.get(ADJUST, {"who": str(buyer.pk)}).content.decode()
    assert "Adjusted by staff: +20" in page
    adjusted(staff, buyer.pk, weight="-30", lasts="fades")
    assert ReputationEvent.objects.get(buyer=buyer, weight=-30).decays
    assert score_of(buyer.pk, clock.now()) == 40


@pytest.mark.parametrize(
    "sent",
    [
        {"weight": "101"},
        {"weight": "-101"},
        {"weight": "0"},
        {"weight": ""},
        {"weight": "1.5"},
        {"reason": " "},
        {"reason": "x" * 301},
        {"reason": "a\x00b"},
        {"lasts": "perhaps"},
    ],
)
def test_an_adjustment_says_how_much_how_long_and_why(
    cast: Cast, staff: Client, sent: dict[str, str]
) -> None:
    assert adjusted(staff, cast.buyer.pk, **sent).status_code == 422
    assert not ReputationEvent.objects.filter(buyer=cast.buyer).exists()


def test_nobody_else_adjusts(cast: Cast) -> None:
    for person in (make_member(cast.merchant), cast.buyer):
        assert adjusted(signed_in(person), cast.buyer.pk).status_code in (302, 403)
    assert not ReputationEvent.objects.filter(buyer=cast.buyer).exists()


def test_a_persons_page_has_the_way_there(cast: Cast, staff: Client) -> None:
    people = reverse("admin:merchants_person_changelist")
    sent = {"action": "adjust_reputation", helpers.ACTION_CHECKBOX_NAME: [str(cast.buyer.pk)]}
    assert staff.post(people, sent).headers["Location"] == f"{ADJUST}?who={cast.buyer.pk}"
    both = [str(cast.buyer.pk), str(make_buyer().pk)]
    assert (
        "One person at a time."
        in staff.post(people, {**sent, helpers.ACTION_CHECKBOX_NAME: both}, follow=True).content.decode()
    )
    page = staff.get(reverse("admin:merchants_person_change", args=[cast.buyer.pk])).content.decode()
    assert 'value="adjust_reputation"' in page
    assert 'value="block"' in page
