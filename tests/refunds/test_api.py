"""Refunds through the API: asked for, decided, paid back; every refusal by its name."""

from __future__ import annotations

import random
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from common import clock
from orders.models import RedeemBy
from tests.cast import WALLET_MINOR, Caller, Cast, make_product
from tests.refunds.stage import BAD, a_photo, ask, carry_out, rules, trust

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agrees")]


def wallet(caller: Caller) -> int:
    return int(caller.get("me").body["wallet"]["balance"])


def mine(caller: Caller) -> dict[str, Any]:
    return dict(caller.get("me/refunds").body["results"][0])


def code_of(order: dict[str, Any], place: int = 0) -> str:
    return str(order["items"][place]["code"])


def test_the_documents_own_example(cast: Cast) -> None:
    """A shirt for 50, jeans for 80, a hat for 40: the hat is torn, and exactly 40 comes back."""
    trust(cast.buyer)
    prices = {"Shirt": 5_000, "Jeans": 8_000, "Hat": 4_000}
    products = [make_product(cast.merchant, price, RedeemBy.NONE, name=n) for n, price in prices.items()]
    lines = [{"product": product.public_id, "quantity": 1} for product in products]
    order = cast.owner_key.post("orders", {"lines": lines}).body
    assert cast.pay(cast.buyer_key, order).status == 201
    hat = next(item for item in order["items"] if item["product"] == products[2].public_id)
    asked = ask(cast.buyer_key, hat["code"])
    assert (asked.status, asked.body["state"], asked.body["amount"]) == (201, "approved", 4_000)
    carry_out()
    assert wallet(cast.buyer_key) == WALLET_MINOR - 13_000
    assert mine(cast.buyer_key)["state"] == "refunded"
    after = cast.owner_key.get(f"orders/{order['id']}").body
    assert [item["state"] for item in after["items"]].count("refunded") == 1
    assert after["state"] == "paid"


@pytest.mark.parametrize(
    ("weight", "state"), [(9, "waiting_for_merchant"), (10, "approved"), (11, "approved")]
)
def test_at_the_threshold_exactly_it_is_automatic(cast: Cast, weight: int, state: str) -> None:
    trust(cast.buyer, weight)  # everybody starts at 50, the platform's threshold is 60
    asked = ask(cast.buyer_key, code_of(cast.paid_order()))
    assert (asked.status, asked.body["state"]) == (201, state)
    decision = asked.body["decision"]
    assert (decision["reputation"], decision["threshold"]) == (50 + weight, 60)
    assert decision["rule"] == ("below_threshold" if weight < 10 else "reputation")
    assert not any(name.startswith("merchant_") for name in decision)


def test_the_merchant_approves_once(cast: Cast) -> None:
    order = cast.paid_order()
    asked = ask(cast.buyer_key, code_of(order)).body
    path = f"refunds/{asked['id']}"
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).code == "held"
    approved = cast.owner_key.post(f"{path}/approve")
    assert (approved.status, approved.body["state"]) == (200, "approved")
    again = cast.owner_key.post(f"{path}/approve")
    assert (again.status, again.code) == (409, "already_decided")
    assert cast.owner_key.post(f"{path}/reject", {"reason": "No."}).code == "already_decided"
    carry_out()
    assert wallet(cast.buyer_key) == WALLET_MINOR
    assert cast.owner_key.get(path).body["state"] == "refunded"
    assert cast.owner_key.get(f"orders/{order['id']}").body["state"] == "refunded"


