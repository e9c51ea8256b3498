"""The till's own books, read in a process of its own settings: the stage, the waiting, what is written.

`Till.books("prepare()")` runs these; each gives what JSON can hold. Ids are as the API shows them.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import QuerySet

from common import clock, ids
from common.models import InboxMessage, OutboxEvent, Receipt
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.models import Campaign, Coupon, CouponState, FundedBy, Kind
from customers.flows.save_steps import StepWish, save_steps
from customers.models import ConversionRun, Customer
from customers.models.conversions import StepRun, StepState
from ledger.accounts import gateway as gateway_account, wallet
from ledger.queries import balance
from merchants.models import DeliveryState, Merchant, Person, WebhookDelivery
from merchants.models.merchants import Role
from orders.models import Item, ItemState, Order, OrderState, Product, RedeemBy
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet
from payments.models import Payment, PaymentState, Return, ReturnState, SandboxCharge, SandboxRefund
from tests.cast import key_of, make_member, make_merchant, make_phone, make_product

RICH, POOR = 6, 3
WALLET_MINOR = 3_000_000
STOCK = 150
COUPONS_EACH, DEDUCTION_MINOR, BUDGET_MINOR, DAILY_BUDGET_MINOR = 25, 300, 30_000, 20_000
PAY_WITHIN_SECONDS = 60
HOLDING_SECONDS = 20
HASTEN_AFTER_SECONDS = 15.0
HASTEN_EVERY_SECONDS = 5.0

OPEN = (PaymentState.PENDING, PaymentState.UNKNOWN)
UNDER_WAY = (ReturnState.SENDING, ReturnState.UNKNOWN)


# --- the stage ----------------------------------------------------------------------------


def prepare() -> dict[str, Any]:
    """A shop with a team and steps, three products (one nearly sold out), two campaigns with budgets that
    run out, one of them the platform's, and buyers with coupons, with and without money."""
    merchant = make_merchant(
        "A shop", pay_within_seconds=PAY_WITHIN_SECONDS, holding_seconds=HOLDING_SECONDS, slug="a-shop"
    )
    for role in (Role.OWNER, Role.CASHIER):
        make_member(merchant, role)
    save_steps(merchant, [StepWish("tag", {"tag": "came by live code"}), StepWish("assign")])
    products = [
        make_product(merchant, 700, RedeemBy.CODE, name="By code"),
        make_product(merchant, 900, RedeemBy.NONE, name="Not redeemed"),
        make_product(merchant, 500, RedeemBy.CODE, stock=STOCK, name="Nearly sold out"),
    ]
    buyers = [_buyer(WALLET_MINOR if place < RICH else 0) for place in range(RICH + POOR)]
    campaigns = [_campaign(merchant, funded_by) for funded_by in FundedBy.values]
    return {
        "key": key_of(merchant),
        "products": [product.public_id for product in products],
        "buyers": {str(buyer.pk): key_of(buyer) for buyer in buyers},
        "coupons": {str(buyer.pk): _coupons(campaigns, buyer) for buyer in buyers},
    }


def _campaign(merchant: Merchant, funded_by: str) -> Campaign:
    now = clock.now()
    return make_campaign(
        CampaignAsk(
            merchant=merchant,
            name=f"By the {funded_by}",
            kind=Kind.FIXED,
            value=DEDUCTION_MINOR,
            starts_at=now,
            ends_at=now + timedelta(days=1),
            total_quota=10_000,
            per_buyer_limit=COUPONS_EACH,
            budget_minor=BUDGET_MINOR,
            daily_budget_minor=DAILY_BUDGET_MINOR,
            funded_by=funded_by,
        )
    )


def _coupons(campaigns: list[Campaign], buyer: Person) -> list[str]:
    return [issue_coupon(one.pk, buyer).public_id for one in campaigns for _number in range(COUPONS_EACH)]


def _buyer(wallet_minor: int) -> Person:
    buyer = Person(phone=make_phone(), phone_verified=True)
    buyer.set_unusable_password()
    buyer.save(force_insert=True)
    if wallet_minor:
        top_up_wallet(TopUpAsk(buyer, wallet_minor, "CNY", settings.DEFAULT_GATEWAY, channel="stage"))
    return buyer


# --- coming to rest -------------------------------------------------------------------------


def come_to_rest(seconds: float) -> list[str]:
    """Wait until nothing waits any more; what still does after so many seconds.

    Pauses and claims of those who died last up to five minutes: after a while they are cut short,
    as if that time had gone by.
    """
    began = hastened = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            if not waiting():
                return []
            now = time.monotonic()
            if now - began > HASTEN_AFTER_SECONDS and now - hastened > HASTEN_EVERY_SECONDS:
                hastened = now
                _hasten()
        except OperationalError:
            connection.close()
        time.sleep(0.25)
    return waiting()


def waiting() -> list[str]:
    """Everything that somebody still has to do something about."""
    return [f"{name}: {_told(row)}" for name, rows in _queues().items() for row in rows[:3]]


