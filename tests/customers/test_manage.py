"""What a merchant's people do with customers, and every "no" that they can hear."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from common import ids
from common.models import AuditEntry
from common.refusals import InvalidInput, InvalidState, NotFound
from customers.flows.add_note import add_note
from customers.flows.assign_customer import assign_customer
from customers.flows.erase_customer import erase_customer
from customers.flows.export_customers import CHUNK, export_customers
from customers.flows.merge_customers import merge_customers, undo_merge
from customers.flows.retry_step import retry_step
from customers.flows.set_tags import set_tags
from customers.models import Customer, CustomerNote, CustomerTag
from customers.queries import (
    CustomerFilter,
    customer_for,
    customer_of as find,
    customers_of,
    tags_of,
    totals_of,
)
from customers.refusals import MergedFurther, MergeUndone, SameCustomer
from customers.timeline import timeline_of
from merchants.models import Member, Merchant, Person
from merchants.models.merchants import Role
from tests.cast import make_member, make_merchant
from tests.customers.stage import (
    arrange,
    buy,
    convert,
    make_customer,
    message,
    run_due,
    steps_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return make_customer(merchant, name="Li Hua")


@pytest.fixture
def clerk(merchant: Merchant) -> Person:
    return make_member(merchant, Role.CASHIER)


def audited(merchant: Merchant, verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(merchant_id=merchant.pk, verb=verb).order_by("pk"))


def tag_names(customer: Customer) -> list[str]:
    return sorted(link.tag.name for link in CustomerTag.objects.filter(customer=customer))


def present(customer: Customer) -> Customer:
    return Customer.objects.get(pk=customer.pk)


def wrong(call: Callable[[], Any]) -> dict[str, str]:
    """Field → code of the `InvalidInput` that a call raises."""
    with pytest.raises(InvalidInput) as refused:
        call()
    return {problem.field: problem.code for problem in refused.value.problems}


# --- notes, tags, members ----------------------------------------------------------


def test_a_note_keeps_author_and_time_and_the_audit_keeps_no_text(
    merchant: Merchant, customer: Customer, clerk: Person
) -> None:
    note = add_note(merchant, customer.pk, clerk, "  Likes oolong ")
    assert (note.text, note.author) == ("Likes oolong", clerk)
    (entry,) = audited(merchant, "customer.note")
    assert entry.subject == customer.public_id
    assert "oolong" not in str(entry.detail)


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x00b"])
def test_a_note_must_say_something_and_not_too_much(
    merchant: Merchant, customer: Customer, clerk: Person, text: str
) -> None:
    assert wrong(lambda: add_note(merchant, customer.pk, clerk, text)) == {"text": "invalid"}


def test_tags_are_set_as_a_whole(merchant: Merchant, customer: Customer) -> None:
    set_tags(merchant, customer.pk, ["VIP", "Tea"])
    set_tags(merchant, customer.pk, ["tea", " New\n friend ", "TEA"])
    assert tag_names(customer) == ["New friend", "Tea"]
    assert [tag.name for tag in tags_of(merchant)] == ["New friend", "Tea", "VIP"]
    assert len(audited(merchant, "customer.tags")) == 2
    set_tags(merchant, customer.pk, ["Tea", "New friend"])
    assert len(audited(merchant, "customer.tags")) == 2
    set_tags(merchant, customer.pk, [])
    assert tag_names(customer) == []


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([""], "invalid"),
        (["x" * 41], "invalid"),
        (["a\x00"], "invalid"),
        ([str(n) for n in range(31)], "too_many"),
    ],
)
def test_tags_that_do_not_fit(merchant: Merchant, customer: Customer, names: list[str], code: str) -> None:
    assert wrong(lambda: set_tags(merchant, customer.pk, names)) == {"tags": code}


def test_assigning_by_hand_and_to_nobody(merchant: Merchant, customer: Customer, clerk: Person) -> None:
    member = Member.objects.get(person=clerk)
    assign_customer(merchant, customer.pk, member.pk)
    assert present(customer).assigned_to == member
    assign_customer(merchant, customer.pk, None)
    assert present(customer).assigned_to is None
    assert [entry.detail for entry in audited(merchant, "customer.assign")] == [
        {"before": None, "after": member.pk},
        {"before": member.pk, "after": None},
    ]


def test_only_members_of_the_team_are_assigned(merchant: Merchant, customer: Customer) -> None:
    stranger = Member.objects.get(person=make_member(make_merchant()))
    assert wrong(lambda: assign_customer(merchant, customer.pk, stranger.pk)) == {"member": "unknown"}


# --- merging -------------------------------------------------------------------------


def test_merged_customers_are_one(merchant: Merchant, clerk: Person) -> None:
    source, target = make_customer(merchant), make_customer(merchant)
    set_tags(merchant, source.pk, ["A", "B"])
    set_tags(merchant, target.pk, ["B", "C"])
    add_note(merchant, source.pk, clerk, "From before")
    member = Member.objects.get(person=clerk)
    assign_customer(merchant, source.pk, member.pk)
    merge_customers(merchant, source.pk, target.pk)
    assert list(customers_of(merchant)) == [target]
    assert tag_names(target) == ["A", "B", "C"]
    assert present(target).assigned_to == member
    total = totals_of(merchant, [target])[target.pk]
    assert (total.orders, total.spent_minor) == (2, 2_000)
    assert source.person is not None
    assert customer_for(merchant, source.person) == target
    assert list(customers_of(merchant, CustomerFilter(phone=source.person.phone or ""))) == [target]
    assert {"note", "merged"} < {moment.what for moment in timeline_of(target)}


def test_undoing_a_merge_restores_both(merchant: Merchant, clerk: Person) -> None:
    source, target = make_customer(merchant), make_customer(merchant)
    set_tags(merchant, source.pk, ["A", "B"])
    set_tags(merchant, target.pk, ["B", "C"])
    assign_customer(merchant, source.pk, Member.objects.get(person=clerk).pk)
    merge = merge_customers(merchant, source.pk, target.pk)
    undo_merge(merchant, merge.pk)
    assert set(customers_of(merchant)) == {source, target}
    assert tag_names(source) == ["A", "B"]
    assert tag_names(target) == ["B", "C"]
    assert present(target).assigned_to is None
    assert present(source).assigned_to is not None
    assert [entry.subject for entry in audited(merchant, "customer.unmerge")] == [target.public_id]
    again = merge_customers(merchant, source.pk, target.pk)
    assert again.pk != merge.pk


def test_a_chain_of_merges_is_undone_from_its_end(merchant: Merchant) -> None:
    one, two, three = (make_customer(merchant) for _place in range(3))
    first = merge_customers(merchant, one.pk, two.pk)
    second = merge_customers(merchant, two.pk, three.pk)
    assert present(one).merged_into == three
    assert totals_of(merchant, [three])[three.pk].orders == 3
    with pytest.raises(MergedFurther):
        undo_merge(merchant, first.pk)
    undo_merge(merchant, second.pk)
    assert present(one).merged_into == two
    undo_merge(merchant, first.pk)
    assert set(customers_of(merchant)) == {one, two, three}


def test_what_a_merge_refuses(merchant: Merchant, customer: Customer) -> None:
    other = make_customer(merchant)
    stranger = make_customer(make_merchant())
    with pytest.raises(SameCustomer):
        merge_customers(merchant, customer.pk, customer.pk)
    for pair in ((customer, stranger), (stranger, customer)):
        with pytest.raises(NotFound):
            merge_customers(merchant, pair[0].pk, pair[1].pk)
    merge = merge_customers(merchant, customer.pk, other.pk)
    third = make_customer(merchant)
    for source, target in ((customer, third), (third, customer)):
        with pytest.raises(NotFound):
            merge_customers(merchant, source.pk, target.pk)
    with pytest.raises(NotFound):
        undo_merge(make_merchant(), merge.pk)
    undo_merge(merchant, merge.pk)
    with pytest.raises(MergeUndone):
        undo_merge(merchant, merge.pk)


# --- erasing ---------------------------------------------------------------------------


def test_erasing_leaves_nothing_of_the_person(merchant: Merchant, customer: Customer, clerk: Person) -> None:
    assert customer.person is not None
    phone, order = customer.person.phone or "", customer.first_order
    set_tags(merchant, customer.pk, ["VIP"])
    add_note(merchant, customer.pk, clerk, "Lives at the lake")
    other = make_customer(merchant)
    merge = merge_customers(merchant, other.pk, customer.pk)
    erase_customer(merchant, customer.pk, "asked by letter")
    for row in (present(customer), present(other)):
        assert row.erased_at is not None
        assert (row.person, row.phone, row.name, row.assigned_to) == (None, None, "", None)
    assert not CustomerNote.objects.filter(customer=customer).exists()
    assert tag_names(customer) == []
    assert list(customers_of(merchant)) == []
    assert list(customers_of(merchant, CustomerFilter(phone=phone))) == []
    assert "".join(export_customers(merchant)).count("\n") == 1
    order.refresh_from_db(fields=["amount_minor"])
    assert order.amount_minor == 1_000
    assert [entry.detail["reason"] for entry in audited(merchant, "customer.erase")] == ["asked by letter"]
    with pytest.raises(NotFound):
        undo_merge(merchant, merge.pk)
    with pytest.raises(NotFound):
        erase_customer(merchant, customer.pk, "again")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_erasing_wants_a_reason(merchant: Merchant, customer: Customer, reason: str) -> None:
    assert wrong(lambda: erase_customer(merchant, customer.pk, reason)) == {"reason": "invalid"}


def test_errors_of_ended_steps_are_wiped(merchant: Merchant) -> None:
    arrange(merchant, message("email"))
    customer = make_customer(merchant)
    run_due()
    erase_customer(merchant, customer.pk, "asked")
    assert [step.error for step in steps_of(customer)] == ["…"]


# --- strangers ---------------------------------------------------------------------------


def test_a_stranger_finds_none_of_it(merchant: Merchant, customer: Customer, clerk: Person) -> None:
    stranger = make_merchant()
    calls: list[Callable[[], Any]] = [
        lambda: add_note(stranger, customer.pk, clerk, "x"),
        lambda: set_tags(stranger, customer.pk, []),
        lambda: assign_customer(stranger, customer.pk, None),
        lambda: erase_customer(stranger, customer.pk, "x"),
        lambda: retry_step(stranger, steps_of(customer)[0].pk),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    assert find(stranger, customer.pk) is None
    assert customer.person is not None
    assert customer_for(stranger, customer.person) is None


def test_retrying_is_for_what_was_given_up(merchant: Merchant, customer: Customer) -> None:
    with pytest.raises(InvalidState):
        retry_step(merchant, steps_of(customer)[0].pk)
    with pytest.raises(NotFound):
        retry_step(merchant, ids.new_id())


# --- export ------------------------------------------------------------------------------


def rows_of(merchant: Merchant, narrowed: CustomerFilter | None = None) -> list[list[str]]:
    text = "".join(export_customers(merchant, narrowed))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def test_an_export_can_hold_no_formula(merchant: Merchant, clerk: Person) -> None:
    evil = make_customer(merchant, name='=HYPERLINK("http://x","y")')
    set_tags(merchant, evil.pk, ["@SUM(A1)", "+1"])
    Person.objects.filter(pk=clerk.pk).update(name="-2+3")
    assign_customer(merchant, evil.pk, Member.objects.get(person=clerk).pk)
    heading, row = rows_of(merchant)
    cells = dict(zip(heading, row, strict=True))
    assert cells["Name"] == '\'=HYPERLINK("http://x","y")'
    assert cells["Tags"] == "'+1, @SUM(A1)"
    assert cells["Assigned to"] == "'-2+3"
    assert cells["Phone"] == f"'{evil.phone}"
    assert (cells["Orders"], cells["Spent (minor units)"], cells["Currency"]) == ("1", "1000", "CNY")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert [entry.detail for entry in audited(merchant, "customers.export")] == [{"filters": []}]


def test_an_export_goes_through_all_chunks(
    merchant: Merchant, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHUNK > 1
    monkeypatch.setattr("customers.flows.export_customers.CHUNK", 2)
    made = [customer, *(make_customer(merchant) for _place in range(4))]
    assert [row[0] for row in rows_of(merchant)[1:]] == [one.public_id for one in reversed(made)]
    assert [row[0] for row in rows_of(merchant, CustomerFilter(q="li hua"))[1:]] == [customer.public_id]
    assert audited(merchant, "customers.export")[-1].detail == {"filters": ["q"]}


# --- the story of one customer ---------------------------------------------------------------


def test_the_timeline_tells_the_funnel(
    merchant: Merchant, customer: Customer, clerk: Person, django_assert_max_num_queries: Any
) -> None:
    assert customer.person is not None
    convert(buy(merchant, customer.person))
    run_due()
    add_note(merchant, customer.pk, clerk, "A regular")
    with django_assert_max_num_queries(6):
        moments = timeline_of(customer)
    assert [moment.at for moment in moments] == sorted((one.at for one in moments), reverse=True)
    words = [moment.what for moment in reversed(moments)]
    assert words[-1] == "note"
    assert words.index("created") < words.index("came_back")
    assert words.count("paid") == words.count("step_done") == 2
