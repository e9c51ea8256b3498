"""Customers: list, one customer, merging and back, export, erasing, the editor of steps."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from common.models import AuditEntry
from customers.models import ConversionStep, Customer, CustomerNote
from customers.queries import steps_of
from merchants.models import Member
from tests.cast import WALLET_MINOR, make_buyer, make_paid_order, make_product
from tests.pages_dashboard.conftest import HOME, Shop, errors, make_customer, words

LIST, STEPS = HOME + "customers", HOME + "steps"


def at(customer: Customer, more: str = "") -> str:
    """The customer's page, or what is under it."""
    return f"{LIST}/{customer.public_id}{more}"


def test_who_did_not_agree_is_not_listed(shop: Shop, owner: Client) -> None:
    make_paid_order(shop.merchant, make_buyer(WALLET_MINOR), shop.product)
    customer = make_customer(shop)
    page = owner.get(LIST)
    assert [row for row, _totals in page.context["rows"]] == [customer]
    assert page.context["rows"][0][1].spent_minor == 6_000


def test_the_list_narrows(shop: Shop, owner: Client) -> None:
    first, second = make_customer(shop), make_customer(shop)
    owner.post(at(first, "/tags"), {"tags": "regular, 茶友，tea"})

    def found(**query: str) -> list[Customer]:
        return [row for row, _totals in owner.get(LIST, query).context["rows"]]

    assert found(tag="茶友") == [first]
    assert found(q=second.phone or "") == [second]
    assert found(channel="api") == [second, first]
    assert found(channel="table") == []
    assert owner.get(LIST, {"tag": "unknown"}).status_code == 422


def test_notes_tags_and_who_looks_after(shop: Shop, owner: Client) -> None:
    customer = make_customer(shop)
    cashier = Member.objects.get(merchant=shop.merchant, role="cashier")
    owner.post(at(customer, "/note"), {"text": "Likes <b>oolong</b>"})
    owner.post(at(customer, "/tags"), {"tags": "Tea, tea,  vip "})
    owner.post(at(customer, "/assign"), {"member": cashier.pk})
    page = owner.get(at(customer))
    assert "Likes &lt;b&gt;oolong&lt;/b&gt;" in page.content.decode()
    assert "Became a customer" in words(page)
    fresh = Customer.objects.get(pk=customer.pk)
    assert {tag.name.lower() for tag in fresh.tags.all()} == {"tea", "vip"}
    assert fresh.assigned_to == cashier


@pytest.mark.parametrize(
    ("what", "sent", "form", "wrong"),
    [
        ("/note", {"text": " "}, "note_form", {"text": ["required"]}),
        ("/note", {"text": "x" * 2001}, "note_form", {"text": ["max_length"]}),
        ("/tags", {"tags": "x" * 41}, "tags_form", {"tags": [""]}),
        ("/assign", {"member": "0"}, "assign_form", {"member": ["invalid_choice"]}),
        ("/assign", {"member": "9" * 30}, "assign_form", {"member": ["invalid_choice"]}),
    ],
)
def test_bad_input_is_refused_on_the_same_page(
    shop: Shop, owner: Client, what: str, sent: dict[str, str], form: str, wrong: dict[str, list[str]]
) -> None:
    customer = make_customer(shop)
    answer = owner.post(at(customer, what), sent)
    assert answer.status_code == 422
    assert {name: [code or "" for code in codes] for name, codes in errors(answer, form).items()} == wrong
    assert not CustomerNote.objects.filter(customer=customer).exists()


def test_merging_and_back(shop: Shop, owner: Client) -> None:
    stays, joins = make_customer(shop), make_customer(shop)
    page = owner.get(at(stays, "/merge"), {"q": joins.phone or ""})
    assert [row for row, _totals in page.context["rows"]] == [joins]
    merged = owner.post(at(stays, "/merge"), {"other": joins.public_id}, follow=True)
    assert merged.context["totals"].orders == 2
    assert owner.get(at(joins)).status_code == 404
    undo = next(m for m in merged.context["moments"] if m.what == "merged").facts["merge"]
    back = owner.post(at(stays, f"/merges/{undo.public_id}/undo"), follow=True)
    assert back.context["totals"].orders == 1
    assert owner.get(at(joins)).status_code == 200
    again = owner.post(at(stays, f"/merges/{undo.public_id}/undo"), follow=True)
    assert "undone already" in words(again)


def test_nobody_is_merged_with_themselves(shop: Shop, owner: Client) -> None:
    customer = make_customer(shop)
    answer = owner.post(at(customer, "/merge"), {"other": customer.public_id}, follow=True)
    assert "same customer" in words(answer)


def test_a_strangers_customer_is_not_merged(shop: Shop, owner: Client) -> None:
    mine = make_customer(shop)
    merchant = Member.objects.get(person=shop.people["stranger"]).merchant
    theirs = make_customer(Shop(merchant, make_product(merchant), shop.buyer, {}))
    assert owner.post(at(mine, "/merge"), {"other": theirs.public_id}).status_code == 404


# --- export --------------------------------------------------------------------------------


