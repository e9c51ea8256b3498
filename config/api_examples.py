"""Examples of the OpenAPI document: one for every body that goes in or comes out."""

from __future__ import annotations

from typing import Any

from config import api_examples_coupons, api_examples_refunds

_ORDER, _ITEM = "ord_0193f1a52c7b7d1f8a4e5b6c7d8e9f00", "itm_0193f1a52c7b7d1f8a4e5b6c7d8e9f01"
_PRODUCT, _PAYMENT = "prd_0193f1a52c7b7d1f8a4e5b6c7d8e9f02", "pay_0193f1a52c7b7d1f8a4e5b6c7d8e9f03"
_CUSTOMER, _ENDPOINT = "cus_0193f1a52c7b7d1f8a4e5b6c7d8e9f04", "whe_0193f1a52c7b7d1f8a4e5b6c7d8e9f05"
_TILL = "https://till.example"
_AT, _LATER = "2026-03-01T09:00:00Z", "2026-03-01T09:30:00Z"

_PRODUCT_OUT = {
    "id": _PRODUCT,
    "name": "Jasmine dragon pearls, 100 g",
    "price": 8800,
    "currency": "CNY",
    "redeem_by": "code",
    "stock": 40,
    "image": "",
    "created_at": _AT,
}
_ITEM_OUT = {
    "id": _ITEM,
    "code": "4929031877215066",
    "product": _PRODUCT,
    "name": "Jasmine dragon pearls, 100 g",
    "price": 8800,
    "paid": 8800,
    "state": "issued",
    "redeem_by": "code",
    "redeemed_at": None,
}
_LIVE_CODE = {
    "token": "qS888Bg50DZ3OVREgjHwRg",
    "url": f"{_TILL}/pay/qS888Bg50DZ3OVREgjHwRg",
    "qr": f"{_TILL}/qr/qS888Bg50DZ3OVREgjHwRg",
}
_ORDER_OUT = {
    "id": _ORDER,
    "number": "7D8E9F00",
    "state": "placed",
    "amount": 8800,
    "currency": "CNY",
    "note": "",
    "items": [_ITEM_OUT],
    "live_code": _LIVE_CODE,
    "page_url": f"{_TILL}/o/L44IzKgjQP13peJ9OEOMgA",
    "service_number": None,
    "channel": "api",
    "placed_at": _AT,
    "expires_at": _LATER,
    "paid_at": None,
    "redeem_until": None,
}
_PAYMENT_OUT = {
    "id": _PAYMENT,
    "kind": "order",
    "state": "succeeded",
    "amount": 8800,
    "deduction": 0,
    "paid": 8800,
    "currency": "CNY",
    "coupon": None,
    "source": "wallet",
    "refunded_amount": 0,
    "order": _ORDER,
    "reference": None,
    "failure_code": None,
    "redirect_url": None,
    "created_at": _AT,
    "settled_at": _AT,
}

_ENDPOINT_OUT = {
    "id": _ENDPOINT,
    "url": "https://shop.example/hooks",
    "events": ["order.paid", "order.redeemed"],
    "created_at": _AT,
    "stopped_at": None,
}

_CALL_IN = {
    "provider": "front-desk",
    "call_id": "1709283600.42",
    "caller": "+8613800138001",
    "called": "+8617000010007",
    "started_at": _AT,
    "answered_at": "2026-03-01T09:00:04Z",
    "ended_at": "2026-03-01T09:00:31Z",
    "kind": "call",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    **api_examples_coupons.EXAMPLES,
    **api_examples_refunds.EXAMPLES,
    "CallIn": _CALL_IN,
    "CallOut": {
        **_CALL_IN,
        "id": "cdr_0193f1a52c7b7d1f8a4e5b6c7d8e9f07",
        "match": "redeemed",
        "reason": None,
        "order": _ORDER,
        "received_at": "2026-03-01T09:00:32Z",
    },
    "ReceivedOut": {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [{"index": 1, "code": "invalid_phone", "detail": "called: not a phone number"}],
        "redeemed": [_ORDER],
    },
    "NumberIn": {"number": "+8617000010007"},
    "NumberOut": {
        "id": "num_0193f1a52c7b7d1f8a4e5b6c7d8e9f08",
        "number": "+8617000010007",
        "state": "bound",
        "active_bindings": 1,
    },
    "ProductIn": {
        "name": "Jasmine dragon pearls, 100 g",
        "price": 8800,
        "currency": "CNY",
        "redeem_by": "code",
        "stock": 40,
    },
    "ProductOut": _PRODUCT_OUT,
    "OrderIn": {
        "buyer_phone": "+8613800138001",
        "lines": [{"product": _PRODUCT, "quantity": 1}],
        "note": "Window seat, please",
    },
    "OrderOut": _ORDER_OUT,
    "BuyerOrderOut": {**_ORDER_OUT, "merchant": "Lantern Tea House"},
    "RedeemIn": {"item_code": "4929031877215066"},
    "PayIn": {"source": "wallet", "consent": True},
    "PaymentOut": _PAYMENT_OUT,
    "TopUpIn": {"amount": 10_000, "currency": "CNY"},
    "BalanceOut": {"available": 120_000, "held": 8800, "debt": 0, "currency": "CNY"},
    "LiveOrderOut": {
        "merchant": {"name": "Lantern Tea House", "slug": "lantern"},
        "lines": [
            {"product": _PRODUCT, "name": "Jasmine dragon pearls, 100 g", "price": 8800, "quantity": 1}
        ],
        "amount": 8800,
        "currency": "CNY",
        "state": "placed",
        "expires_at": _LATER,
    },
    "MeOut": {
        "phone": "+8613800138001",
        "account": "acc_0193f1a52c7b7d1f8a4e5b6c7d8e9f06",
        "wallet": {"balance": 50_000, "currency": "CNY"},
        "reputation": {"score": 50, "threshold_note": "Everybody starts here."},
    },
    "CustomerOut": {
        "id": _CUSTOMER,
        "phone": "+8613800138001",
        "name": "",
        "consent": True,
        "consent_at": _AT,
        "source": "live_code",
        "channel": "api",
        "printed_code": None,
        "first_order": _ORDER,
        "tags": ["regular"],
        "totals": {"orders": 3, "spent": 26_400, "currency": "CNY", "last_order_at": _AT},
        "assigned_to": None,
        "created_at": _AT,
    },
    "EndpointIn": {"url": "https://shop.example/hooks", "events": ["order.paid", "order.redeemed"]},
    "EndpointOut": _ENDPOINT_OUT,
    "NewEndpointOut": {**_ENDPOINT_OUT, "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
    "ProblemOut": {
        "type": "/api/problems#invalid",
        "title": "Something in the request does not fit.",
        "status": 422,
        "detail": "Something in the request does not fit.",
        "code": "invalid",
        "errors": [
            {"field": "lines.0.quantity", "code": "min_value", "detail": "Ensure this value is at least 1."}
        ],
    },
}


def add_examples(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: gives every component its example."""
    schemas = result["components"]["schemas"]
    for name, example in EXAMPLES.items():
        schemas[f"{name}Request" if f"{name}Request" in schemas else name]["example"] = example
    return result
