"""Campaigns and coupons for tests, made through the API where a test does not say otherwise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from common import clock
from tests.cast import Answer, Caller, Cast


def campaign_body(**changed: Any) -> dict[str, Any]:
    """A running campaign of 20.00 off, wide open; `changed` as in the API."""
    now = clock.now()
    return {
        "name": "Twenty off",
        "kind": "fixed",
        "value": 2_000,
        "minimum_spend": 0,
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=7)).isoformat(),
        "total_quota": 1_000,
        "per_buyer_limit": 5,
        "funded_by": "merchant",
        **changed,
    }


def make_campaign(cast: Cast, shop: Caller | None = None, **changed: Any) -> str:
    """Its id."""
    answer = (shop or cast.owner_key).post("campaigns", campaign_body(**changed))
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def issue(cast: Cast, campaign: str, phone: str | None = None, shop: Caller | None = None) -> str:
    """A coupon for the buyer of the cast; its id."""
    answer = (shop or cast.owner_key).post(
        f"campaigns/{campaign}/issue", {"buyer_phone": phone or cast.buyer.phone}
    )
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def armed(cast: Cast, **changed: Any) -> str:
    """A coupon of a new campaign, armed by the buyer of the cast; its id."""
    coupon = issue(cast, make_campaign(cast, **changed))
    answer = cast.buyer_key.post(f"me/coupons/{coupon}/use")
    assert (answer.status, answer.body["state"]) == (200, "armed")
    return coupon


def payment_code(buyer: Caller, **body: Any) -> str:
    """A new code of that buyer."""
    answer = buyer.post("me/payment-codes", body)
    assert answer.status == 201, answer.body
    return str(answer.body["code"])


def collect(shop: Caller, code: str, amount: int, reference: str, **more: Any) -> Answer:
    """What the till hears."""
    return shop.post("till/collect", {"payment_code": code, "amount": amount, "reference": reference, **more})


def state_of(buyer: Caller, coupon: str) -> str:
    """A coupon's state as its owner sees it."""
    found = [row for row in buyer.get("me/coupons").body["results"] if row["id"] == coupon]
    return str(found[0]["state"])


def wallet(buyer: Caller) -> int:
    """What lies in a buyer's wallet."""
    return int(buyer.get("me").body["wallet"]["balance"])


def available(shop: Caller) -> int:
    """What a merchant has."""
    return int(shop.get("balance").body["available"])