def _told(row: Any) -> str:
    fields = ("state", "scenario", "outcome", "ask_at", "due_at", "attempts", "error", "name", "consumer")
    return f"{row!r} " + " ".join(f"{name}={getattr(row, name)}" for name in fields if hasattr(row, name))


def _queues() -> dict[str, QuerySet[Any]]:
    now = clock.now()
    return {
        "payment": Payment.objects.filter(state__in=OPEN),
        "return": Return.objects.filter(state__in=UNDER_WAY),
        "coupon": Coupon.objects.filter(state=CouponState.LOCKED),
        "event": OutboxEvent.objects.filter(dispatched_at=None),
        "receipt": Receipt.objects.filter(done_at=None),
        "callback here": InboxMessage.objects.filter(handled_at=None),
        "callback there": SandboxCharge.objects.exclude(callback_due_at=None),
        "step": StepRun.objects.filter(state=StepState.WAITING),
        "webhook": WebhookDelivery.objects.filter(state=DeliveryState.WAITING),
        "release": Item.objects.filter(release_due_at__lte=now, released_at=None, state=ItemState.ISSUED),
        "overdue": Order.objects.filter(state=OrderState.PLACED, expires_at__lte=now),
    }


def _hasten() -> None:
    now, soon = clock.now(), clock.now() + timedelta(seconds=2)
    for name, field in (
        ("payment", "ask_at"),
        ("return", "ask_at"),
        ("receipt", "due_at"),
        ("callback here", "due_at"),
        ("callback there", "callback_due_at"),
        ("step", "due_at"),
        ("webhook", "due_at"),
    ):
        _queues()[name].filter(**{f"{field}__gt": soon}).update(**{field: now})


# --- what is written -------------------------------------------------------------------------


def dump() -> dict[str, Any]:
    """Everything that the clients' promises and the provider's books are held against."""
    merchant = Merchant.objects.get(slug="a-shop")
    return {
        "orders": [_order(order) for order in _orders(merchant)],
        "payments": [_payment(one) for one in Payment.objects.all()],
        "returns": [_return(one) for one in Return.objects.all()],
        "coupons": [_coupon(one) for one in Coupon.objects.exclude(state=CouponState.ISSUED)],
        "charges": [_charge(one) for one in SandboxCharge.objects.all()],
        "refunds": [_refund(one) for one in SandboxRefund.objects.all()],
        "customers": [str(one) for one in Customer.objects.values_list("person_id", flat=True)],
        "runs": [
            ids.public_id("pay", one) for one in ConversionRun.objects.values_list("payment", flat=True)
        ],
        "events": [
            list(event) for event in OutboxEvent.objects.values_list("name", "subject", "payload__item")
        ],
        "wallets": {
            str(one.pk): balance(wallet(one.pk), "CNY") for one in Person.objects.exclude(phone=None)
        },
        "gateway": balance(gateway_account("sandbox"), "CNY"),
        "stock": {one.public_id: one.stock for one in Product.objects.exclude(stock=None)},
    }


def _orders(merchant: Merchant) -> QuerySet[Order]:
    return Order.objects.filter(merchant=merchant).prefetch_related("items").order_by("pk")


def _order(order: Order) -> dict[str, Any]:
    items = list(order.items.all())
    return {
        "id": order.public_id,
        "note": order.note,
        "state": order.state,
        "amount": order.amount_minor,
        "was_paid": order.paid_at is not None,
        "items": {item.public_id: item.state for item in items},
        "product": ids.public_id("prd", items[0].product_id),
    }


def _payment(one: Payment) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "key": str(one.pk),
        "kind": one.kind,
        "order": ids.public_id("ord", one.order_id) if one.order_id else "",
        "payer": str(one.payer_id),
        "source": one.source,
        "scenario": one.scenario,
        "channel": one.channel,
        "state": one.state,
        "reference": one.till_reference,
        "amount": one.amount_minor,
        "deduction": one.deduction_minor,
        "received": one.received_minor,
        "returned": one.returned_minor,
        "consent": one.consent,
    }


def _return(one: Return) -> dict[str, Any]:
    return {
        "key": str(one.pk),
        "payment": ids.public_id("pay", one.payment_id),
        "state": one.state,
        "amount": one.amount_minor,
    }


def _coupon(one: Coupon) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "owner": str(one.owner_id),
        "state": one.state,
        "payment": ids.public_id("pay", one.payment_id) if one.payment_id else "",
        "deduction": one.deduction_minor,
    }


def _charge(one: SandboxCharge) -> dict[str, Any]:
    return {"key": str(one.key), "captured": one.captured_minor, "refunded": one.refunded_minor}


def _refund(one: SandboxRefund) -> dict[str, Any]:
    return {"key": str(one.key), "outcome": one.outcome, "amount": one.amount_minor}


def is_durable() -> bool:
    """Whether a commit waits for the disk, as this till's database is set up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('synchronous_commit') = 'on' AND current_setting('fsync') = 'on'"
        )
        return bool(cursor.fetchone()[0])