def test_rejecting_wants_a_reason_and_lets_the_unit_go(cast: Cast) -> None:
    order = cast.paid_order()
    path = f"refunds/{ask(cast.buyer_key, code_of(order)).body['id']}"
    bodies: list[dict[str, Any]] = [{}, {"reason": ""}, {"reason": "  "}, {"reason": None}, {"reason": 5}]
    for body in bodies:
        refused = cast.owner_key.post(f"{path}/reject", body)
        assert (refused.status, list(refused.fields)) == (422, ["reason"]), body
    assert cast.owner_key.get(path).body["state"] == "waiting_for_merchant"
    rejected = cast.owner_key.post(f"{path}/reject", {"reason": "Worn."})
    assert (rejected.status, rejected.body["state"], rejected.body["answer"]) == (200, "rejected", "Worn.")
    assert cast.buyer_key.get("me").body["reputation"]["score"] == 44
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200
    assert ask(cast.buyer_key, code_of(order)).code == "already_requested"


def test_after_redemption_the_merchant_pays(cast: Cast) -> None:
    trust(cast.buyer)
    first, second = cast.paid_order(), cast.paid_order()
    for order in (first, second):
        assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200
    assert ask(cast.buyer_key, code_of(first)).body["state"] == "approved"
    carry_out()
    assert cast.owner_key.get("balance").body["available"] == 6_000
    assert wallet(cast.buyer_key) == WALLET_MINOR - 6_000
    assert cast.owner_key.get(f"orders/{first['id']}").body["state"] == "refunded"


def test_by_a_gateway_it_goes_back_there(cast: Cast) -> None:
    trust(cast.buyer)
    order = cast.order()
    assert cast.pay(cast.buyer_key, order, "sandbox", scenario="refund_timeout").status == 201
    assert ask(cast.buyer_key, code_of(order)).body["state"] == "approved"
    carry_out()
    with clock.moved(timedelta(minutes=5)):
        carry_out()
    assert mine(cast.buyer_key)["state"] == "refunded"
    assert wallet(cast.buyer_key) == WALLET_MINOR


@pytest.mark.parametrize(("outcome", "state"), [("approve", "refunded"), ("reject", "rejected")])
def test_silence_is_decided_by_the_policy(cast: Cast, outcome: str, state: str) -> None:
    rules(cast.merchant, deadline_hours=2, deadline_outcome=outcome)
    ask(cast.buyer_key, code_of(cast.paid_order()))
    with clock.moved(timedelta(hours=2) - timedelta(minutes=5)):
        carry_out()
        assert mine(cast.buyer_key)["state"] == "waiting_for_merchant"
    with clock.moved(timedelta(hours=2, seconds=5)):
        carry_out()
        assert mine(cast.buyer_key)["state"] == state


def test_not_mine_not_known_not_paid(cast: Cast) -> None:
    order, unpaid = cast.paid_order(), cast.order()
    for caller, code in (
        (cast.second_key, code_of(order)),
        (cast.buyer_key, "0" * 16),
        (cast.buyer_key, "nonsense"),
        (cast.buyer_key, code_of(unpaid)),
    ):
        refused = ask(caller, code)
        assert (refused.status, refused.code) == (404, "unknown_code")


def test_another_merchant_sees_none_of_it(cast: Cast) -> None:
    path = f"refunds/{ask(cast.buyer_key, code_of(cast.paid_order())).body['id']}"
    assert cast.other_key.get(path).status == 404
    assert cast.other_key.post(f"{path}/approve").status == 404
    assert cast.other_key.post(f"{path}/reject", {"reason": "No."}).status == 404
    assert cast.other_key.get("refunds").body["results"] == []
    assert cast.second_key.get("me/refunds").body["results"] == []
    assert cast.nobody.get(path).status == 401
    assert cast.buyer_key.get(path).status == 403


def test_a_photo_that_was_used_before_stops_automation(cast: Cast) -> None:
    trust(cast.buyer, 50)
    photo = a_photo()
    first = ask(cast.buyer_key, code_of(cast.paid_order()), [photo])
    again = ask(cast.buyer_key, code_of(cast.paid_order()), [photo])
    assert first.body["state"] == "approved"
    assert again.body["state"] == "waiting_for_merchant"
    assert again.body["decision"]["rule"] == "photo_used_before"


