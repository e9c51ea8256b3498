"""The API's words for the counter."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from common.fields import MinorField, PublicIdField, StrictCharField, StrictIntegerField, moment_out
from merchants.models import Merchant
from orders.flows.place_order import MAX_UNITS
from orders.queries import products_of
from payments.code_pictures import picture_token
from payments.flows.make_payment_code import Shown
from payments.models import BuyerPin
from payments.till import CollectAsk, bill_line

MAX_LINES = 50


class TillLineIn(serializers.Serializer[Any]):
    """So many of one product are on the bill."""

    product = PublicIdField("prd")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_UNITS)


class CollectIn(serializers.Serializer[Any]):
    """A sale: `reference` is the till's own number of it."""

    payment_code = StrictCharField(max_length=40)
    amount = MinorField()
    currency = StrictCharField(max_length=3, min_length=3, required=False)
    reference = StrictCharField(max_length=64)
    lines = TillLineIn(many=True, required=False, max_length=MAX_LINES)  # type: ignore[call-arg]

    def validate_currency(self, value: str) -> str:
        """A merchant works in one currency."""
        merchant: Merchant = self.context["merchant"]
        if value != merchant.currency:
            raise serializers.ValidationError(
                _("This merchant works in %(currency)s.") % {"currency": merchant.currency},
                code="unknown_currency",
            )
        return value

    def validate_lines(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The lines as they are kept, at the catalogue's prices."""
        merchant: Merchant = self.context["merchant"]
        wanted = {line["product"] for line in value}
        known = {product.pk: product for product in products_of(merchant).filter(pk__in=wanted)}
        if len(known) < len(wanted):
            raise serializers.ValidationError(_("There is no such product."), code="unknown")
        return [bill_line(known[line["product"]], line["quantity"]) for line in value]


def collect_ask(merchant: Merchant, asked: dict[str, Any]) -> CollectAsk:
    """What the flow takes, from validated input."""
    return CollectAsk(
        merchant=merchant,
        payment_code=asked["payment_code"],
        amount_minor=asked["amount"],
        reference=asked["reference"],
        lines=asked.get("lines", ()),
    )


class ReverseIn(serializers.Serializer[Any]):
    """Why a sale is taken back."""

    reason = StrictCharField(max_length=300, required=False, allow_blank=True)


class PinIn(serializers.Serializer[Any]):
    """Six digits, and the old ones where there are some."""

    pin = StrictCharField(max_length=20)
    old_pin = StrictCharField(max_length=20, required=False)


class PinOut(serializers.Serializer[Any]):
    """When the PIN will be asked for."""

    ask_above = serializers.IntegerField()
    ask_after_uses = serializers.IntegerField()


def pin_out(pin: BuyerPin) -> dict[str, Any]:
    """What `PinOut` describes."""
    return {"ask_above": pin.ask_above_minor, "ask_after_uses": pin.ask_after_uses}


class PaymentCodeIn(serializers.Serializer[Any]):
    """With the PIN said, the code pays any amount."""

    pin = StrictCharField(max_length=20, required=False, allow_null=True)


class PaymentCodeOut(serializers.Serializer[Any]):
    """A code; `qr` and `barcode` need no key and give SVG, or PNG with `?format=png`."""

    id = serializers.CharField()
    code = serializers.CharField()
    qr = serializers.CharField()
    barcode = serializers.CharField()
    expires_at = serializers.DateTimeField()


def payment_code_out(shown: Shown) -> dict[str, Any]:
    """What `PaymentCodeOut` describes."""
    token = picture_token(shown.digits)
    return {
        "id": shown.row.public_id,
        "code": shown.digits,
        "qr": f"{settings.BASE_URL}/payment-code/{token}/qr",
        "barcode": f"{settings.BASE_URL}/payment-code/{token}/barcode",
        "expires_at": moment_out(shown.row.expires_at),
    }
