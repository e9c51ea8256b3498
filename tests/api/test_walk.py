"""A walk through every route as nobody, a stranger, the wrong kind of key, each role.

Every route of the URL conf has its entry here; a new one without an entry fails. An entry says who
may: the others get just the answer that tells them nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from common import clock, ids, locking
from common.models import OutboxEvent
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_claim_link import make_claim_link
from coupons.models import Campaign
from customers.flows.begin_segment import begin_segment
from customers.flows.convert_payer import convert_payers
from customers.models import Customer
from customers.segments import Segment
from merchants.flows.add_endpoint import add_endpoint
from merchants.models.merchants import Role
from orders.flows.add_feed import FeedAsk, add_feed
from orders.flows.add_numbers import add_numbers
from orders.flows.receive_calls import receive_calls
from orders.gateways.base import CallFact
from orders.models import CallRecord, Order, PrintedCode
from payments.models import SandboxCharge
from tests.api.entries import API, AT_WORK, ELSEWHERE, KEYS, MORE, PAGES, PEOPLE, Page
from tests.cast import Cast, key_row, make_buyer, make_member, make_paid_order, make_staff, pay, signed_in
from tests.coupons.stage import collect, make_campaign, payment_code
from tests.refunds.stage import ask as ask_back


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for found in resolver.url_patterns:
        route = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from routes(found, route)
        elif isinstance(found.pattern, RoutePattern):
            yield route


def ours() -> set[str]:
    return {route for route in routes(get_resolver()) if not route.startswith(ELSEWHERE)}


def test_every_route_has_its_entry() -> None:
    api = {route.removeprefix("api/v1/") for route in ours() if route.startswith("api/v1/")}
    assert api == set(API), "a route of the API without an entry, or an entry without a route"
    pages = {route for route in ours() if not route.startswith("api/v1/")}
    assert pages == set(PAGES), "a page without an entry, or an entry without a page"


# --- the stage ------------------------------------------------------------------------------


@dataclass
class Stage:
    """Something for every place of an address, all of it the shop's or the buyer's."""

    cast: Cast
    places: dict[str, str] = field(default_factory=dict)

    def address(self, route: str) -> str:
        """The address of a route with real things in its places."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda place: self.places[place[1]], route)


@pytest.fixture
def stage(cast: Cast) -> Stage:
    order = cast.order(buyer_phone=cast.buyer.phone)
    row = Order.objects.get(live_token=order["live_code"]["token"])
    payment = pay(row, cast.buyer, "sandbox", scenario="redirect")
    charge = SandboxCharge.objects.get(key=payment.pk)
    top_up = cast.buyer_key.post("me/top-ups", {"amount": 5, "currency": "CNY", "scenario": "redirect"}).body
    bought = make_paid_order(cast.merchant, cast.buyer, cast.code_product, consent=True)
    with locking.transaction():
        convert_payers(list(OutboxEvent.objects.filter(subject=bought.order.public_id, name="order.paid")))
    code = PrintedCode.objects.create(merchant=cast.merchant, kind="table", name="Table 1")
    customer = Customer.objects.get(merchant=cast.merchant)
    endpoint = add_endpoint(cast.merchant, "https://shop.example/hook", ["*"]).endpoint
    number = add_numbers(cast.merchant, ["+861088880001"]).added[0]
    fact = CallFact("test", "1", cast.buyer.phone or "", number.number, clock.now())
    receive_calls(cast.merchant, [fact])
    make_campaign(cast)
    campaign = Campaign.objects.get(merchant=cast.merchant)
    places = {
        "campaign_id": campaign.public_id,
        "link_id": (link := make_claim_link(cast.merchant, campaign.pk, "Door")).public_id,
        "claim_token": link.token,
        "run_id": begin_segment(cast.merchant, campaign.pk, Segment(), ids.new_id()).public_id,
        "coupon_id": issue_coupon(campaign.pk, cast.buyer).public_id,
        "slug": cast.merchant.slug,
        "token": row.live_token,
        "code": bought.items[0].code,
        "charge": charge.pk.hex,
        "payment_id": payment.public_id,
        "order_id": order["id"],
        "product_id": cast.code_product.public_id,
        "code_id": code.public_id,
        "endpoint_id": endpoint.public_id,
        "customer_id": customer.public_id,
        "member_id": str(make_member(cast.merchant, Role.CASHIER).memberships.get().pk),
        "key_id": key_row(cast.owner_key).pk.hex,
        "name": "sandbox",
        "feed_id": add_feed(cast.merchant, FeedAsk("alibaba", "Pool", {"signing_key": "k" * 16})).public_id,
        "kind": "alibaba",
        "number_id": number.public_id,
        "record_id": CallRecord.objects.get(merchant=cast.merchant).public_id,
    }
    asked = ask_back(cast.buyer_key, bought.items[0].code).body
    sale = collect(cast.owner_key, payment_code(cast.buyer_key), 500, "a-number-of-the-till").body
    places |= {"sale_id": sale["id"], "reference": "a-number-of-the-till", "refund_id": asked["id"]}
    stage = Stage(cast, places)
    stage.places |= {"page_token": bought.order.page_token, "paid_token": bought.order.live_token}
    stage.places |= {"code_token": code.token, "top_up_id": top_up["id"]}
    missing = ("merge_id", "step_id", "invitation_id", "delivery_id", "objection_id")
    stage.places |= dict.fromkeys(missing, "x" * 32)
    return stage


