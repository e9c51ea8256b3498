"""The API's words for customers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common import ids
from common.fields import moment_out
from customers.models import Customer, Source
from customers.queries import Totals


class TotalsOut(serializers.Serializer[Any]):
    """What a customer bought: orders paid and not wholly refunded, money paid and not sent back."""

    orders = serializers.IntegerField()
    spent = serializers.IntegerField()
    currency = serializers.CharField()
    last_order_at = serializers.DateTimeField(allow_null=True)


class CustomerOut(serializers.Serializer[Any]):
    """A customer of the merchant; `consent` is always true, for nobody becomes one without."""

    id = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    consent = serializers.BooleanField()
    consent_at = serializers.DateTimeField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]
    channel = serializers.CharField()
    printed_code = serializers.CharField(allow_null=True)
    first_order = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    totals = TotalsOut()
    assigned_to = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


def customer_out(customer: Customer, totals: Totals) -> dict[str, Any]:
    """What `CustomerOut` describes; tags, person and member are loaded with the customer."""
    return {
        "id": customer.public_id,
        "phone": customer.phone,
        "name": customer.name,
        "consent": True,
        "consent_at": moment_out(customer.consent_at),
        "source": customer.source,
        "channel": customer.channel,
        "printed_code": ids.public_id("cod", customer.printed_code_id) if customer.printed_code_id else None,
        "first_order": ids.public_id("ord", customer.first_order_id),
        "tags": [link.tag.name for link in customer.tag_links.all()],
        "totals": totals_out(totals),
        "assigned_to": str(customer.assigned_to.person) if customer.assigned_to else None,
        "created_at": moment_out(customer.created_at),
    }


def totals_out(totals: Totals) -> dict[str, Any]:
    """What `TotalsOut` describes."""
    return {
        "orders": totals.orders,
        "spent": totals.spent_minor,
        "currency": totals.currency,
        "last_order_at": moment_out(totals.last_order_at),
    }
