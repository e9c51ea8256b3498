"""The pages of calls: the list, assigning by hand, objections, rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common import clock
from common.models import AuditEntry, OutboxEvent
from orders.flows.add_numbers import add_numbers
from orders.flows.object_redemption import object_redemption
from orders.flows.receive_calls import receive_calls
from orders.flows.redeem_order import redeem_order
from orders.gateways.base import CallFact
from orders.models import CallRecord, CallRules, Objection, Order, Product
from tests.cast import make_merchant, make_order, make_paid_order
from tests.pages_dashboard.conftest import HOME, Shop, errors, words
from tests.undo.stage import pay_out

CALLS = HOME + "calls"


def call(shop: Shop, caller: str, called: str, *, answered: bool = True, call_id: str = "1") -> CallRecord:
    """A call that comes in now."""
    now = clock.now()
    receive_calls(shop.merchant, [CallFact("test", call_id, caller, called, now, now if answered else None)])
    return CallRecord.objects.get(merchant=shop.merchant, call_id=call_id)


@pytest.fixture
def bound(shop: Shop, by_call: Product) -> Order:
    """A paid order that waits for its buyer's call."""
    add_numbers(shop.merchant, ["+861088880001", "+861088880002"])
    return make_paid_order(shop.merchant, shop.buyer, by_call).order


def test_each_call_says_what_it_did(shop: Shop, owner: Client, bound: Order) -> None:
    buyer, service = shop.buyer.phone or "", bound.service_number
    call(shop, "+8613900000000", service, call_id="stranger")
    call(shop, "", service, call_id="withheld")
    call(shop, buyer, service, answered=False, call_id="missed")
    call(shop, buyer, service, call_id="right")
    text = words(owner.get(CALLS))
    for said in ("No order waits for this number and caller", "withheld", "Not answered", bound.number):
        assert said in text
    shown = {
        match: [one.call_id for one in owner.get(CALLS, {"match": match}).context["page"].rows]
        for match in ("unmatched", "redeemed", "ignored")
    }
    assert shown == {"unmatched": ["withheld", "stranger"], "redeemed": ["right"], "ignored": ["missed"]}
    assert owner.get(CALLS, {"match": "nonsense"}).status_code == 302
    assert "Unmatched 2" in text.replace("&nbsp;", " ")


def test_the_newest_page_keeps_itself_fresh(shop: Shop, owner: Client, bound: Order) -> None:
    part = {"HX-Request": "true"}
    before = owner.get(CALLS, headers=part)
    assert "<html" not in before.content.decode()
    call(shop, "+8613900000000", bound.service_number)
    after = owner.get(CALLS, headers=part)
    assert before.context["stamp"] != after.context["stamp"]
    assert "data-live=" not in owner.get(CALLS, {"cursor": "o" + "f" * 32}).content.decode()


def test_a_stranger_of_another_shop_sees_none_of_it(shop: Shop, bound: Order) -> None:
    record = call(shop, "+8613900000000", bound.service_number)
    stranger = shop["stranger"]
    assert list(stranger.get(CALLS).context["page"].rows) == []
    assert stranger.get(f"{CALLS}/{record.public_id}").status_code == 404
    sent = {"order": bound.public_id}
    assert stranger.post(f"{CALLS}/{record.public_id}/assign", sent).status_code == 404


# --- assigning ------------------------------------------------------------------------------


def test_a_call_is_assigned_after_a_preview(shop: Shop, bound: Order) -> None:
    record = call(shop, "+8613900000000", bound.service_number)
    manager, address = shop["manager"], f"{CALLS}/{record.public_id}"
    found = manager.get(address, {"q": bound.number})
    assert found.context["candidates"] == [bound]
    by_phone = manager.get(address, {"q": shop.buyer.phone or ""})
    assert by_phone.context["candidates"] == [bound]
    preview = manager.get(address, {"order": bound.public_id})
    assert "Foot bath" in words(preview)
    assert "Redeem it by this call" in words(preview)
    assert Order.objects.get(pk=bound.pk).state == "paid"

    done = manager.post(f"{address}/assign", {"order": bound.public_id}, follow=True)
    assert f"Order {bound.number} was redeemed by this call" in words(done)
    assert Order.objects.get(pk=bound.pk).state == "redeemed"
    told = OutboxEvent.objects.get(name="call.assigned", subject=record.public_id)
    assert told.actor == f"person:{shop.people['manager'].pk.hex}"
    again = manager.post(f"{address}/assign", {"order": bound.public_id}, follow=True)
    assert "does not allow this" in words(again)