def fill(stage: Stage, route: str) -> str:
    """A page's token is not the live code's; a top-up is not an order's payment."""
    other = {
        "o/": "page_token",
        "c/": "code_token",
        "claim/": "claim_token",
        "pay/<token:token>/done": "paid_token",
    }
    for prefix, place in other.items():
        if route.startswith(prefix):
            route = route.replace("<token:token>", f"<{place}>")
    if route.startswith("me/top-up/"):
        route = route.replace("<str:payment_id>", "<top_up_id>")
    return stage.address(route)


# --- the API -----------------------------------------------------------------------------------


def expected(route: str, method: str, key: str) -> set[int]:
    """What a key may hear: 2xx and refusals of a flow where it is at home, else one answer."""
    allowed = API[route].get(method)
    if route.startswith("gateways/"):
        return {400} if method == "POST" else {405}
    if route.startswith("feeds/"):
        return {403} if method == "POST" else {405}
    if key == "nobody":
        return {401}
    kind = {"owner": "mk", "stranger": "mk", "buyer": "bt", "second buyer": "bt", "app": "ak"}[key]
    at_home = "bt" if route.startswith(("me", "live-codes")) else "mk"
    if kind != at_home:
        return {403}
    if allowed is None:
        return {405}
    if key not in allowed:
        return {404}
    if (route, method) == ("me/refunds", "POST"):
        return {415}  # a form with pictures, and the walk sends JSON
    return {200, 201, 204, 402, 409, 422}


@pytest.mark.parametrize("key", KEYS)
def test_the_api(stage: Stage, key: str) -> None:
    cast = stage.cast
    callers = dict(
        zip(
            KEYS,
            (cast.nobody, cast.owner_key, cast.other_key, cast.buyer_key, cast.second_key, cast.app_key),
            strict=True,
        )
    )
    wrong = []
    for route in API:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = callers[key].call(method, stage.address("api/v1/" + route), {})
            if answer.status not in expected(route, method, key):
                wrong.append(f"{method} {route}: {answer.status} {answer.code}")
            if answer.status >= 400 and answer.code is None:
                wrong.append(f"{method} {route}: {answer.status} is no problem+json")
    assert not wrong, "\n".join(wrong)


# --- pages ---------------------------------------------------------------------------------------


def visitor(stage: Stage, who: str) -> Client:
    """A browser of that person."""
    cast = stage.cast
    people: dict[str, Any] = {
        "buyer": lambda: cast.buyer,
        "second buyer": make_buyer,
        "cashier": lambda: cast.member(Role.CASHIER),
        "manager": lambda: cast.member(Role.MANAGER),
        "owner": lambda: cast.member(Role.OWNER),
        "stranger": lambda: make_member(cast.other_merchant),
        "staff": make_staff,
    }
    return signed_in(people[who]()) if who in people else Client(raise_request_exception=False)


def page_answers(page: Page, who: str, method: str) -> set[int]:
    """What somebody may be answered; 302 is the way to sign in (or to open a shop)."""
    is_post = method == "POST"
    good = {200, 302, 404, 405, 409, 422} if is_post else {302, 405} if page.posts_only else {200}
    if page.is_missing:
        good = {404, 405}
    if page.role == "anybody":
        return good
    if page.role in ("moved", "gone"):
        return {301, 302, 404, 405}
    if page.role == "payer":
        return {405} if is_post else {200} if who == "buyer" else {302, 404}
    if who == "nobody":
        return {302}
    if page.role == "buyer":
        return {200} if (who, is_post) == ("buyer", False) else {302, 404, 405}
    if page.role == "signed in" or who in AT_WORK[page.role]:
        return good
    if who in ("cashier", "manager"):
        return {403}
    if who == "stranger":
        return {302, 404, 405} if page.own and page.posts_only else {404, 405} if page.own else good
    return {404}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", PEOPLE)
