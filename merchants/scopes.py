"""What a key may be allowed to do; the words are part of the API."""

from __future__ import annotations

MERCHANT_SCOPES = (
    "products:read",
    "products:write",
    "orders:read",
    "orders:write",
    "orders:redeem",
    "calls:read",
    "calls:write",
    "numbers:read",
    "numbers:write",
    "payments:read",
    "balance:read",
    "coupons:read",
    "coupons:write",
    "till",
    "refunds:read",
    "refunds:write",
    "customers:read",
    "webhooks:read",
    "webhooks:write",
)
APP_SCOPES = ("webhooks:read", "webhooks:write")
BUYER_SCOPES = ("me:read", "me:write", "pay")

BY_KIND = {"mk": MERCHANT_SCOPES, "ak": APP_SCOPES, "bt": BUYER_SCOPES}