def test_orders_of_whoever_called_are_offered_first(shop: Shop, owner: Client, bound: Order) -> None:
    other = {"+861088880001": "+861088880002"}.get(bound.service_number, "+861088880001")
    record = call(shop, shop.buyer.phone or "", other)
    page = owner.get(f"{CALLS}/{record.public_id}")
    assert page.context["candidates"] == [bound]
    assert "optional" not in words(page)
    assert owner.get(f"{CALLS}/{record.public_id}", {"q": "  "}).context["candidates"] == [bound]


def test_what_cannot_be_redeemed_says_why(shop: Shop, owner: Client, by_call: Product, bound: Order) -> None:
    record = call(shop, "+8613900000000", bound.service_number)
    unpaid = make_order(shop.merchant, by_call).order
    address = f"{CALLS}/{record.public_id}"
    preview = words(owner.get(address, {"order": unpaid.public_id}))
    assert "This order is not paid." in preview
    assert "Redeem it by this call" not in preview
    refused = owner.post(f"{address}/assign", {"order": unpaid.public_id}, follow=True)
    assert "This order is not paid." in words(refused)
    assert CallRecord.objects.get(pk=record.pk).state == "unmatched"


def test_another_shops_order_is_not_there(shop: Shop, owner: Client, bound: Order) -> None:
    record = call(shop, "+8613900000000", bound.service_number)
    foreign = make_order(make_merchant()).order
    address = f"{CALLS}/{record.public_id}"
    assert owner.get(address, {"order": foreign.public_id}).status_code == 404
    assert owner.post(f"{address}/assign", {"order": foreign.public_id}).status_code == 404
    assert owner.post(f"{address}/assign", {"order": "junk"}).status_code == 404


def test_a_cashier_looks_and_does_not_assign(shop: Shop, bound: Order) -> None:
    record = call(shop, "+8613900000000", bound.service_number)
    page = shop["cashier"].get(f"{CALLS}/{record.public_id}")
    assert "Assign it to an order" not in words(page)
    sent = {"order": bound.public_id}
    assert shop["cashier"].post(f"{CALLS}/{record.public_id}/assign", sent).status_code == 403


# --- setting aside -------------------------------------------------------------------------


def test_calls_about_no_order_leave_the_inbox(shop: Shop, bound: Order) -> None:
    records = [
        call(shop, f"+861390000000{place}", bound.service_number, call_id=str(place)) for place in (1, 2)
    ]
    manager, inbox = shop["manager"], {"match": "unmatched"}
    assert "Set these 2 calls aside" in words(manager.get(CALLS, inbox))
    assert "Set these" not in words(manager.get(CALLS))
    assert "Set it aside" in words(manager.get(f"{CALLS}/{records[0].public_id}"))
    sent = {"call": [record.public_id for record in records]}
    page = manager.post(f"{CALLS}/set-aside", sent, follow=True)
    assert "2 calls were set aside" in words(page)
    assert "Nothing waits for you" in words(page)
    for record in records:
        found = CallRecord.objects.get(pk=record.pk)
        assert (found.state, found.reason) == ("ignored", "no_binding")
        event = OutboxEvent.objects.get(name="call.set_aside", subject=record.public_id)
        assert event.actor == f"person:{shop.people['manager'].pk.hex}"
    assert "0 calls were set aside" in words(manager.post(f"{CALLS}/set-aside", sent, follow=True))
    manager.post(f"{CALLS}/{records[0].public_id}/assign", {"order": bound.public_id})
    assert Order.objects.get(pk=bound.pk).state == "redeemed", "it can still be assigned"


