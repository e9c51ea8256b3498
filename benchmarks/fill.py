"""Data for the benchmarks, made inside a till: `python -m benchmarks.fill WHAT …`, see `main`.

The cast goes through the flows. A long history is written by SQL, as the flows would have left it:
`manage.py reconcile` agrees with it. What is missing of it are events, which nothing measured here reads.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

PAYERS = 16
MERCHANTS = 100
PRICE_MINOR = 100
WALLET_MINOR = 999_999_999
A_SECOND = 1_000_000
HISTORY = Path(__file__).with_name("history.sql")
BINDINGS = Path(__file__).with_name("bindings.sql")
BUYERS = Path(__file__).with_name("buyers.sql")
CAMPAIGN = Path(__file__).with_name("campaign.sql")
HOLDERS = "+86137"
DEDUCTION_MINOR = 20


def main() -> None:
    """Do what the arguments say; the answer is one line of JSON."""
    django.setup()
    from django.utils.module_loading import autodiscover_modules

    autodiscover_modules("tasks")
    what, *rest = sys.argv[1:]
    makers: dict[str, Callable[..., dict[str, Any]]] = {
        "cast": make_cast,
        "orders": make_history,
        "bindings": make_bindings,
        "buyers": make_buyers,
        "campaign": make_campaign,
        "campaigns": make_campaigns,
        "reconcile": reconcile,
    }
    print(json.dumps(makers[what](*rest)))


def make_cast() -> dict[str, Any]:
    """Merchants, a product each, payers with money, keys of any rate, a session of the first owner."""
    from merchants.flows.find_or_make_buyer import find_or_make_buyer
    from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet

    merchants = [_merchant(number) for number in range(MERCHANTS)]
    payers = [find_or_make_buyer(f"+86139000{number:05d}") for number in range(PAYERS)]
    for payer in payers:
        top_up_wallet(TopUpAsk(payer, WALLET_MINOR, "CNY", "sandbox", channel="benchmark"))
    return {
        "merchants": merchants,
        "payers": [{"id": payer.pk.hex, "key": _key(payer)} for payer in payers],
        "session": _session(merchants[0]["id"]),
    }


def _merchant(number: int) -> dict[str, str]:
    from merchants.models import Merchant
    from orders.flows.create_product import create_product
    from orders.models import RedeemBy

    merchant = Merchant.objects.create(
        slug=f"shop-{number}", name=f"Shop {number}", currency="CNY", pay_within_seconds=86_400
    )
    product = create_product(
        merchant, name="Jasmine tea", price=PRICE_MINOR, currency="CNY", redeem_by=RedeemBy.CODE
    )
    return {
        "id": merchant.pk.hex,
        "key": _key(merchant),
        "product": product.public_id,
        "product_id": product.pk.hex,
    }


def _key(owner: Any) -> str:
    from merchants.keys import make_key, new_secret

    secret = new_secret("mk" if hasattr(owner, "slug") else "bt")
    key = make_key(owner, secret=secret, name="benchmark")
    key.requests_per_second = A_SECOND
    key.save(force_insert=True)
    return secret


def _session(merchant_id: str) -> str:
    from django.conf import settings
    from django.test import Client

    from merchants.models import Member, Person
    from merchants.models.merchants import Role

    owner = Person.objects.create_user("owner@shop.example", None, name="The owner")
    Member.objects.create(merchant_id=merchant_id, person=owner, role=Role.OWNER)
    client = Client()
    client.force_login(owner)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def make_bindings(count: str) -> dict[str, Any]:
    """A merchant with so many paid orders that wait for a call, each with its number."""
    from merchants.models import Merchant
    from orders.flows.create_product import create_product
    from orders.models import RedeemBy

    merchant = Merchant.objects.create(slug=f"calls-{count}", name="Calls", currency="CNY")
    create_product(merchant, name="Tea", price=PRICE_MINOR, currency="CNY", redeem_by=RedeemBy.CALL)
    made = make_history(merchant.pk.hex, count, all_paid="yes")
    _run(BINDINGS, merchant=merchant.pk.hex)
    return {**made, "merchant": merchant.pk.hex}


def make_history(merchant_id: str, count: str, all_paid: str = "") -> dict[str, Any]:
    """So many orders of one merchant over 400 days, paid from the payers' wallets."""
    _run(HISTORY, merchant=merchant_id, orders=count, all_paid=all_paid)
    return {"orders": int(count), **reconcile()}


def make_buyers(count: str, prefix: str = "+86138") -> dict[str, Any]:
    """So many buyers with money in their wallets, by number."""
    from ledger.accounts import gateway
    from merchants.models import Person

    _run(BUYERS, buyers=count, prefix=prefix, gateway=gateway("sandbox").owner.hex)
    found = Person.objects.filter(phone__startswith=prefix).order_by("phone")
    return {"buyers": [buyer.hex for buyer in found.values_list("pk", flat=True)]}


def make_campaign(merchant_id: str, count: str) -> dict[str, Any]:
    """A campaign with a budget and a daily one that has issued so many coupons over 200 days."""
    from coupons.flows.make_campaign import make_campaign as make

    made = make(replace(_campaign_ask(merchant_id), budget_minor=10**12, daily_budget_minor=10**11))
    make_buyers(str(max(1_000, int(count) // 10)), HOLDERS)
    _run(CAMPAIGN, campaign=made.pk.hex, coupons=count, prefix=HOLDERS)
    return {"campaign": made.pk.hex, **reconcile()}


def _run(script: Path, **settings: str) -> None:
    """A script with its settings in one transaction, then what the planner has to know of it."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [f"bench.{name}", value])
        cursor.execute(script.read_text(encoding="utf-8"))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_campaigns(*merchants: str) -> dict[str, Any]:
    """A campaign of each of these merchants, wide open and without a budget."""
    from coupons.flows.make_campaign import make_campaign

    return {"campaigns": [make_campaign(_campaign_ask(merchant)).pk.hex for merchant in merchants]}


def _campaign_ask(merchant: str) -> Any:
    from datetime import timedelta

    from common import clock
    from coupons.flows.make_campaign import CampaignAsk
    from coupons.models import Kind
    from merchants.models import Merchant

    now = clock.now()
    return CampaignAsk(
        merchant=Merchant.objects.get(pk=merchant),
        name="Something off",
        kind=Kind.FIXED,
        value=DEDUCTION_MINOR,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=30),
        total_quota=100_000_000,
        per_buyer_limit=1_000_000,
    )


def reconcile() -> dict[str, Any]:
    """Everything that does not agree, the first ten of it."""
    from django.utils.module_loading import autodiscover_modules

    from ledger.reconciliation import differences

    autodiscover_modules("reconcile")
    found = [f"{name}: {difference}" for name, difference in differences() if not difference.is_notice]
    return {"differences": found[:10]}


if __name__ == "__main__":
    main()