def exported(client: Client, **query: str) -> tuple[Any, list[list[str]]]:
    answer: Any = client.get(LIST + "/export", query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return answer, list(csv.reader(io.StringIO(text)))


def test_the_export_is_streamed_and_audited(shop: Shop, owner: Client) -> None:
    customers = [make_customer(shop) for _customer in range(3)]
    answer, lines = exported(owner, count="1")
    assert answer.streaming
    assert answer.headers["X-Rows"] == "3"
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    assert [line[0] for line in lines[1:]] == [one.public_id for one in reversed(customers)]
    audited = AuditEntry.objects.get(merchant_id=shop.merchant.pk, verb="customers.export")
    assert audited.actor == f"person:{shop.people['owner'].pk.hex}"


def test_the_export_takes_the_lists_filter(shop: Shop, owner: Client) -> None:
    make_customer(shop)
    chosen = make_customer(shop)
    _answer, lines = exported(owner, q=chosen.phone or "")
    assert [line[0] for line in lines[1:]] == [chosen.public_id]
    assert owner.get(LIST + "/export", {"channel": "moon"}).status_code == 302


# --- erasing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reason": "asked", "typed": "+86139"}, "typed"),
        ({"reason": "", "typed": "right"}, "reason"),
        ({"reason": "x" * 301, "typed": "right"}, "reason"),
    ],
)
def test_erasing_wants_a_reason_and_the_number(
    shop: Shop, owner: Client, sent: dict[str, str], field: str
) -> None:
    customer = make_customer(shop)
    phone = customer.phone or ""
    answer = owner.post(at(customer, "/erase"), {**sent, "typed": sent["typed"].replace("right", phone)})
    assert answer.status_code == 422
    assert list(errors(answer)) == [field]
    assert Customer.objects.get(pk=customer.pk).erased_at is None


def test_an_erased_customer_is_gone(shop: Shop, owner: Client) -> None:
    customer = make_customer(shop)
    phone = customer.phone or ""
    typed = f"{phone[:3]} {phone[3:7]}-{phone[7:]}"
    owner.post(at(customer, "/erase"), {"reason": "Asked us to", "typed": typed})
    assert owner.get(at(customer)).status_code == 404
    assert phone not in words(owner.get(LIST))


# --- the editor of steps -------------------------------------------------------------------------


def editor(*steps: Mapping[str, object], **more: object) -> dict[str, object]:
    """What the editor sends of these steps."""
    sent: dict[str, object] = dict(more)
    for place, step in enumerate(steps):
        sent |= {f"{name}-{place}": value for name, value in step.items()}
    return sent


CARD, TAG = {"kind": "contact_card"}, {"kind": "tag", "tag": "new"}
MESSAGE = {"kind": "message", "channel": "email", "subject": "Hi", "text": "Dear {name}", "also": "on"}


def test_a_new_shop_has_the_contact_card(owner: Client) -> None:
    page = owner.get(STEPS)
    assert [draft.kind for draft in page.context["drafts"]] == ["contact_card"]
    assert not page.context["is_draft"]


def test_buttons_change_the_list_and_keep_what_was_typed(shop: Shop, owner: Client) -> None:
    def after(do: str, **more: str) -> list[str]:
        page = owner.post(STEPS, editor(CARD, TAG, MESSAGE, do=do, **more))
        assert page.status_code == 200
        assert page.context["is_draft"]
        return [draft.kind for draft in page.context["drafts"]]

    assert after("up-2") == ["contact_card", "message", "tag"]
    assert after("down-0") == ["tag", "contact_card", "message"]
    assert after("remove-1") == ["contact_card", "message"]
    assert after("add", new="assign") == ["contact_card", "tag", "message", "assign"]
    for nothing in ("up-0", "down-2", "remove-9", "remove--1", "up-x", "add", "", "explode"):
        assert after(nothing) == ["contact_card", "tag", "message"]
    assert not ConversionStep.objects.filter(merchant=shop.merchant, kind="tag").exists()
    page = owner.post(STEPS, editor(MESSAGE, CARD, do="down-0"))
    assert "Dear {name}" in page.content.decode()


def test_steps_are_saved_in_their_order(shop: Shop, owner: Client) -> None:
    assign = {"kind": "assign", "roles": ["cashier", "emperor"]}
    assert owner.post(STEPS, editor(MESSAGE, assign, TAG, do="save")).status_code == 302
    saved = steps_of(shop.merchant)
    assert [step.kind for step in saved] == ["message", "assign", "tag"]
    assert saved[0].also_returning
    assert saved[1].settings == {"roles": ["cashier"]}


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ({"kind": "tag", "tag": ""}, "tag"),
        ({"kind": "tag", "tag": "x" * 41}, "tag"),
        ({"kind": "message", "channel": "email", "text": ""}, "text"),
        ({"kind": "message", "channel": "pigeon", "text": "Hi"}, "channel"),
        ({"kind": "message", "channel": "email", "text": "Dear {mother}"}, "text"),
        ({"kind": "message", "channel": "webhook", "text": "Hi", "url": "ftp://x"}, "url"),
    ],
)
def test_a_bad_step_says_so_at_its_field_and_keeps_nothing(
    shop: Shop, owner: Client, step: dict[str, object], field: str
) -> None:
    answer = owner.post(STEPS, editor(CARD, step, do="save"))
    assert answer.status_code == 422
    assert list(answer.context["drafts"][1].errors) == [field]
    assert [kept.kind for kept in steps_of(shop.merchant)] == ["contact_card"]


def test_no_more_than_twenty_steps(shop: Shop, owner: Client) -> None:
    many = [CARD] * 20
    assert len(owner.post(STEPS, editor(*many, do="add", new="tag")).context["drafts"]) == 20
    assert owner.post(STEPS, editor(*many, TAG, do="save")).status_code == 422


def test_what_is_no_step_is_left_out(shop: Shop, owner: Client) -> None:
    owner.post(STEPS, editor({"kind": "fireworks"}, TAG, do="save"))
    assert [step.kind for step in steps_of(shop.merchant)] == ["tag"]
    owner.post(STEPS, {"do": "save"})
    assert steps_of(shop.merchant) == []
