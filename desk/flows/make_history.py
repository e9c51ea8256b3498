"""A month of trade for the demo merchant, so that its dashboard has something to show.

Every order goes through the flows that any order goes through, with the clock moved.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from common import clock
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, How
from merchants.flows.find_or_make_buyer import find_or_make_buyer
from merchants.models import Merchant, Person
from orders.flows.place_order import Line, Placement, place_order
from orders.flows.redeem_order import redeem_order
from orders.models import Order, Product, RedeemBy
from orders.refusals import Expired, Refunded
from payments.checkout_coupon import Chosen
from payments.coupon_choice import choices_of, opened_choice
from payments.flows.pay_order import PayAsk, pay_order
from payments.flows.top_up_wallet import TopUpAsk, top_up_wallet

DAYS = 30
_PHONES = tuple(f"+8613900139{place:03d}" for place in range(10, 24))


@dataclass(frozen=True, slots=True)
class _Luck:
    """Two dice, so that what happens with coupons leaves the orders as they are without."""

    orders: random.Random
    coupons: random.Random


def make_history(merchant: Merchant) -> int:
    """Make the month once, where the merchant has no orders yet; how many orders.

    Coupons of the merchant's campaigns are given out along it; some are used.
    """
    if Order.objects.filter(merchant=merchant).exists():
        return 0
    luck = _Luck(random.Random(merchant.slug), random.Random(f"{merchant.slug}-coupons"))
    chance = luck.orders
    campaigns = list(Campaign.objects.filter(merchant=merchant).order_by("pk"))
    with clock.moved(-timedelta(days=DAYS)):
        buyers = [_buyer(phone) for phone in _PHONES]
    products = list(Product.objects.filter(merchant=merchant).order_by("id"))
    made = 0
    for days_ago in range(DAYS - 1, 0, -1):
        for hours in sorted(chance.sample(range(10), chance.randint(1, 3)), reverse=True):
            with clock.moved(-timedelta(days=days_ago, hours=hours)):
                product, buyer = chance.choice(products), chance.choice(buyers)
                _give(luck, campaigns, buyer)
                _trade(merchant, luck, product, buyer)
            made += 1
    return made


def _buyer(phone: str) -> Person:
    buyer = find_or_make_buyer(phone)
    top_up_wallet(TopUpAsk(buyer, 2_000_000, "CNY", settings.DEFAULT_GATEWAY, channel="demo"))
    return buyer


def _give(luck: _Luck, campaigns: Sequence[Campaign], buyer: Person) -> None:
    """Most buyers come to have a coupon; some set it for a payment at the counter."""
    if campaigns and luck.coupons.random() < 0.8:
        coupon = issue_coupon(luck.coupons.choice(campaigns).pk, buyer, How.CLAIMED)
        if luck.coupons.random() < 0.3:
            arm_coupon(buyer, coupon.pk)


def _trade(merchant: Merchant, luck: _Luck, product: Product, buyer: Person) -> None:
    chance = luck.orders
    line = Line(product.pk, chance.choice((1, 1, 1, 2)))
    placed = place_order(Placement(merchant, [line], buyer=buyer, channel=chance.choice(("shop", "api"))))
    if chance.random() < 0.12:
        return
    consent = chance.random() < 0.7
    coupon = _best(placed.order, buyer) if luck.coupons.random() < 0.75 else None
    token, redeems = placed.order.live_token, product.redeem_by != RedeemBy.NONE and chance.random() < 0.6
    # A worker that runs beside us may find that an order of last month has had its time.
    with suppress(Expired, Refunded):
        pay_order(PayAsk(token, buyer, "wallet", consent=consent, channel="demo", coupon=coupon))
        if redeems:
            redeem_order(merchant, placed.order.pk)


def _best(order: Order, buyer: Person) -> Chosen | None:
    """What the page to pay offers first, if anything."""
    fitting = choices_of(order, buyer, 0, clock.now()).fitting
    return opened_choice(fitting[0].value) if fitting else None
