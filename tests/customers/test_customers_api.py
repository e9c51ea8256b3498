"""`GET customers` and `GET customers/{id}`: what is shown, to whom, at what cost."""

from __future__ import annotations

from typing import Any

import pytest

from customers.flows.assign_customer import assign_customer
from customers.flows.erase_customer import erase_customer
from customers.flows.merge_customers import merge_customers
from customers.flows.set_tags import set_tags
from customers.models import Customer
from merchants.models import Member
from merchants.models.merchants import Role
from orders.models import PrintedCode
from payments.models import Payment
from tests.cast import Caller, Cast, key_of, unknown_id
from tests.customers.stage import buy, convert, customer_of, make_customer, wallet_buyer

pytestmark = pytest.mark.django_db


def results(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = caller.get("customers", **query)
    assert answer.status == 200, answer
    return list(answer.body["results"])


def ids_of(caller: Caller, **query: Any) -> list[str]:
    return [found["id"] for found in results(caller, **query)]


def test_a_customer_as_the_api_shows_it(cast: Cast) -> None:
    code = PrintedCode.objects.create(merchant=cast.merchant, kind="counter", name="Counter")
    buyer = wallet_buyer(name="Li Hua")
    order = buy(cast.merchant, buyer, code=code)
    convert(order)
    customer = customer_of(cast.merchant, buyer)
    set_tags(cast.merchant, customer.pk, ["VIP", "Tea"])
    member = Member.objects.get(person=cast.member(Role.MANAGER))
    assign_customer(cast.merchant, customer.pk, member.pk)
    (found,) = results(cast.owner_key)
    totals = found.pop("totals")
    last = totals.pop("last_order_at")
    assert totals == {"orders": 1, "spent": 1_000, "currency": "CNY"}
    assert last.endswith("Z")
    assert found.pop("created_at") == found.pop("consent_at")
    assert found == {
        "id": customer.public_id,
        "phone": buyer.phone,
        "name": "Li Hua",
        "consent": True,
        "source": "printed_code",
        "channel": "counter",
        "printed_code": code.public_id,
        "first_order": order.public_id,
        "tags": ["Tea", "VIP"],
        "assigned_to": "The manager",
    }
    assert cast.owner_key.get(f"customers/{customer.public_id}").body["id"] == customer.public_id


@pytest.mark.parametrize(
    "spell",
    [
        lambda phone: phone,
        lambda phone: phone.removeprefix("+86"),
        lambda phone: "0086" + phone.removeprefix("+86"),
        lambda phone: f"{phone[:3]} {phone[3:6]}-{phone[6:10]} {phone[10:]}",
        lambda phone: " " + phone.removeprefix("+"),
    ],
)
def test_a_phone_is_found_in_any_spelling(cast: Cast, spell: Any) -> None:
    customer = make_customer(cast.merchant)
    make_customer(cast.merchant)
    assert ids_of(cast.owner_key, phone=spell(customer.phone)) == [customer.public_id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"phone": "hello"}, "phone"),
        ({"phone": "1" * 50}, "phone"),
        ({"q": "x" * 101}, "q"),
        ({"tag": "x" * 101}, "tag"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
    ],
)
def test_filters_that_do_not_fit(cast: Cast, query: dict[str, str], field: str) -> None:
    answer = cast.owner_key.get("customers", **query)
    assert (answer.status, answer.code, list(answer.fields)) == (422, "invalid", [field])


def test_a_number_of_nobody_finds_nobody(cast: Cast) -> None:
    make_customer(cast.merchant)
    assert ids_of(cast.owner_key, phone="13800138999") == []


def test_other_filters(cast: Cast) -> None:
    first, second = make_customer(cast.merchant, name="Anna Ba"), make_customer(cast.merchant)
    set_tags(cast.merchant, second.pk, ["Tea lover"])
    assert ids_of(cast.owner_key, tag="TEA LOVER") == [second.public_id]
    assert ids_of(cast.owner_key, q="anna") == [first.public_id]
    assert ids_of(cast.owner_key, q="tea lover") == [second.public_id]
    assert ids_of(cast.owner_key, q=second.phone) == [second.public_id]
    assert ids_of(cast.owner_key, channel="shop") == [second.public_id, first.public_id]
    assert ids_of(cast.owner_key, channel="table") == []


def test_newest_first_in_pages(cast: Cast) -> None:
    made = [make_customer(cast.merchant).public_id for _place in range(5)]
    page = cast.owner_key.get("customers", limit=2).body
    seen = [found["id"] for found in page["results"]]
    while page["next"]:
        page = cast.owner_key.get(page["next"].removeprefix("http://testserver")).body
        seen += [found["id"] for found in page["results"]]
    assert seen == made[::-1]


def test_a_page_costs_the_same_with_one_customer_and_with_many(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    set_tags(cast.merchant, make_customer(cast.merchant).pk, ["A"])
    results(cast.owner_key)
    with django_assert_num_queries(5):
        assert len(results(cast.owner_key)) == 1
    for place in range(6):
        customer = make_customer(cast.merchant)
        set_tags(cast.merchant, customer.pk, ["A", f"B{place}"])
        assert customer.person is not None
        convert(buy(cast.merchant, customer.person))
    with django_assert_num_queries(5):
        assert len(results(cast.owner_key)) == 7


def test_totals_are_of_this_merchant_and_without_what_went_back(cast: Cast) -> None:
    buyer = wallet_buyer()
    kept, partly, wholly = (buy(cast.merchant, buyer) for _place in range(3))
    convert(kept, partly, wholly, elsewhere := buy(cast.other_merchant, buyer))
    buy(cast.merchant, buyer, consent=False)
    Payment.objects.filter(order=partly).update(returned_minor=400)
    refunded = Payment.objects.get(order=wholly)
    refunded.refund()
    refunded.returned_minor = refunded.received_minor
    refunded.save()
    (found,) = results(cast.owner_key)
    assert (found["totals"]["orders"], found["totals"]["spent"]) == (3, 2_600)
    (other,) = results(cast.other_key)
    assert (other["totals"]["orders"], other["first_order"]) == (1, elsewhere.public_id)


def test_the_merged_and_the_erased_are_not_there(cast: Cast) -> None:
    source, target, erased = (make_customer(cast.merchant) for _place in range(3))
    merge_customers(cast.merchant, source.pk, target.pk)
    erase_customer(cast.merchant, erased.pk, "asked")
    assert ids_of(cast.owner_key) == [target.public_id]
    for gone in (source, erased):
        assert cast.owner_key.get(f"customers/{gone.public_id}").status == 404


def test_who_may_ask(cast: Cast) -> None:
    customer = make_customer(cast.merchant)
    for path in ("customers", f"customers/{customer.public_id}"):
        assert cast.nobody.get(path).status == 401
        assert cast.buyer_key.get(path).status == 403
        assert cast.app_key.get(path).status == 403
        assert Caller(key_of(cast.merchant, ["orders:read"])).get(path).status == 403
        assert cast.owner_key.post(path, {}).status == 405
    assert ids_of(cast.other_key) == []
    assert cast.other_key.get(f"customers/{customer.public_id}").status == 404


@pytest.mark.parametrize("wrong", ["cus_", "nonsense", "ord_" + "0" * 32, "cus_" + "G" * 32])
def test_ids_that_are_none(cast: Cast, wrong: str) -> None:
    assert cast.owner_key.get(f"customers/{wrong}").status == 404
    assert cast.owner_key.get(f"customers/{unknown_id('cus')}").status == 404
    assert not Customer.objects.filter(merchant=cast.merchant).exists()
