"""Who hears of what: the only road upwards through the house (HOUSE, "Floors")."""

from __future__ import annotations

CONSUMERS = {
    "webhooks": "merchants.flows.tell_endpoints.tell_endpoints",
    "conversion": "customers.flows.convert_payer.convert_payers",
    "figures": "desk.flows.count_figures.count_figures",
    "calls": "orders.flows.rematch_calls.rematch_calls",
    "refunds": "refunds.flows.note_returns.note_returns",
    "reputation": "refunds.flows.note_orders.note_orders",
    "coupons": "coupons.flows.count_coupons.count_coupons",
}

_TOLD = ("webhooks",)
_COUNTED = ("figures",)
_OF_COUPONS = ("coupons",)  # no webhook hears of a coupon: the till must not know it

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "order.placed": (*_TOLD, *_COUNTED),
    "order.scanned": _COUNTED,
    "order.confirmed": _COUNTED,
    "order.paid": (*_TOLD, *_COUNTED, "conversion", "calls"),
    "order.cancelled": _TOLD,
    "order.expired": _TOLD,
    "order.redeemed": (*_TOLD, "reputation"),
    "item.redeemed": _TOLD,
    "item.unredeemed": _TOLD,
    "item.refunded": _TOLD,
    "order.refunded": (*_TOLD, "reputation"),
    "redemption.objected": _TOLD,
    "redemption.objection_decided": _TOLD,
    "item.released": (*_TOLD, "reputation"),
    "payment.failed": _TOLD,
    "payment.collected": _TOLD,
    "payment.reversed": _TOLD,
    "coupon.issued": _OF_COUPONS,
    "coupon.armed": _OF_COUPONS,
    "coupon.used": _OF_COUPONS,
    "coupon.released": _OF_COUPONS,
    "coupon.given_back": _OF_COUPONS,
    "coupon.expired": _OF_COUPONS,
    "payment.returning": _TOLD,
    "payment.returned": (*_TOLD, "refunds"),
    "refund.asked": _TOLD,
    "refund.approved": _TOLD,
    "refund.rejected": _TOLD,
    "refund.escalated": _TOLD,
    "refund.refunded": _TOLD,
    "refund.failed": _TOLD,
    "code.scanned": _COUNTED,
    "customer.created": (*_TOLD, *_COUNTED),
    "customer.came_back": _COUNTED,
}
