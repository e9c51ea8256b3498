"""The API's words for products and orders."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from common import ids
from common.fields import (
    MinorField,
    PublicIdField,
    StrictCharField,
    StrictIntegerField,
)
from common.phones import to_e164
from merchants.models import Merchant
from orders.flows.place_order import MAX_UNITS, Line
from orders.models import Item, ItemState, Order, OrderState, Product, RedeemBy

MAX_STOCK = 1_000_000_000
MAX_LINES = 50


class ProductIn(serializers.Serializer[Any]):
    """A product to be made."""

    name = StrictCharField(max_length=120)
    price = MinorField()
    currency = StrictCharField(max_length=3, min_length=3)
    redeem_by = serializers.ChoiceField(RedeemBy.choices)
    stock = StrictIntegerField(min_value=0, max_value=MAX_STOCK, required=False, allow_null=True)
    image = serializers.URLField(max_length=500, required=False, allow_blank=True)

    def validate_currency(self, value: str) -> str:
        """A merchant works in one currency."""
        merchant: Merchant = self.context["merchant"]
        if value != merchant.currency:
            raise serializers.ValidationError(
                _("This merchant works in %(currency)s.") % {"currency": merchant.currency},
                code="unknown_currency",
            )
        return value


class ProductOut(serializers.Serializer[Any]):
    """A product."""

    id = serializers.CharField()
    name = serializers.CharField()
    price = serializers.IntegerField()
    currency = serializers.CharField()
    redeem_by = serializers.ChoiceField(RedeemBy.choices)
    stock = serializers.IntegerField(allow_null=True)
    image = serializers.CharField()
    created_at = serializers.DateTimeField()


def product_out(product: Product) -> dict[str, Any]:
    """What `ProductOut` describes."""
    return {
        "id": product.public_id,
        "name": product.name,
        "price": product.price_minor,
        "currency": product.currency,
        "redeem_by": product.redeem_by,
        "stock": product.stock,
        "image": product.image,
        "created_at": moment_out(product.created_at),
    }


class LineIn(serializers.Serializer[Any]):
    """So many of one product."""

    product = PublicIdField("prd")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_UNITS)


class OrderIn(serializers.Serializer[Any]):
    """An order to be placed."""

    buyer_phone = StrictCharField(max_length=40, required=False, allow_null=True)
    lines = LineIn(many=True, allow_empty=False, max_length=MAX_LINES)  # type: ignore[call-arg]
    note = StrictCharField(max_length=500, required=False, allow_blank=True)

    def validate_buyer_phone(self, value: str | None) -> str | None:
        """Any spelling that is a number in the merchant's region; kept as E.164."""
        if value is None:
            return None
        phone = to_e164(value, self.context["merchant"].region)
        if phone is None:
            raise serializers.ValidationError(_("Not a phone number."), code="invalid_phone")
        return phone

    def validate_lines(self, value: list[dict[str, Any]]) -> list[Line]:
        """Plain lines for the flow."""
        return [Line(line["product"], line["quantity"]) for line in value]


class ItemOut(serializers.Serializer[Any]):
    """A unit of an order, with its own code."""

    id = serializers.CharField()
    code = serializers.CharField()
    product = serializers.CharField()
    name = serializers.CharField()
    price = serializers.IntegerField()
    paid = serializers.IntegerField()
    state = serializers.ChoiceField(ItemState.choices)
    redeem_by = serializers.ChoiceField(RedeemBy.choices)
    redeemed_at = serializers.DateTimeField(allow_null=True)


class LiveCodeOut(serializers.Serializer[Any]):
    """The code to pay by; `qr` needs no key and gives SVG, or PNG with `?format=png`."""

    token = serializers.CharField()
    url = serializers.CharField()
    qr = serializers.CharField()


class OrderOut(serializers.Serializer[Any]):
    """An order with its items and codes."""

    id = serializers.CharField()
    number = serializers.CharField()
    state = serializers.ChoiceField(OrderState.choices)
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    note = serializers.CharField()
    items = ItemOut(many=True)
    live_code = LiveCodeOut()
    page_url = serializers.CharField()
    service_number = serializers.CharField(allow_null=True)
    channel = serializers.CharField()
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    redeem_until = serializers.DateTimeField(allow_null=True)


class RedeemIn(serializers.Serializer[Any]):
    """One item by its code, or the whole order."""

    item_code = StrictCharField(max_length=32, required=False)


def item_out(item: Item) -> dict[str, Any]:
    """What `ItemOut` describes."""
    return {
        "id": item.public_id,
        "code": item.code,
        "product": ids.public_id("prd", item.product_id),
        "name": item.product_name,
        "price": item.price_minor,
        "paid": item.paid_minor,
        "state": item.state,
        "redeem_by": item.redeem_by,
        "redeemed_at": moment_out(item.redeemed_at),
    }


def order_out(order: Order, items: list[Item] | None = None) -> dict[str, Any]:
    """What `OrderOut` describes."""
    found = items if items is not None else sorted(order.items.all(), key=lambda item: item.pk)
    return {
        "id": order.public_id,
        "number": order.number,
        "state": order.state,
        "amount": order.amount_minor,
        "currency": order.currency,
        "note": order.note,
        "items": [item_out(item) for item in found],
        "live_code": {
            "token": order.live_token,
            "url": order.live_url,
            "qr": f"{settings.BASE_URL}/qr/{order.live_token}",
        },
        "page_url": order.page_url,
        "service_number": order.service_number or None,
        "channel": order.channel,
        "placed_at": moment_out(order.placed_at),
        "expires_at": moment_out(order.expires_at),
        "paid_at": moment_out(order.paid_at),
        "redeem_until": moment_out(order.redeem_until),
    }


def moment_out(moment: Any) -> str | None:
    """A time as the API writes it: RFC 3339 in UTC."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