def test_only_the_shops_managers_set_aside_and_only_what_is_unmatched(shop: Shop, bound: Order) -> None:
    stray = call(shop, "+8613900000000", bound.service_number, call_id="stray")
    right = call(shop, shop.buyer.phone or "", bound.service_number, call_id="right")
    sent = {"call": [stray.public_id, right.public_id, "junk", ""]}
    assert shop["cashier"].post(f"{CALLS}/set-aside", sent).status_code == 403
    shop["stranger"].post(f"{CALLS}/set-aside", sent)
    assert CallRecord.objects.get(pk=stray.pk).state == "unmatched"
    assert shop["manager"].get(f"{CALLS}/set-aside").status_code == 302
    shop["manager"].post(f"{CALLS}/set-aside", sent)
    assert CallRecord.objects.get(pk=stray.pk).state == "ignored"
    assert CallRecord.objects.get(pk=right.pk).state == "redeemed"


# --- the menu tells how much waits ---------------------------------------------------------


def waiting(client: Client, path: str = HOME + "orders") -> str:
    entries = [entry for section in client.get(path).context["nav"] for entry in section["entries"]]
    return "".join(entry["count"] for entry in entries if entry["key"] == "calls")


def test_the_menu_counts_objections_and_unmatched_calls(shop: Shop, owner: Client, bound: Order) -> None:
    assert waiting(owner) == ""
    call(shop, "+8613900000000", bound.service_number, call_id="stray")
    call(shop, shop.buyer.phone or "", bound.service_number, call_id="right")
    assert waiting(owner) == "1"
    object_redemption(shop.buyer, bound.pk)
    assert (waiting(owner), waiting(shop["cashier"])) == ("2", "2")
    assert "waiting: 2" in words(owner.get(HOME + "orders"))
    assert waiting(shop["stranger"]) == ""