def test_the_pages(stage: Stage, who: str, method: str) -> None:
    client, wrong = visitor(stage, who), []
    for route in sorted(PAGES.keys() & ours()):
        with transaction.atomic():
            response = client.generic(method, fill(stage, route))
            transaction.set_rollback(True)
        page = PAGES[route]
        allowed = page_answers(page, who, method) | MORE.get((route, who), set())
        if response.status_code not in allowed:
            wrong.append(f"{method} /{route}: {response.status_code}, not {sorted(allowed)}")
        to_sign_in = response.status_code == 302 and "/accounts/login" in response.headers["Location"]
        is_closed = page.role not in ("anybody", "moved", "gone", "payer")
        if who == "nobody" and is_closed and not to_sign_in:
            wrong.append(f"{method} /{route}: nobody is not asked to sign in")
    assert not wrong, "\n".join(wrong)


JUNK = ("\x00", "x" * 3_000, "😀", "-1", "9" * 30, "٣", "<script>", "1.5", "[]", "0001-01-01", "http://[")
FIELDS = (
    *(
        "q",
        "cursor",
        "limit",
        "state",
        "since",
        "until",
        "page",
        "merchant",
        "next",
        "search",
        "name",
        "price",
    ),
    *(
        "stock",
        "redeem_by",
        "image",
        "kind",
        "quantity",
        "buyer_phone",
        "note",
        "amount",
        "gateway",
        "scenario",
    ),
    *("source", "consent", "code", "item_code", "email", "phone", "role", "tags", "url", "events", "scopes"),
    *("numbers", "match", "order", "decision", "trust", "switchboards", "setting-dsn", "poll_seconds"),
    *("member", "person", "answer", "days", "language", "reason", "body", "text", "currency", "products"),
)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", ["nobody", "buyer", "owner"])
def test_pages_bear_any_words(stage: Stage, who: str, method: str) -> None:
    """Whatever stands in the query or in a form: never a 500."""
    client, wrong = visitor(stage, who), []
    for number, route in enumerate(sorted(PAGES.keys() & ours())):
        for junk in JUNK[number % 4 :: 4]:
            words = dict.fromkeys(FIELDS, junk)
            with transaction.atomic():
                address = fill(stage, route)
                send = client.get if method == "GET" else client.post
                status = send(address, words).status_code
                transaction.set_rollback(True)
            if status >= 500:
                wrong.append(f"{method} /{route} with {junk[:12]!r}: {status}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["nobody", "buyer", "owner", "staff"])
def test_pages_of_libraries(stage: Stage, who: str) -> None:
    """Staff's admin is staff's alone; nothing of a library falls over."""
    client, wrong = visitor(stage, who), []
    stage.places |= dict.fromkeys(("object_id", "content_type_id", "app_label", "url", "key"), "1")
    for route in routes(get_resolver()):
        if not route.startswith(ELSEWHERE) or set(re.findall(r"<(?:\w+:)?(\w+)>", route)) - set(stage.places):
            continue
        status = client.get(stage.address(route)).status_code
        if status >= 500:
            wrong.append(f"/{route}: {status}")
        is_open = ("admin/login", "admin/logout", "admin/jsi18n", "admin/autocomplete")
        if route.startswith("admin/") and who != "staff" and status == 200 and not route.startswith(is_open):
            wrong.append(f"/{route}: {status} for {who}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["nobody", "buyer", "stranger"])
def test_addresses_that_lead_nowhere(stage: Stage, who: str) -> None:
    client, token = visitor(stage, who), ids.new_token()
    addresses = [f"/{room}/{token}" for room in ("o", "pay", "qr", "c", "s")]
    addresses += [
        f"/o/{stage.places['token']}",
        f"/pay/{stage.places['page_token']}",
        "/nothing",
        "/%00",
        "/o/%00",
    ]
    wrong = {address: client.get(address).status_code for address in addresses}
    assert set(wrong.values()) == {404}, wrong