def test_caps_leave_it_to_a_person(cast: Cast) -> None:
    trust(cast.buyer)
    rules(cast.merchant, per_buyer_count=1)
    assert ask(cast.buyer_key, code_of(cast.paid_order())).body["state"] == "approved"
    second = ask(cast.buyer_key, code_of(cast.paid_order())).body
    assert (second["state"], second["decision"]["rule"]) == ("waiting_for_merchant", "buyer_cap")
    rules(cast.merchant, per_buyer_count=9, per_merchant_day_minor=6_000)
    third = ask(cast.buyer_key, code_of(cast.paid_order())).body
    assert (third["state"], third["decision"]["rule"]) == ("waiting_for_merchant", "merchant_cap")
    rules(cast.merchant, per_merchant_day_minor=10**9, person_above_minor=5_999)
    fourth = ask(cast.buyer_key, code_of(cast.paid_order())).body
    assert fourth["decision"]["rule"] == "amount_needs_person"


def test_too_late_is_refused_by_name(cast: Cast) -> None:
    order = cast.paid_order(cast.none_product)
    with clock.moved(timedelta(days=15, minutes=1)):
        refused = ask(cast.buyer_key, code_of(order))
    assert (refused.status, refused.code) == (409, "refund_window_over")


@pytest.mark.parametrize(
    ("photos", "more", "field"),
    [
        ([], {}, "photo"),
        ([b""], {}, "photo"),
        ([b"<svg/>"], {}, "photo"),
        ([b"%PDF-1.7"], {}, "photo"),
        ([a_photo(1)[:200]], {}, "photo"),
        ([a_photo(n) for n in range(6)], {}, "photo"),
        ([a_photo(1)], {"reason": ""}, "reason"),
        ([a_photo(1)], {"reason": "x" * 501}, "reason"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_held(
    cast: Cast, photos: list[bytes], more: dict[str, Any], field: str
) -> None:
    order = cast.paid_order()
    refused = ask(cast.buyer_key, code_of(order), photos, **more)
    assert (refused.status, list(refused.fields)) == (422, [field])
    assert cast.owner_key.post(f"orders/{order['id']}/redeem", {}).status == 200


def test_json_is_no_form(cast: Cast) -> None:
    assert cast.buyer_key.post("me/refunds", {"item_code": "1"}).status == 415


def test_photos_are_shown_by_addresses_that_end(cast: Cast) -> None:
    shown = ask(cast.buyer_key, code_of(cast.paid_order())).body["photos"]
    path = shown[0].removeprefix("http://").partition("/")[2]
    seen = cast.nobody.get(f"/{path}")
    assert (seen.status, seen.headers["Content-Type"]) == (200, "image/jpeg")
    with clock.moved(timedelta(minutes=6)):
        assert cast.nobody.get(f"/{path}").status == 404
    assert cast.nobody.get(f"/{path}x").status == 404


def test_low_reputation_waits(cast: Cast) -> None:
    trust(cast.buyer, BAD)
    assert ask(cast.buyer_key, code_of(cast.paid_order())).body["state"] == "waiting_for_merchant"


def test_sent_again_with_its_key_it_is_the_same_answer(cast: Cast) -> None:
    """Whatever boundary the client draws; other photos under the same key are another request."""
    code, photo = code_of(cast.paid_order()), a_photo()
    first = ask(cast.buyer_key, code, [photo], once="k-1")
    again = ask(cast.buyer_key, code, [photo], once="k-1")
    assert (first.status, again.status, again.content) == (201, 201, first.content)
    other = ask(cast.buyer_key, code, [a_photo()], once="k-1")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_key_is_taken_with_photos_as_large_as_phones_make_them(cast: Cast) -> None:
    out = BytesIO()
    Image.frombytes("RGB", (1600, 1200), random.Random(1).randbytes(1600 * 1200 * 3)).save(
        out, "JPEG", quality=95
    )
    assert len(out.getvalue()) * 2 > 4_000_000
    asked = ask(cast.buyer_key, code_of(cast.paid_order()), [out.getvalue()] * 2, once="k-2")
    assert asked.status == 201
