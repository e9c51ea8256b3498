"""A shop with somebody in each role, a stranger of another shop, and their browsers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from common import drains
from customers.models import Customer
from merchants.models import Merchant, Person
from merchants.models.merchants import Role
from orders.models import Product
from tests.cast import (
    WALLET_MINOR,
    make_buyer,
    make_member,
    make_merchant,
    make_paid_order,
    make_product,
    signed_in,
)
from tests.look.conftest import browser as browser, look as look, site as site

HOME = "/dashboard/"
WHO = ("nobody", "buyer", "stranger", "cashier", "manager", "owner")


@dataclass
class Shop:
    """The shop at hand, and everybody's browser."""

    merchant: Merchant
    product: Product
    buyer: Person
    people: dict[str, Person]
    clients: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, who: str) -> Client:
        """Somebody's browser, signed in."""
        if who not in self.clients:
            self.clients[who] = signed_in(self.people[who]) if who in self.people else Client()
        return self.clients[who]


def make_shop() -> Shop:
    """A new shop with everybody in it."""
    merchant = make_merchant("Tea house")
    buyer = make_buyer(WALLET_MINOR)
    people = {role.value: make_member(merchant, role) for role in Role}
    people |= {"buyer": buyer, "stranger": make_member(make_merchant("Harbour books"))}
    return Shop(merchant, make_product(merchant, 6_000, name="Dragon pearls"), buyer, people)


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Shop:
    """A new shop, rolled back afterwards unless the test asks for `committed`."""
    request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
    return make_shop()


@pytest.fixture
def owner(shop: Shop) -> Client:
    """The owner's browser."""
    return shop["owner"]


def make_customer(shop: Shop, buyer: Person | None = None) -> Customer:
    """Somebody who paid and agreed."""
    buyer = buyer or make_buyer(WALLET_MINOR)
    make_paid_order(shop.merchant, buyer, shop.product, consent=True)
    drains.run("outbox")
    return Customer.objects.get(merchant=shop.merchant, person=buyer)


def words(response: Any) -> str:
    """The page's words, without its markup."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", bare)


def errors(response: Any, form: str = "form") -> dict[str, list[str]]:
    """Field → codes of what a drawn form says is wrong."""
    problems = response.context[form].errors.as_data()
    return {name: [error.code for error in found] for name, found in problems.items()}
