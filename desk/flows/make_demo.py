"""The demo: two merchants, an app, buyers with money, products, keys that are always the same."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from common import clock, ids, locking
from common.phones import to_e164
from common.secrets import derived, seal
from coupons.models import Campaign
from desk.demo_campaigns import described, give_one_of_each, make_campaigns
from merchants.flows.find_or_make_buyer import find_or_make_buyer
from merchants.keys import demo_secret, digest, make_key, new_secret
from merchants.models import App, Key, Member, Merchant, Person
from merchants.models.merchants import Role
from merchants.scopes import BY_KIND
from orders.flows.add_numbers import add_numbers
from orders.flows.create_product import create_product
from orders.models import Product, RedeemBy, ServiceNumber
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet
from payments.models import Payment
from refunds.models import RefundPolicy
from refunds.standing import adjust, score_of, weighed

CURRENCY = "CNY"
WALLET_MINOR = 50_000_000
NUMBERS = 500


@dataclass(frozen=True, slots=True)
class MerchantPlan:
    """A demo merchant and who works there."""

    slug: str
    name: str
    owner: str
    manager: str
    cashier: str
    products: Sequence[tuple[str, int, RedeemBy]]
    first_number: int


MERCHANTS = (
    MerchantPlan(
        "lantern",
        "Lantern Tea House",
        "owner@lantern.example",
        "manager@lantern.example",
        "cashier@lantern.example",
        (
            ("Tea ceremony for two", 16_800, RedeemBy.CALL),
            ("Jasmine dragon pearls, 100 g", 8_800, RedeemBy.CODE),
            ("Osmanthus cake", 2_600, RedeemBy.NONE),
        ),
        8617000010000,
    ),
    MerchantPlan(
        "harbour",
        "Harbour Books",
        "owner@harbour.example",
        "manager@harbour.example",
        "cashier@harbour.example",
        (
            ("An evening with an author", 12_000, RedeemBy.CALL),
            ("Surprise book parcel", 9_900, RedeemBy.CODE),
            ("Reading lamp", 15_900, RedeemBy.NONE),
        ),
        8617000020000,
    ),
)
REPUTATION = (120, -20, 120)
"""What staff have adjusted each buyer's by, for good: far enough from the threshold (docs/refunds.md)."""

BUYERS = ("+8613800138001", "+8613800138002", "+8613800138003")
STAFF = "staff@livetill.example"
APP_NAME = "Paper Dragons"


@dataclass(slots=True)
class Demo:
    """What was made, or found."""

    merchants: list[Merchant] = field(default_factory=list)
    buyers: list[Person] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    app: App | None = None
    campaigns: list[Campaign] = field(default_factory=list)


def password_for(login: str) -> str:
    """The demo password of a login: the same at every call, known only with the secret key."""
    return "demo-" + urlsafe_b64encode(derived(f"demo-password:{login}", 9)).decode().lower().strip("-_=")


def make_demo(*, fresh: bool = False) -> Demo:
    """Create what is missing of the demo; with `fresh`, three newly made buyers."""
    demo = Demo()
    with locking.transaction():
        _staff()
        demo.merchants = [_merchant(plan) for plan in MERCHANTS]
        demo.app = _app(demo.merchants[0])
    demo.campaigns = make_campaigns(demo.merchants[0])
    phones = [_unused_phone() for _place in BUYERS] if fresh else BUYERS
    for place, phone in enumerate(phones):
        buyer = _buyer(phone)
        demo.buyers.append(buyer)
        demo.tokens.append(_token(buyer, fresh=fresh))
        _give_reputation(buyer, REPUTATION[place])
        if place < 2:
            _fill_wallet(buyer)
            give_one_of_each(buyer, demo.campaigns)
    return demo


def _staff() -> None:
    if not Person.objects.filter(email=STAFF).exists():
        Person.objects.create_superuser(STAFF, password_for(STAFF), name="Livetill staff")


def _member(merchant: Merchant, email: str, role: Role) -> None:
    person = Person.objects.filter(email=email).first()
    if person is None:
        name = f"{merchant.name} {role.label.lower()}"
        person = Person.objects.create_user(email, password_for(email), name=name)
    Member.objects.get_or_create(merchant=merchant, person=person, defaults={"role": role})


def _merchant(plan: MerchantPlan) -> Merchant:
    merchant, created = Merchant.objects.get_or_create(
        slug=plan.slug,
        defaults={
            "name": plan.name,
            "currency": CURRENCY,
            "contact_name": plan.name,
            "contact_phone": "+86 571 8888 0000",
            "contact_note": "We answer within a day.",
        },
    )
    for email, role in ((plan.owner, Role.OWNER), (plan.manager, Role.MANAGER), (plan.cashier, Role.CASHIER)):
        _member(merchant, email, role)
    if created:
        for name, price, redeem_by in plan.products:
            create_product(merchant, name=name, price=price, currency=CURRENCY, redeem_by=redeem_by)
    _fill_pool(merchant, plan)
    _give_rules(merchant)
    _keep_key(merchant, demo_secret("mk", merchant.slug))
    return merchant


