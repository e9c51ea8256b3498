"""Who may open and send what: a table of addresses and roles, and the answer to each."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from common.ids import public_id
from merchants.flows.add_endpoint import add_endpoint
from merchants.flows.create_key import create_key
from merchants.flows.invite_member import invite_member
from merchants.models import Member
from orders.flows.create_printed_code import create_printed_code
from tests.cast import make_order, make_paid_order
from tests.pages_dashboard.conftest import HOME, WHO, Shop, make_customer

IN = 302  # to sign in
TABLE: dict[str, tuple[int, ...]] = {
    # address                  nobody buyer stranger cashier manager owner
    "": (IN, 302, 200, 302, 200, 200),
    "newest": (IN, 404, 200, 200, 200, 200),
    "orders": (IN, 404, 200, 200, 200, 200),
    "orders/new": (IN, 404, 200, 200, 200, 200),
    "orders/{order}": (IN, 404, 404, 200, 200, 200),
    "orders/{order}/show": (IN, 404, 404, 200, 200, 200),
    "redeem": (IN, 404, 200, 200, 200, 200),
    "redeem/{paid}": (IN, 404, 404, 200, 200, 200),
    "redeem/{order}": (IN, 404, 404, 200, 200, 200),
    "products": (IN, 404, 200, 200, 200, 200),
    "products/new": (IN, 404, 200, 403, 200, 200),
    "products/{product}": (IN, 404, 404, 200, 200, 200),
    "codes": (IN, 404, 200, 200, 200, 200),
    "codes/new": (IN, 404, 200, 403, 200, 200),
    "codes/sheet": (IN, 404, 200, 200, 200, 200),
    "funnel": (IN, 404, 200, 403, 200, 200),
    "payments": (IN, 404, 200, 403, 200, 200),
    "money": (IN, 404, 200, 403, 200, 200),
    "customers": (IN, 404, 200, 403, 200, 200),
    "customers/export": (IN, 404, 200, 403, 200, 200),
    "customers/{customer}": (IN, 404, 404, 403, 200, 200),
    "customers/{customer}/merge": (IN, 404, 404, 403, 200, 200),
    "customers/{customer}/erase": (IN, 404, 404, 403, 200, 200),
    "steps": (IN, 404, 200, 403, 200, 200),
    "team": (IN, 404, 200, 403, 200, 200),
    "keys": (IN, 404, 200, 403, 403, 200),
    "webhooks": (IN, 404, 200, 403, 403, 200),
    "webhooks/{endpoint}": (IN, 404, 404, 403, 403, 200),
    "settings": (IN, 404, 200, 403, 200, 200),
    "open": (IN, 200, 200, 200, 200, 200),
    "orders/ord_nonsense": (IN, 404, 404, 404, 404, 404),
    "products/%00": (IN, 404, 404, 404, 404, 404),
}
"""What opening an address answers, by the order of `WHO`. A stranger is owner of another shop."""

SENT: dict[str, tuple[int, ...]] = {
    "orders/{order}/cancel": (IN, 404, 404, 403, 302, 302),
    "redeem/{paid}": (IN, 404, 404, 302, 302, 302),
    "products/{product}/save": (IN, 404, 404, 403, 422, 422),
    "products/{product}/stock": (IN, 404, 404, 403, 302, 302),
    "products/{product}/archive": (IN, 404, 404, 403, 302, 302),
    "codes/{code}/retire": (IN, 404, 404, 403, 302, 302),
    "customers/{customer}/note": (IN, 404, 404, 403, 422, 422),
    "customers/{customer}/tags": (IN, 404, 404, 403, 302, 302),
    "customers/{customer}/assign": (IN, 404, 404, 403, 302, 302),
    "customers/{customer}/erase": (IN, 404, 404, 403, 422, 422),
    "customers/{customer}/merge": (IN, 404, 404, 403, 404, 404),
    "steps": (IN, 404, 200, 403, 200, 200),
    "team/invite": (IN, 404, 422, 403, 403, 422),
    "team/invitations/{invitation}/withdraw": (IN, 404, 404, 403, 403, 302),
    "team/{member}/role": (IN, 404, 404, 403, 403, 302),
    "team/{member}/remove": (IN, 404, 404, 403, 403, 302),
    "keys/new": (IN, 404, 422, 403, 403, 422),
    "keys/{key}/revoke": (IN, 404, 404, 403, 403, 302),
    "webhooks/new": (IN, 404, 422, 403, 403, 422),
    "webhooks/{endpoint}/delete": (IN, 404, 404, 403, 403, 302),
    "settings": (IN, 404, 422, 403, 403, 422),
}
"""What sending nothing to an address answers."""


@pytest.fixture
def things(shop: Shop, settings: Any) -> dict[str, object]:
    """One of everything, in the shop."""
    settings.DEBUG = True  # so that an endpoint on this machine may be added
    merchant = shop.merchant
    cashier = Member.objects.get(merchant=merchant, role="cashier")
    return {
        "order": make_order(merchant, shop.product).order.public_id,
        "paid": make_paid_order(merchant, shop.buyer, shop.product).order.public_id,
        "product": shop.product.public_id,
        "code": create_printed_code(merchant, kind="table", name="Table 1").public_id,
        "customer": make_customer(shop).public_id,
        "endpoint": add_endpoint(merchant, "http://127.0.0.1:9/hook", ["*"]).endpoint.public_id,
        "key": public_id("key", create_key(merchant, "Web shop", ["orders:read"]).key.pk),
        "invitation": invite_member(merchant, "lin@example.com", "cashier").public_id,
        "member": cashier.pk,
    }


@pytest.mark.parametrize("route", TABLE)
def test_opening(shop: Shop, things: dict[str, object], route: str) -> None:
    path = HOME + route.format(**things)
    assert {who: shop[who].get(path).status_code for who in WHO} == dict(zip(WHO, TABLE[route], strict=True))


@pytest.mark.parametrize(
    ("route", "place", "who"), [(route, place, who) for route in SENT for place, who in enumerate(WHO)]
)
def test_sending(shop: Shop, things: dict[str, object], route: str, place: int, who: str) -> None:
    assert shop[who].post(HOME + route.format(**things)).status_code == SENT[route][place]


@pytest.mark.parametrize("route", sorted(SENT.keys() - TABLE.keys()))
def test_the_address_of_a_sent_form_leads_to_its_page(
    shop: Shop, things: dict[str, object], owner: Client, route: str
) -> None:
    answer = owner.get(HOME + route.format(**things), follow=True)
    assert answer.status_code == 200
    assert len(answer.redirect_chain) == 1


def test_nobody_comes_back_after_signing_in(shop: Shop) -> None:
    answer = shop["nobody"].get(HOME + "orders?state=paid")
    assert answer.headers["Location"] == "/accounts/login/?next=%2Fdashboard%2Forders%3Fstate%3Dpaid"


def test_a_part_that_refreshes_itself_takes_its_whole_page_to_sign_in(shop: Shop) -> None:
    answer = shop["nobody"].get(
        HOME + "newest", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fdashboard%2F"


def test_no_page_is_kept_by_a_cache(owner: Client) -> None:
    assert "no-store" in owner.get(HOME).headers["Cache-Control"]


def test_the_menu_shows_what_the_role_may_open(shop: Shop) -> None:
    for who in ("cashier", "manager", "owner"):
        page = shop[who].get(HOME + "orders")
        addresses = [entry["url"] for section in page.context["nav"] for entry in section["entries"]]
        assert {shop[who].get(address).status_code for address in addresses} == {200}
        home = "orders" if who == "cashier" else "overview"
        assert page.context["nav"][0]["entries"][0]["key"] == home


def test_a_stopped_account_is_nobody(shop: Shop) -> None:
    shop["cashier"].get(HOME + "orders")
    person = shop.people["cashier"]
    person.is_active = False
    person.save(update_fields=["is_active"])
    assert shop["cashier"].get(HOME + "orders").status_code == IN


def test_who_works_at_two_shops_switches(shop: Shop) -> None:
    other = Member.objects.get(person=shop.people["stranger"]).merchant
    Member.objects.create(merchant=other, person=shop.people["owner"], role="cashier")
    browser = shop["owner"]
    assert browser.get(f"{HOME}?merchant={other.slug}", follow=True).context["merchant"] == other
    assert browser.get(HOME + "orders").context["merchant"] == other
    assert browser.get(HOME + "money").status_code == 403
    assert browser.get(f"{HOME}orders?merchant={shop.merchant.slug}").context["merchant"] == shop.merchant
    assert browser.get(HOME + "money").status_code == 200
    assert browser.get(HOME + "?merchant=nowhere").status_code == 404


def test_a_merchant_that_one_does_not_work_for_is_not_there(shop: Shop) -> None:
    assert shop["stranger"].get(f"{HOME}orders?merchant={shop.merchant.slug}").status_code == 404