def test_the_menu_counts_up_to_a_hundred_in_one_statement(
    shop: Shop, owner: Client, bound: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.dashboard_queries.MOST_COUNTED", 3)
    for place in range(5):
        call(shop, f"+861390000000{place}", bound.service_number, call_id=str(place))
    with CaptureQueriesContext(connection) as sent:
        assert waiting(owner) == "2+"
    assert sum("orders_objection" in one["sql"] for one in sent) == 1


def test_parts_that_refresh_themselves_count_nothing(owner: Client) -> None:
    with CaptureQueriesContext(connection) as sent:
        owner.get(CALLS, headers={"HX-Request": "true"})
    assert not any("orders_objection" in one["sql"] for one in sent)


# --- objections --------------------------------------------------------------------------------


@pytest.fixture
def objected(shop: Shop, bound: Order) -> Objection:
    """The buyer says that the redemption was not theirs."""
    call(shop, shop.buyer.phone or "", bound.service_number)
    return object_redemption(shop.buyer, bound.pk)


def decide(client: Client, objection: Objection, decision: str, note: str = "") -> Any:
    sent = {"decision": decision, "note": note}
    return client.post(f"{CALLS}/objections/{objection.public_id}", sent, follow=True)


def test_objections_stand_on_top(shop: Shop, bound: Order, objected: Objection) -> None:
    text = words(shop["manager"].get(CALLS))
    assert "“That wasn't me”" in text
    assert bound.number in text
    assert "by a call from" in text
    assert "The buyer was right" in text
    assert "The buyer was right" not in words(shop["cashier"].get(CALLS))
    assert "Without your answer by" in text


def test_an_objection_without_money_says_what_it_is_about(shop: Shop, bound: Order) -> None:
    call(shop, shop.buyer.phone or "", bound.service_number)
    pay_out(shop.merchant, 9_000)
    object_redemption(shop.buyer, bound.pk)
    text = words(shop["manager"].get(CALLS))
    assert "Your account was short" in text
    assert "CN¥90.00" in text
    assert "Without your answer by" not in text


@pytest.mark.parametrize(
    ("decision", "state", "order_state"), [("uphold", "upheld", "paid"), ("dismiss", "dismissed", "redeemed")]
)
def test_deciding(
    shop: Shop, bound: Order, objected: Objection, decision: str, state: str, order_state: str
) -> None:
    page = decide(shop["manager"], objected, decision, "We looked at the camera")
    found = Objection.objects.get(pk=objected.pk)
    assert (found.state, found.note) == (state, "We looked at the camera")
    assert Order.objects.get(pk=bound.pk).state == order_state
    assert "“That wasn't me”" not in words(page)
    assert "decided already" in words(decide(shop["manager"], objected, decision))


def test_only_the_shops_managers_decide(shop: Shop, objected: Objection) -> None:
    assert decide(shop["cashier"], objected, "uphold").status_code == 403
    assert decide(shop["stranger"], objected, "uphold").status_code == 404
    decide(shop["manager"], objected, "perhaps")
    assert Objection.objects.get(pk=objected.pk).state == "waiting"


# --- rules -------------------------------------------------------------------------------------

GOOD = {
    "least_seconds": "3",
    "within_hours": "",
    "tolerance_seconds": "10",
    "least_trust": "2",
    "switchboards": "010 6666 0000",
    "cool_down_hours": "48",
}


def test_rules_are_saved_and_audited(shop: Shop, owner: Client) -> None:
    assert owner.get(CALLS + "/rules").context["form"]["answered_only"].value() is True
    assert owner.post(CALLS + "/rules", GOOD).status_code == 302
    rules = CallRules.objects.get(merchant=shop.merchant)
    assert (rules.answered_only, rules.least_seconds, rules.within_hours) == (False, 3, None)
    assert (rules.least_trust, rules.switchboards, rules.cool_down_hours) == (2, ["+861066660000"], 48)
    entry = AuditEntry.objects.get(merchant_id=shop.merchant.pk, verb="call_rules.changed")
    assert entry.detail["cool_down_hours"] == [24, 48]
    owner.post(CALLS + "/rules", GOOD)
    assert AuditEntry.objects.filter(merchant_id=shop.merchant.pk, verb="call_rules.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("least_seconds", "3601", "max_value"),
        ("least_seconds", "", "required"),
        ("within_hours", "0", "min_value"),
        ("tolerance_seconds", "601", "max_value"),
        ("least_trust", "9", "invalid_choice"),
        ("switchboards", "not a number", "invalid_phone"),
        ("cool_down_hours", "2161", "max_value"),
    ],
)
def test_bad_rules_are_refused(owner: Client, field: str, value: str, code: str) -> None:
    answer = owner.post(CALLS + "/rules", {**GOOD, field: value})
    assert answer.status_code == 422
    assert errors(answer) == {field: [code]}


def test_only_owners_change_rules(shop: Shop) -> None:
    page = shop["manager"].get(CALLS + "/rules")
    assert "Only an owner can change these" in words(page)
    assert shop["manager"].post(CALLS + "/rules", GOOD).status_code == 403
    assert not CallRules.objects.filter(merchant=shop.merchant).exists()
    assert shop["cashier"].get(CALLS + "/rules").status_code == 403


def test_a_switchboard_redeems_nothing_by_itself(shop: Shop, owner: Client, bound: Order) -> None:
    owner.post(CALLS + "/rules", {**GOOD, "least_trust": "1", "switchboards": shop.buyer.phone})
    record = call(shop, shop.buyer.phone or "", bound.service_number)
    assert (record.state, record.reason) == ("unmatched", "switchboard")
    owner.post(f"{CALLS}/{record.public_id}/assign", {"order": bound.public_id})
    assert Order.objects.get(pk=bound.pk).state == "redeemed"


def test_the_list_costs_the_same_however_many_calls(
    shop: Shop, owner: Client, bound: Order, django_assert_max_num_queries: Any
) -> None:
    for place in range(10):
        call(shop, f"+86139000000{place:02d}", bound.service_number, call_id=str(place))
    redeem_order(shop.merchant, bound.pk)
    with django_assert_max_num_queries(12):
        owner.get(CALLS)
