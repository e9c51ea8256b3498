"""Who may what at every route: the entries of the walk (test_walk.py)."""

from __future__ import annotations

from dataclasses import dataclass

ELSEWHERE = ("admin/", "accounts/")
"""Routes of libraries: walked too, but each by one rule for all."""

KEYS = ("nobody", "owner", "stranger", "buyer", "second buyer", "app")

API: dict[str, dict[str, set[str]]] = {
    "webhook-endpoints": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "webhook-endpoints/<str:endpoint_id>": {"DELETE": {"owner"}},
    "products": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "orders": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "orders/<str:order_id>": {"GET": {"owner"}},
    "orders/<str:order_id>/cancel": {"POST": {"owner"}},
    "orders/<str:order_id>/redeem": {"POST": {"owner"}},
    "call-records": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "service-numbers": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "payments": {"GET": {"owner", "stranger"}},
    "payments/<str:payment_id>": {"GET": {"owner"}},
    "payments/<str:payment_id>/reverse": {"POST": {"owner"}},
    "balance": {"GET": {"owner", "stranger"}},
    "till/collect": {"POST": {"owner", "stranger"}},
    "campaigns": {"GET": {"owner", "stranger"}, "POST": {"owner", "stranger"}},
    "campaigns/<str:campaign_id>": {"GET": {"owner"}},
    "campaigns/<str:campaign_id>/issue": {"POST": {"owner"}},
    "campaigns/<str:campaign_id>/pause": {"POST": {"owner"}},
    "campaigns/<str:campaign_id>/resume": {"POST": {"owner"}},
    "coupons": {"GET": {"owner", "stranger"}},
    "refunds": {"GET": {"owner", "stranger"}},
    "refunds/<str:refund_id>": {"GET": {"owner"}},
    "refunds/<str:refund_id>/approve": {"POST": {"owner"}},
    "refunds/<str:refund_id>/reject": {"POST": {"owner"}},
    "me/refunds": {"GET": {"buyer", "second buyer"}, "POST": {"buyer", "second buyer"}},
    "customers": {"GET": {"owner", "stranger"}},
    "customers/<str:customer_id>": {"GET": {"owner"}},
    "me": {"GET": {"buyer", "second buyer"}},
    "me/orders": {"GET": {"buyer", "second buyer"}},
    "me/top-ups": {"POST": {"buyer", "second buyer"}},
    "me/pin": {"PUT": {"buyer", "second buyer"}},
    "me/payment-codes": {"POST": {"buyer", "second buyer"}},
    "me/coupons": {"GET": {"buyer", "second buyer"}},
    "me/coupons/<str:coupon_id>/use": {"POST": {"buyer"}},
    "me/coupons/<str:coupon_id>/put-back": {"POST": {"buyer"}},
    "live-codes/<str:token>": {"GET": {"buyer", "second buyer"}},
    "live-codes/<str:token>/pay": {"POST": {"buyer", "second buyer"}},
    "gateways/<str:name>/callback": {"POST": set(KEYS)},
    "feeds/<str:feed_id>/<str:kind>": {"POST": set(KEYS)},
}
"""Route under /api/v1/ → method → whose key is at home there. To whom the thing in the address does
not belong, it is not there (404); any other kind of key is turned away (403)."""

PEOPLE = ("nobody", "buyer", "second buyer", "cashier", "manager", "owner", "stranger", "staff")
AT_WORK = {"cashier": {"cashier", "manager", "owner"}, "manager": {"manager", "owner"}, "owner": {"owner"}}


@dataclass(frozen=True)
class Page:
    """Who may see a page, and whether it is opened or only posted to."""

    role: str = "anybody"
    posts_only: bool = False
    own: bool = False
    """In the address stands something of the shop (or of the buyer)."""
    is_missing: bool = False
    """Nothing of that kind is on the stage."""


PUBLIC, SIGNED_IN = Page(), Page("signed in")
OF_MANAGER, TO_MANAGER = Page("manager", own=True), Page("manager", posts_only=True, own=True)
OF_OWNER, TO_OWNER = Page("owner", own=True), Page("owner", posts_only=True, own=True)
CASHIER, MANAGER, OWNER = Page("cashier"), Page("manager"), Page("owner")

