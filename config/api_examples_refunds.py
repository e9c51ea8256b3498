"""Examples of the OpenAPI document: refunds."""

from __future__ import annotations

from typing import Any

_AT, _BY = "2026-03-04T09:00:00Z", "2026-03-07T09:00:00Z"

_DECISION = {
    "rule": "below_threshold",
    "rules": ["below_threshold"],
    "reputation": 44,
    "threshold": 60,
    "redeemed": True,
    "photo_used_before": False,
    "window_ends_at": "2026-03-18T09:00:00Z",
}

EXAMPLES: dict[str, Any] = {
    "RefundOut": {
        "id": "rfd_0193f1a52c7b7d1f8a4e5b6c7d8e9f10",
        "state": "waiting_for_merchant",
        "decision": _DECISION,
        "amount": 4000,
        "currency": "CNY",
        "order": "ord_0193f1a52c7b7d1f8a4e5b6c7d8e9f03",
        "item": "itm_0193f1a52c7b7d1f8a4e5b6c7d8e9f04",
        "product": "prd_0193f1a52c7b7d1f8a4e5b6c7d8e9f02",
        "reason": "The brim is torn.",
        "photos": ["https://till.example/refund-photo/eyJwaG90byI6"],
        "answer": None,
        "automatic": False,
        "decide_by": _BY,
        "created_at": _AT,
        "decided_at": None,
        "refunded_at": None,
    },
    "RefundInRequest": {
        "item_code": "4929 1833 0175 6620",
        "photo": ["a JPEG, PNG or WebP picture"],
        "reason": "The brim is torn.",
    },
    "RejectIn": {"reason": "The seams were cut."},
}