def _fill_pool(merchant: Merchant, plan: MerchantPlan) -> None:
    if not ServiceNumber.objects.filter(merchant=merchant).exists():
        add_numbers(merchant, [f"+{plan.first_number + place}" for place in range(NUMBERS)])


def _app(owner: Merchant) -> App:
    app = App.objects.filter(owner=owner, name=APP_NAME).first()
    if app is None:
        app = App.objects.create(
            owner=owner, name=APP_NAME, webhook_secret_sealed=seal(app_webhook_secret().encode())
        )
    _keep_key(app, demo_secret("ak", APP_NAME))
    return app


def app_webhook_secret() -> str:
    """The demo app's webhook secret."""
    return "whsec_" + urlsafe_b64encode(derived("demo-app-webhook", 24)).decode()


def _buyer(phone: str) -> Person:
    buyer = find_or_make_buyer(phone)
    if not buyer.has_usable_password():
        buyer.set_password(password_for(phone))
        buyer.phone_verified = True
        buyer.save(update_fields=["password", "phone_verified"])
    return buyer


def _token(buyer: Person, *, fresh: bool) -> str:
    secret = new_secret("bt") if fresh else demo_secret("bt", buyer.phone or "")
    _keep_key(buyer, secret)
    return secret


def _keep_key(owner: Merchant | App | Person, secret: str) -> None:
    """The key is there and works, even where somebody tried out what revoking does."""
    known = Key.objects.filter(hash=digest(secret))
    if known.exists():
        scopes = list(BY_KIND[secret[:2]])
        known.exclude(revoked_at=None, scopes=scopes).update(revoked_at=None, scopes=scopes)
    else:
        make_key(owner, secret=secret, name="Demo").save(force_insert=True)


def _unused_phone() -> str:
    while True:
        phone = to_e164(f"139{secrets.randbelow(10**8):08d}", "CN")
        if phone and not Person.objects.filter(phone=phone).exists():
            return phone


def _give_reputation(buyer: Person, weight: int) -> None:
    if not any(event.kind == "adjusted" for event in weighed(buyer.pk)):
        adjust(buyer, weight, "A demo buyer.", decays=False)


def _give_rules(merchant: Merchant) -> None:
    """Caps that bite nobody who tries things out (SURFACE, "Starting")."""
    RefundPolicy.objects.get_or_create(
        merchant=merchant,
        defaults={
            "per_buyer_count": 10_000,
            "per_merchant_day_minor": 10**9,
            "person_above_minor": 10**9,
        },
    )


def _fill_wallet(buyer: Person) -> None:
    if not Payment.objects.filter(payer=buyer).exists():
        top_up_wallet(TopUpAsk(buyer, WALLET_MINOR, CURRENCY, settings.DEFAULT_GATEWAY, channel="demo"))


def describe(demo: Demo) -> dict[str, Any]:
    """The JSON object of `manage.py demo --json` (SURFACE, "Starting")."""
    first, second = (
        {
            "slug": merchant.slug,
            "api_key": demo_secret("mk", merchant.slug),
            "login": plan.owner,
            "password": password_for(plan.owner),
        }
        for merchant, plan in zip(demo.merchants, MERCHANTS, strict=True)
    )
    pool = ServiceNumber.objects.filter(merchant=demo.merchants[0], retired_at=None).order_by("digits")
    numbers = list(pool.values_list("number", flat=True)[:NUMBERS])
    products = Product.objects.filter(merchant=demo.merchants[0], archived_at=None).order_by("id")
    assert demo.app is not None
    return {
        "base_url": settings.BASE_URL,
        "merchant": first,
        "merchant_b": second,
        "app": {
            "id": ids.public_id("app", demo.app.pk),
            "api_key": demo_secret("ak", APP_NAME),
            "webhook_secret": app_webhook_secret(),
        },
        "buyers": [
            {
                "phone": buyer.phone,
                "token": token,
                "reputation": score_of(buyer.pk, clock.now()),
                "password": password_for(buyer.phone or ""),
            }
            for buyer, token in zip(demo.buyers, demo.tokens, strict=True)
        ],
        "staff": {"login": STAFF, "password": password_for(STAFF)},
        "products": [
            {
                "id": product.public_id,
                "name": product.name,
                "price": product.price_minor,
                "redeem_by": product.redeem_by,
            }
            for product in products[: len(MERCHANTS[0].products)]
        ],
        "campaigns": [described(campaign) for campaign in demo.campaigns],
        "service_numbers": numbers,
    }
