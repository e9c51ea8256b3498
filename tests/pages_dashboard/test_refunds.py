"""The pages of refunds: the inbox, one refund, several at once, the shop's rules."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common.models import AuditEntry
from merchants.models import Merchant, Person
from merchants.queries import memberships_of
from orders.models import Product
from refunds.cases import RefundAsk
from refunds.deciding import PLATFORM
from refunds.flows.ask_refund import ask_refund
from refunds.flows.decide_refund import approve_refund, reject_refund
from refunds.flows.escalate_refund import escalate_refund
from refunds.models import Refund, RefundPolicy
from refunds.photos import clean
from refunds.policy import policy_of
from tests.cast import WALLET_MINOR, make_buyer, make_paid_order, make_product, unknown_id
from tests.pages_dashboard.conftest import HOME, Shop, errors, words
from tests.refunds.stage import a_photo, carry_out, trust

REFUNDS, DECIDE, RULES = HOME + "refunds", HOME + "refunds/decide", HOME + "settings/refunds"


def asked(merchant: Merchant, product: Product, buyer: Person, photos: int = 1) -> Refund:
    """A refund that this buyer has asked for."""
    unit = make_paid_order(merchant, buyer, product).items[0]
    pictures = [clean(a_photo()) for _number in range(photos)]
    return ask_refund(RefundAsk(buyer=buyer, code=unit.code, photos=pictures, reason="It is torn."))


def wait(shop: Shop, buyer: Person | None = None, photos: int = 1) -> Refund:
    """One that waits for the shop."""
    refund = asked(shop.merchant, shop.product, buyer or shop.buyer, photos)
    assert refund.state == "waiting_for_merchant"
    return refund


def state_of(refund: Refund) -> str:
    return str(Refund.objects.get(pk=refund.pk).state)


def listed(client: Client, **query: str) -> list[Refund]:
    return list(client.get(REFUNDS, query).context["page"].rows)


def told(client: Client, path: str) -> str:
    """What a page says, toasts included."""
    return words(client.get(path))


def other_shop(shop: Shop) -> Merchant:
    return memberships_of(shop.people["stranger"])[0].merchant


# --- the inbox ---------------------------------------------------------------------------------


def test_what_waits_stands_first(shop: Shop, owner: Client) -> None:
    first, second = wait(shop), wait(shop)
    approve_refund(shop.merchant, first.pk)
    assert listed(owner) == [second]
    assert listed(owner, state="approved") == [first]
    assert listed(owner, state="all") == [second, first]
    assert listed(owner, state="all", cursor="o" + second.pk.hex) == [first]
    text = told(owner, REFUNDS)
    for said in ("Dragon pearls", "It is torn.", "50", "CN¥60.00", "Waiting for you 1"):
        assert said in text.replace("&nbsp;", " ")
    assert owner.get(REFUNDS, {"state": "nonsense"}).headers["Location"] == REFUNDS


def test_the_inbox_asks_as_often_with_many_as_with_one(shop: Shop, owner: Client) -> None:
    asked_for = []
    for _round in range(2):
        wait(shop)
        owner.get(REFUNDS)
        with CaptureQueriesContext(connection) as captured:
            owner.get(REFUNDS)
        asked_for.append(len(captured))
    assert asked_for == [7, 7]


def test_an_empty_inbox_says_what_it_will_hold(shop: Shop, owner: Client) -> None:
    assert "No refund waits for you" in told(owner, REFUNDS)
    assert "No refunds yet" in told(owner, REFUNDS + "?state=all")
    assert "No such refunds" in told(owner, REFUNDS + "?state=failed")


def test_the_menu_counts_what_waits(shop: Shop) -> None:
    wait(shop)
    answer = shop["manager"].get(HOME + "orders")
    counts = {
        entry["key"]: entry["count"] for section in answer.context["nav"] for entry in section["entries"]
    }
    assert counts["refunds"] == "1"
    cashier = shop["cashier"].get(HOME + "orders").context["nav"]
    assert "refunds" not in {entry["key"] for section in cashier for entry in section["entries"]}


def test_only_managers_and_owners_decide(shop: Shop) -> None:
    refund = wait(shop)
    path = f"{REFUNDS}/{refund.public_id}"
    for who, status in {"nobody": 302, "buyer": 404, "stranger": 404, "cashier": 403}.items():
        assert shop[who].get(path).status_code == status, who
        assert shop[who].post(path + "/approve").status_code == status, who
        assert shop[who].post(path + "/reject", {"reason": "No."}).status_code == status, who
    shop["stranger"].post(DECIDE, {"decision": "approve", "refund": [refund.public_id]})
    assert state_of(refund) == "waiting_for_merchant"
    assert shop["manager"].get(path).status_code == 200


# --- one refund --------------------------------------------------------------------------------


def test_all_that_one_needs_to_decide_stands_on_its_page(shop: Shop, owner: Client) -> None:
    refund = wait(shop, photos=3)
    answer = owner.get(f"{REFUNDS}/{refund.public_id}")
    text = words(answer)
    for said in (
        refund.order.number,
        "The reputation is below what the shop asks for.",
        "Reputation when it was asked for",
        "Without your answer it is approved then.",
        "Approve",
        "Reject",
    ):
        assert said in text
    addresses = re.findall(r'<img src="(/[^"]+)"', answer.content.decode())
    assert len(addresses) == 3
    for address in addresses:
        assert Client().get(address).headers["Content-Type"] == "image/jpeg"


def test_the_record_is_of_this_shop_only(shop: Shop, owner: Client) -> None:
    elsewhere = other_shop(shop)
    foreign = asked(elsewhere, make_product(elsewhere, 4_000, name="Foreign thing"), shop.buyer)
    reject_refund(elsewhere, foreign.pk, "Never.")
    wait(shop, make_buyer(WALLET_MINOR))
    earlier, refund = wait(shop), wait(shop)
    reject_refund(shop.merchant, earlier.pk, "Worn.")
    answer = owner.get(f"{REFUNDS}/{refund.public_id}")
    record = answer.context["record"]
    assert (record.count, record.ended, record.latest) == (1, [("rejected", 1)], [earlier])
    assert "Foreign thing" not in answer.content.decode()


def test_the_next_that_waits_is_one_step_away(shop: Shop, owner: Client) -> None:
    first, second, third = wait(shop), wait(shop), wait(shop)
    approve_refund(shop.merchant, second.pk)
    context = owner.get(f"{REFUNDS}/{second.public_id}").context
    assert (context["older"], context["newer"]) == (first, third)
    assert owner.get(f"{REFUNDS}/{first.public_id}").context["older"] is None


def test_approving_sends_the_money_back_once(shop: Shop, owner: Client) -> None:
    refund = wait(shop)
    path = f"{REFUNDS}/{refund.public_id}"
    answer = owner.post(path + "/approve")
    assert answer.headers["Location"] == path
    assert "Approved. The money goes back the way it came." in told(owner, path)
    owner.post(path + "/reject", {"reason": "Changed my mind."})
    assert "This refund has been decided already." in told(owner, path)
    carry_out()
    assert state_of(refund) == "refunded"
    assert "The owner" in told(owner, path)


@pytest.mark.parametrize("reason", ["", "  ", "\x00", "x" * 301])
def test_rejecting_wants_a_reason(shop: Shop, owner: Client, reason: str) -> None:
    refund = wait(shop)
    assert owner.post(f"{REFUNDS}/{refund.public_id}/reject", {"reason": reason}).status_code == 302
    assert state_of(refund) == "waiting_for_merchant"


def test_the_buyer_reads_why(shop: Shop, owner: Client) -> None:
    refund = wait(shop)
    path = f"{REFUNDS}/{refund.public_id}"
    owner.post(path + "/reject", {"reason": "Worn <b>often</b>."})
    assert Refund.objects.get(pk=refund.pk).answer == "Worn <b>often</b>."
    page = owner.get(path).content.decode()
    assert "Worn &lt;b&gt;often&lt;/b&gt;." in page
    escalate_refund(shop.buyer, refund.pk)
    assert "Their word is the last one." in told(owner, path)
    assert "data-dialog" not in owner.get(path).content.decode().replace("data-dialog-close", "")


# --- several at once -----------------------------------------------------------------------------


def send(client: Client, *refunds: Refund, **more: Any) -> Any:
    return client.post(DECIDE, {"refund": [one.public_id for one in refunds], **more})


def test_each_of_several_is_told_what_became_of_it(shop: Shop, owner: Client) -> None:
    first, second, third = wait(shop), wait(shop), wait(shop)
    reject_refund(shop.merchant, second.pk, "Worn.")
    answer = send(owner, first, second, third, decision="approve")
    assert answer.headers["Location"] == REFUNDS
    page = owner.get(REFUNDS)
    results = [(one["id"], one["is_done"]) for one in page.context["results"]]
    assert results == [(first.public_id, True), (second.public_id, False), (third.public_id, True)]
    assert "This refund has been decided already." in words(page)
    assert [state_of(one) for one in (first, second, third)] == ["approved", "rejected", "approved"]
    assert owner.get(REFUNDS).context["results"] == []


def test_several_are_rejected_with_one_reason(shop: Shop, owner: Client) -> None:
    first, second = wait(shop), wait(shop)
    refused = send(owner, first, second, decision="reject", reason=" ")
    assert (refused.status_code, errors(refused)) == (422, {"reason": ["required"]})
    assert refused.content.decode().count(" checked") == 2
    assert state_of(first) == "waiting_for_merchant"
    assert send(owner, first, second, decision="reject", reason="Worn.").status_code == 302
    assert {Refund.objects.get(pk=one.pk).answer for one in (first, second)} == {"Worn."}


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({"decision": "approve"}, "refund", "none"),
        ({"decision": "approve", "refund": ["nonsense", "\x00"]}, "refund", "none"),
        ({"decision": "perhaps", "refund": [unknown_id("rfd")]}, "decision", "invalid_choice"),
        ({"decision": "reject", "refund": [unknown_id("rfd")], "reason": "x" * 301}, "reason", "max_length"),
    ],
)
def test_what_says_nothing_decides_nothing(
    shop: Shop, owner: Client, sent: dict[str, Any], field: str, code: str
) -> None:
    answer = owner.post(DECIDE, sent)
    assert (answer.status_code, errors(answer)) == (422, {field: [code]})


def test_another_shops_refund_is_nobodys_here(shop: Shop, owner: Client) -> None:
    elsewhere = other_shop(shop)
    foreign = asked(elsewhere, make_product(elsewhere, 4_000), shop.buyer)
    mine = wait(shop, make_buyer(WALLET_MINOR))
    send(owner, foreign, mine, decision="approve")
    assert [one["id"] for one in owner.get(REFUNDS).context["results"]] == [mine.public_id]
    assert (state_of(foreign), state_of(mine)) == ("waiting_for_merchant", "approved")


# --- the rules ---------------------------------------------------------------------------------


def test_the_rules_explain_themselves(shop: Shop, owner: Client) -> None:
    text = told(owner, RULES)
    for said in ("Empty: the platform's, 60.", "CN¥20,000.00", "CN¥1,000.00", "72", "15"):
        assert said in text
    assert "rule: Approved" in text


def test_only_an_owner_changes_the_rules(shop: Shop) -> None:
    manager = shop["manager"]
    assert "Only an owner can change these." in told(manager, RULES)
    assert manager.post(RULES, {"threshold": "1"}).status_code == 403
    assert shop["cashier"].get(RULES).status_code == 403
    assert policy_of(shop.merchant.pk) == PLATFORM


def test_what_is_saved_decides_and_what_is_emptied_is_the_platforms(shop: Shop, owner: Client) -> None:
    own = {"threshold": "40", "person_above_minor": "59.99", "deadline_outcome": "reject"}
    assert owner.post(RULES, own).status_code == 302
    policy = policy_of(shop.merchant.pk)
    assert (policy.threshold, policy.person_above_minor, policy.deadline_outcome) == (40, 5_999, "reject")
    assert policy.window_days == PLATFORM.window_days
    refund = wait(shop)
    assert refund.rule == "amount_needs_person"
    assert "Without your answer it is rejected then." in told(owner, f"{REFUNDS}/{refund.public_id}")
    owner.post(RULES, {"threshold": "40"})
    trust(shop.buyer, 1)
    assert asked(shop.merchant, shop.product, shop.buyer).is_automatic
    owner.post(RULES, {})
    assert policy_of(shop.merchant.pk) == PLATFORM
    changes = AuditEntry.objects.filter(verb="refund_policy.changed", merchant_id=shop.merchant.pk)
    assert changes.count() == 3
    assert changes.order_by("pk")[0].detail["threshold"] == [None, 40]


def test_a_rule_of_nothing_is_kept_as_such(shop: Shop, owner: Client) -> None:
    owner.post(RULES, {"threshold": "0", "per_buyer_minor": "0", "per_merchant_day_count": "0"})
    policy = RefundPolicy.objects.get(merchant=shop.merchant)
    assert (policy.threshold, policy.per_buyer_minor, policy.per_merchant_day_count) == (0, 0, 0)
    assert 'value="0.00"' in owner.get(RULES).content.decode()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("threshold", "102", "max_value"),
        ("threshold", "-1", "min_value"),
        ("threshold", "1.5", "invalid"),
        ("window_days", "9" * 30, "max_value"),
        ("per_buyer_days", "0", "min_value"),
        ("deadline_hours", "0", "min_value"),
        ("person_above_minor", "-5", "not_a_number"),
        ("person_above_minor", "1.005", "too_many_decimals"),
        ("deadline_outcome", "perhaps", "invalid_choice"),
        ("refunds_redeemed", "\x00", "invalid_choice"),
    ],
)
def test_a_rule_that_is_none_is_refused(shop: Shop, owner: Client, name: str, value: str, code: str) -> None:
    answer = owner.post(RULES, {name: value})
    assert answer.status_code == 422
    assert errors(answer) == {name: [code]}
    assert not RefundPolicy.objects.filter(merchant=shop.merchant).exists()