PAGES: dict[str, Page] = {
    "": PUBLIC,
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "metrics": Page(is_missing=True),
    "favicon.ico": Page("moved"),
    "language": Page("moved"),
    "refund-photo/<str:token>": Page(is_missing=True),
    "api/problems": PUBLIC,
    "api/schema/": PUBLIC,
    "api/docs/": PUBLIC,
    "s/<slug:slug>": PUBLIC,
    "c/<token:token>": PUBLIC,
    "qr/<token:token>": PUBLIC,
    "o/<token:token>": PUBLIC,
    "o/<token:token>/state": PUBLIC,
    "o/<token:token>/object": Page("moved"),
    "o/<token:token>/items/<digits:code>": PUBLIC,
    "pay/<token:token>": PUBLIC,
    "pay/<token:token>/state": PUBLIC,
    "pay/<token:token>/go": Page("payer"),
    "pay/<token:token>/done": Page("payer"),
    "pay/<token:token>/done/state": Page("payer"),
    "payment-code/<str:token>/<slug:kind>": Page(is_missing=True),
    "sandbox/checkout/<hex:charge>": PUBLIC,
    "me/": SIGNED_IN,
    "me/state": SIGNED_IN,
    "me/movements": SIGNED_IN,
    "me/top-up": SIGNED_IN,
    "me/top-up/<str:payment_id>/go": Page("buyer", own=True),
    "me/orders": SIGNED_IN,
    "me/pay": SIGNED_IN,
    "me/pay/state": Page("moved"),
    "me/pay/pin": SIGNED_IN,
    "me/pay/pin/forgotten": Page("moved"),
    "me/pay/pin/limits": Page("signed in", posts_only=True),
    "me/pay/receipts/<str:payment_id>": Page("moved"),
    "me/coupons": SIGNED_IN,
    "me/coupons/<str:coupon_id>/use": Page("moved"),
    "me/coupons/<str:coupon_id>/put-back": Page("moved"),
    "me/coupons/<str:coupon_id>/give": Page("moved"),
    "claim/<token:token>": PUBLIC,
    "g/<token:token>": Page(is_missing=True),
    "g/<token:token>/keep": Page("moved"),
    "me/account": SIGNED_IN,
    "dashboard": Page("moved"),
    "dashboard/": CASHIER,
    "dashboard/newest": CASHIER,
    "dashboard/funnel": MANAGER,
    "dashboard/open": SIGNED_IN,
    "dashboard/orders": CASHIER,
    "dashboard/orders/new": CASHIER,
    "dashboard/orders/<str:order_id>": Page("cashier", own=True),
    "dashboard/orders/<str:order_id>/show": Page("cashier", own=True),
    "dashboard/orders/<str:order_id>/cancel": Page("manager", posts_only=True, own=True),
    "dashboard/redeem": CASHIER,
    "dashboard/redeem/<str:order_id>": Page("cashier", own=True),
    "dashboard/redeem/<str:order_id>/undo": Page("cashier", posts_only=True, own=True),
    "dashboard/till": CASHIER,
    "dashboard/till/items": CASHIER,
    "dashboard/till/today": CASHIER,
    "dashboard/till/sales/<slug:reference>": Page("moved"),
    "dashboard/till/sales/<slug:reference>/give-up": Page("cashier", posts_only=True),
    "dashboard/till/payments/<str:sale_id>": Page("cashier", own=True),
    "dashboard/till/payments/<str:sale_id>/reverse": Page("cashier", posts_only=True, own=True),
    "dashboard/products": CASHIER,
    "dashboard/products/new": MANAGER,
    "dashboard/products/<str:product_id>": Page("cashier", own=True),
    "dashboard/products/<str:product_id>/save": Page("manager", posts_only=True, own=True),
    "dashboard/products/<str:product_id>/stock": Page("manager", posts_only=True, own=True),
    "dashboard/products/<str:product_id>/archive": Page("manager", posts_only=True, own=True),
    "dashboard/codes": CASHIER,
    "dashboard/codes/new": MANAGER,
    "dashboard/codes/sheet": CASHIER,
    "dashboard/codes/<str:code_id>/retire": Page("manager", posts_only=True, own=True),
    "dashboard/calls": CASHIER,
    "dashboard/campaigns": MANAGER,
    "dashboard/campaigns/new": MANAGER,
    "dashboard/campaigns/new/preview": Page("manager", posts_only=True),
    "dashboard/campaigns/new/shelf": Page("manager", posts_only=True),
    "dashboard/campaigns/links/<str:link_id>": OF_MANAGER,
    "dashboard/campaigns/links/<str:link_id>/end": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>": OF_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/issue": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/export": OF_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/links": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/pause": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/resume": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/close": TO_MANAGER,
    "dashboard/campaigns/<str:campaign_id>/segment": OF_MANAGER,
    "dashboard/segments/<str:run_id>": OF_MANAGER,
    "dashboard/segments/<str:run_id>/stop": TO_MANAGER,
    "dashboard/calls/rules": MANAGER,
    "dashboard/calls/set-aside": Page("manager", posts_only=True),
    "dashboard/calls/objections/<str:objection_id>": TO_MANAGER,
    "dashboard/calls/<str:record_id>": Page("cashier", own=True),
    "dashboard/calls/<str:record_id>/assign": TO_MANAGER,
    "dashboard/numbers": MANAGER,
    "dashboard/numbers/add": Page("manager", posts_only=True),
    "dashboard/numbers/<str:number_id>/retire": TO_MANAGER,
    "dashboard/feeds": MANAGER,
    "dashboard/feeds/new": OWNER,
    "dashboard/feeds/<str:feed_id>": OF_OWNER,
    "dashboard/feeds/<str:feed_id>/end": TO_OWNER,
    "dashboard/payments": MANAGER,
    "dashboard/money": MANAGER,
    "dashboard/customers": MANAGER,
    "dashboard/customers/export": MANAGER,
    "dashboard/customers/<str:customer_id>": OF_MANAGER,
    "dashboard/customers/<str:customer_id>/assign": TO_MANAGER,
    "dashboard/customers/<str:customer_id>/erase": OF_MANAGER,
    "dashboard/customers/<str:customer_id>/merge": OF_MANAGER,
    "dashboard/customers/<str:customer_id>/merges/<str:merge_id>/undo": TO_MANAGER,
    "dashboard/customers/<str:customer_id>/note": TO_MANAGER,
    "dashboard/customers/<str:customer_id>/steps/<str:step_id>/retry": TO_MANAGER,
    "dashboard/customers/<str:customer_id>/tags": TO_MANAGER,
    "dashboard/steps": MANAGER,
    "dashboard/team": MANAGER,
    "dashboard/team/invite": Page("owner", posts_only=True),
    "dashboard/team/invitations/<str:invitation_id>/withdraw": TO_OWNER,
    "dashboard/team/<int:member_id>/role": TO_OWNER,
    "dashboard/team/<int:member_id>/remove": TO_OWNER,
    "dashboard/join/<token:token>": Page("gone"),
    "dashboard/keys": OWNER,
    "dashboard/keys/new": Page("owner", posts_only=True),
    "dashboard/keys/<str:key_id>/revoke": TO_OWNER,
    "dashboard/webhooks": OWNER,
    "dashboard/webhooks/new": Page("owner", posts_only=True),
    "dashboard/webhooks/<str:endpoint_id>": OF_OWNER,
    "dashboard/webhooks/<str:endpoint_id>/delete": TO_OWNER,
    "dashboard/webhooks/deliveries/<str:delivery_id>": Page("owner", is_missing=True),
    "dashboard/settings": MANAGER,
}


MORE = {
    ("dashboard/", "cashier"): {302},
    ("dashboard/", "buyer"): {302},
    ("dashboard/", "second buyer"): {302},
    ("dashboard/", "staff"): {302},
    ("dashboard/settings", "manager"): {403},
    ("dashboard/calls/rules", "manager"): {403},
}
"""A manager reads the settings and does not save them.
A cashier's day begins with the orders; who works nowhere is shown how to open a shop."""
