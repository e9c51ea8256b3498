"""Examples of the OpenAPI document: coupons and the counter."""

from __future__ import annotations

from typing import Any

_CAMPAIGN, _COUPON = "cmp_0193f1a52c7b7d1f8a4e5b6c7d8e9f0a", "cpn_0193f1a52c7b7d1f8a4e5b6c7d8e9f0b"
_PRODUCT, _CODE = "prd_0193f1a52c7b7d1f8a4e5b6c7d8e9f02", "pcd_0193f1a52c7b7d1f8a4e5b6c7d8e9f0c"
_TILL = "https://till.example"
_AT, _LATER, _ENDS = "2026-03-01T09:00:00Z", "2026-03-01T09:01:00Z", "2026-04-01T00:00:00Z"

_CAMPAIGN_IN = {
    "name": "Spring",
    "kind": "percent",
    "value": 10,
    "cap": 2000,
    "minimum_spend": 10_000,
    "starts_at": _AT,
    "ends_at": _ENDS,
    "total_quota": 5000,
    "per_buyer_limit": 1,
    "budget": 1_000_000,
    "daily_budget": 100_000,
    "products": [_PRODUCT],
    "funded_by": "merchant",
}
_COUPON_OUT = {
    "id": _COUPON,
    "campaign": _CAMPAIGN,
    "campaign_name": "Spring",
    "state": "issued",
    "issued_at": _AT,
    "expires_at": _ENDS,
}

EXAMPLES: dict[str, Any] = {
    "CampaignIn": _CAMPAIGN_IN,
    "CampaignOut": {
        "id": _CAMPAIGN,
        **_CAMPAIGN_IN,
        "currency": "CNY",
        "state": "active",
        "issued": 120,
        "created_at": _AT,
    },
    "IssueIn": {"buyer_phone": "+8613800138001"},
    "CouponOut": _COUPON_OUT,
    "MyCouponOut": {
        **_COUPON_OUT,
        "merchant": "Lantern Tea House",
        "kind": "percent",
        "value": 10,
        "cap": 2000,
        "minimum_spend": 10_000,
        "currency": "CNY",
        "starts_at": _AT,
        "armed_until": None,
    },
    "CollectIn": {
        "payment_code": "661234567890123456",
        "amount": 8800,
        "currency": "CNY",
        "reference": "till-3-000117",
        "lines": [{"product": _PRODUCT, "quantity": 1}],
    },
    "ReverseIn": {"reason": "Wrong price"},
    "PinIn": {"pin": "482916", "old_pin": "730518"},
    "PinOut": {"ask_above": 50_000, "ask_after_uses": 5},
    "PaymentCodeIn": {"pin": "482916"},
    "PaymentCodeOut": {
        "id": _CODE,
        "code": "661234567890123456",
        "qr": f"{_TILL}/payment-code/gAAAAABn/qr",
        "barcode": f"{_TILL}/payment-code/gAAAAABn/barcode",
        "expires_at": _LATER,
    },
}
