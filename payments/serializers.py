"""The API's words for payments and money."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common import ids
from common.fields import MinorField, PublicIdField, StrictBooleanField, StrictCharField
from orders.models import Order, OrderState
from orders.serializers import moment_out
from payments.models import Payment, PaymentKind, PaymentState


class TillCouponOut(serializers.Serializer[Any]):
    """What the till may know of a coupon."""

    campaign_name = serializers.CharField()


class PaymentOut(serializers.Serializer[Any]):
    """A payment: `amount` − `deduction` = `paid`."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(PaymentKind.choices)
    state = serializers.ChoiceField(PaymentState.choices)
    amount = serializers.IntegerField()
    deduction = serializers.IntegerField()
    paid = serializers.IntegerField()
    currency = serializers.CharField()
    coupon = TillCouponOut(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    refunded_amount = serializers.IntegerField()
    order = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    failure_code = serializers.CharField(allow_null=True)
    redirect_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


def payment_out(payment: Payment) -> dict[str, Any]:
    """What `PaymentOut` describes."""
    return {
        "id": payment.public_id,
        "kind": payment.kind,
        "state": payment.state,
        "amount": payment.amount_minor,
        "deduction": payment.deduction_minor,
        "paid": payment.paid_minor,
        "currency": payment.currency,
        "coupon": {"campaign_name": payment.campaign_name} if payment.campaign_name else None,
        "source": payment.source,
        "refunded_amount": payment.returned_minor,
        "order": ids.public_id("ord", payment.order_id) if payment.order_id else None,
        "reference": payment.till_reference or None,
        "failure_code": payment.failure_code or None,
        "redirect_url": (payment.redirect_url or None) if payment.is_open else None,
        "created_at": moment_out(payment.created_at),
        "settled_at": moment_out(payment.settled_at),
    }


class BalanceOut(serializers.Serializer[Any]):
    """The merchant's money: released, in escrow, owed."""

    available = serializers.IntegerField()
    held = serializers.IntegerField()
    debt = serializers.IntegerField()
    currency = serializers.CharField()


class LiveMerchantOut(serializers.Serializer[Any]):
    """Who would be paid."""

    name = serializers.CharField()
    slug = serializers.CharField()


class LiveLineOut(serializers.Serializer[Any]):
    """What would be paid for."""

    product = serializers.CharField()
    name = serializers.CharField()
    price = serializers.IntegerField()
    quantity = serializers.IntegerField()


class LiveOrderOut(serializers.Serializer[Any]):
    """What a live code opens."""

    merchant = LiveMerchantOut()
    lines = LiveLineOut(many=True)
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    state = serializers.ChoiceField(OrderState.choices)
    expires_at = serializers.DateTimeField()


def live_order_out(order: Order, state: str) -> dict[str, Any]:
    """What `LiveOrderOut` describes; no code of an item is in it."""
    lines: dict[tuple[str, str, int], int] = {}
    for item in sorted(order.items.all(), key=lambda item: item.pk):
        line = (ids.public_id("prd", item.product_id), item.product_name, item.price_minor)
        lines[line] = lines.get(line, 0) + 1
    return {
        "merchant": {"name": order.merchant.name, "slug": order.merchant.slug},
        "lines": [
            {"product": product, "name": name, "price": price, "quantity": quantity}
            for (product, name, price), quantity in lines.items()
        ],
        "amount": order.amount_minor,
        "currency": order.currency,
        "state": state,
        "expires_at": moment_out(order.expires_at),
    }


class PayIn(serializers.Serializer[Any]):
    """How to pay a live code; `consent` is the yes to become the merchant's customer."""

    source = StrictCharField(max_length=20)  # type: ignore[assignment]
    consent = StrictBooleanField()
    scenario = StrictCharField(
        max_length=40, required=False, allow_blank=True, help_text="Sandbox gateway only."
    )

    coupon = PublicIdField("cpn", required=False, allow_null=True)


class TopUpIn(serializers.Serializer[Any]):
    """Money for a wallet."""

    amount = MinorField()
    currency = StrictCharField(max_length=3, min_length=3)
    gateway = StrictCharField(max_length=20, required=False)
    scenario = StrictCharField(
        max_length=40, required=False, allow_blank=True, help_text="Sandbox gateway only."
    )
