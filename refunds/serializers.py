"""The API's words for refunds."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common import ids
from common.fields import StrictCharField, moment_out
from refunds.deciding import for_buyer
from refunds.models import Refund, RefundState
from refunds.photo_links import link_to


class RefundIn(serializers.Serializer[Any]):
    """A refund asked for: which item, what is wrong with it, and photos that show it."""

    item_code = serializers.CharField(required=False, help_text="The item's sixteen digits.")
    code_photo = serializers.FileField(required=False, help_text="Or a picture of its code.")
    photo = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=5)
    reason = serializers.CharField(max_length=500)


class RejectIn(serializers.Serializer[Any]):
    """Why a refund is rejected."""

    reason = StrictCharField(max_length=300)


class DecisionOut(serializers.Serializer[Any]):
    """What decided, and what was known then; more is added by the rule."""

    rule = serializers.CharField()
    reputation = serializers.IntegerField()
    threshold = serializers.IntegerField()


class RefundOut(serializers.Serializer[Any]):
    """A refund."""

    id = serializers.CharField()
    state = serializers.ChoiceField(RefundState.choices)
    decision = DecisionOut()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    order = serializers.CharField()
    item = serializers.CharField()
    product = serializers.CharField()
    reason = serializers.CharField()
    photos = serializers.ListField(
        child=serializers.CharField(), help_text="Addresses that open for minutes."
    )
    answer = serializers.CharField(allow_null=True)
    automatic = serializers.BooleanField()
    decide_by = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    refunded_at = serializers.DateTimeField(allow_null=True)


def my_refund_out(refund: Refund) -> dict[str, Any]:
    """As its buyer sees it: without the shop's own figures."""
    return {**refund_out(refund), "decision": for_buyer(refund.decision)}


def refund_out(refund: Refund) -> dict[str, Any]:
    """As the merchant sees it."""
    return {
        "id": refund.public_id,
        "state": refund.state,
        "decision": refund.decision,
        "amount": refund.amount_minor,
        "currency": refund.currency,
        "order": ids.public_id("ord", refund.order_id),
        "item": ids.public_id("itm", refund.item_id),
        "product": ids.public_id("prd", refund.item.product_id),
        "reason": refund.reason,
        "photos": [link_to(photo) for photo in refund.photos.all()],
        "answer": refund.answer or None,
        "automatic": refund.is_automatic,
        "decide_by": moment_out(refund.decide_by),
        "created_at": moment_out(refund.created_at),
        "decided_at": moment_out(refund.decided_at),
        "refunded_at": moment_out(refund.refunded_at),
    }
