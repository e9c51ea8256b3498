"""The API's words for campaigns and coupons."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from common import ids
from common.fields import (
    MinorField,
    PublicIdField,
    StrictCharField,
    StrictIntegerField,
    StrictMomentField,
    moment_out,
)
from common.phones import to_e164
from coupons.flows.make_campaign import CampaignAsk
from coupons.models import Campaign, CampaignState, Coupon, CouponState, FundedBy, Kind
from coupons.models.campaigns import MAX_BUDGET_MINOR, MAX_QUOTA
from merchants.models import Merchant

MAX_SCOPE = 200


class CampaignIn(serializers.Serializer[Any]):
    """A campaign to be made."""

    name = StrictCharField(max_length=80)
    kind = serializers.ChoiceField(Kind.choices)
    value = MinorField(help_text="Minor units, or whole percent from 1 to 100.")
    cap = MinorField(required=False, allow_null=True)
    minimum_spend = MinorField(min_value=0, required=False, default=0)
    starts_at = StrictMomentField()
    ends_at = StrictMomentField()
    total_quota = StrictIntegerField(min_value=1, max_value=MAX_QUOTA)
    per_buyer_limit = StrictIntegerField(min_value=1, max_value=MAX_QUOTA)
    budget = MinorField(required=False, allow_null=True, max_value=MAX_BUDGET_MINOR)
    daily_budget = MinorField(required=False, allow_null=True, max_value=MAX_BUDGET_MINOR)
    products = serializers.ListField(child=PublicIdField("prd"), required=False, max_length=MAX_SCOPE)
    funded_by = serializers.ChoiceField(FundedBy.choices, required=False, default=FundedBy.MERCHANT.value)


def campaign_ask(merchant: Merchant, asked: dict[str, Any]) -> CampaignAsk:
    """What the flow takes, from validated input."""
    return CampaignAsk(
        merchant=merchant,
        name=asked["name"],
        kind=asked["kind"],
        value=asked["value"],
        starts_at=asked["starts_at"],
        ends_at=asked["ends_at"],
        total_quota=asked["total_quota"],
        per_buyer_limit=asked["per_buyer_limit"],
        cap_minor=asked.get("cap"),
        minimum_spend_minor=asked["minimum_spend"],
        budget_minor=asked.get("budget"),
        daily_budget_minor=asked.get("daily_budget"),
        products=tuple(asked.get("products", ())),
        funded_by=asked["funded_by"],
    )


class CampaignOut(serializers.Serializer[Any]):
    """A campaign, and what has come of it so far."""

    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    value = serializers.IntegerField()
    cap = serializers.IntegerField(allow_null=True)
    minimum_spend = serializers.IntegerField()
    currency = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    total_quota = serializers.IntegerField()
    per_buyer_limit = serializers.IntegerField()
    budget = serializers.IntegerField(allow_null=True)
    daily_budget = serializers.IntegerField(allow_null=True)
    products = serializers.ListField(child=serializers.CharField())
    funded_by = serializers.ChoiceField(FundedBy.choices)
    state = serializers.ChoiceField(CampaignState.choices)
    issued = serializers.IntegerField()
    created_at = serializers.DateTimeField()


def campaign_out(campaign: Campaign) -> dict[str, Any]:
    """What `CampaignOut` describes."""
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "kind": campaign.kind,
        "value": campaign.value,
        "cap": campaign.cap_minor,
        "minimum_spend": campaign.minimum_spend_minor,
        "currency": campaign.currency,
        "starts_at": moment_out(campaign.starts_at),
        "ends_at": moment_out(campaign.ends_at),
        "total_quota": campaign.total_quota,
        "per_buyer_limit": campaign.per_buyer_limit,
        "budget": campaign.budget_minor,
        "daily_budget": campaign.daily_budget_minor,
        "products": [ids.public_id("prd", product) for product in campaign.products],
        "funded_by": campaign.funded_by,
        "state": campaign.state,
        "issued": campaign.issued_count,
        "created_at": moment_out(campaign.created_at),
    }


class IssueIn(serializers.Serializer[Any]):
    """Whom to give a coupon: any buyer, by phone."""

    buyer_phone = StrictCharField(max_length=40)

    def validate_buyer_phone(self, value: str) -> str:
        """Any spelling that is a number in the merchant's region; kept as E.164."""
        phone = to_e164(value, self.context["merchant"].region)
        if phone is None:
            raise serializers.ValidationError(_("Not a phone number."), code="invalid_phone")
        return phone


class CouponOut(serializers.Serializer[Any]):
    """A coupon as the merchant that issued it sees it."""

    id = serializers.CharField()
    campaign = serializers.CharField()
    campaign_name = serializers.CharField()
    state = serializers.ChoiceField(CouponState.choices)
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


def coupon_out(coupon: Coupon) -> dict[str, Any]:
    """What `CouponOut` describes."""
    return {
        "id": coupon.public_id,
        "campaign": ids.public_id("cmp", coupon.campaign_id),
        "campaign_name": coupon.campaign.name,
        "state": coupon.state,
        "issued_at": moment_out(coupon.issued_at),
        "expires_at": moment_out(coupon.expires_at),
    }


class MyCouponOut(CouponOut):
    """A coupon as its owner sees it, with what it promises."""

    merchant = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    value = serializers.IntegerField()
    cap = serializers.IntegerField(allow_null=True)
    minimum_spend = serializers.IntegerField()
    currency = serializers.CharField()
    starts_at = serializers.DateTimeField()
    armed_until = serializers.DateTimeField(allow_null=True)


def my_coupon_out(coupon: Coupon) -> dict[str, Any]:
    """What `MyCouponOut` describes."""
    campaign = coupon.campaign
    return {
        **coupon_out(coupon),
        "merchant": campaign.merchant.name,
        "kind": campaign.kind,
        "value": campaign.value,
        "cap": campaign.cap_minor,
        "minimum_spend": campaign.minimum_spend_minor,
        "currency": campaign.currency,
        "starts_at": moment_out(campaign.starts_at),
        "armed_until": moment_out(coupon.armed_until),
    }
