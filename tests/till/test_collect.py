"""Collecting at the till through the API: amounts, coupons, refusals that lose nothing, references."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common import clock
from payments.models import Payment, PaymentCode
from tests.cast import WALLET_MINOR, Cast
from tests.coupons.stage import (
    armed,
    available,
    collect,
    issue,
    make_campaign,
    payment_code,
    state_of,
    wallet,
)

pytestmark = pytest.mark.usefixtures("agrees")


def test_a_sale_without_a_coupon(cast: Cast) -> None:
    code = payment_code(cast.buyer_key)
    assert len(code) == 18
    answer = collect(cast.owner_key, code, 1234, "r-1")
    assert answer.status == 201
    body = answer.body
    assert (body["kind"], body["state"], body["reference"]) == ("till", "succeeded", "r-1")
    assert (body["amount"], body["deduction"], body["paid"], body["coupon"]) == (1234, 0, 1234, None)
    assert (wallet(cast.buyer_key), available(cast.owner_key)) == (WALLET_MINOR - 1234, 1234)


@pytest.mark.parametrize(
    ("terms", "amount", "deduction"),
    [
        ({"value": 2_000}, 10_000, 2_000),
        ({"kind": "percent", "value": 15}, 1_030, 155),
        ({"kind": "percent", "value": 10, "cap": 3_000}, 50_000, 3_000),
        ({"value": 2_000, "minimum_spend": 10_000}, 10_000, 2_000),
        ({"value": 2_000}, 1_500, 1_500),
    ],
)
def test_an_armed_coupon_comes_off(cast: Cast, terms: dict[str, object], amount: int, deduction: int) -> None:
    coupon = armed(cast, **terms)
    body = collect(cast.owner_key, payment_code(cast.buyer_key), amount, "r-1").body
    assert (body["amount"], body["deduction"], body["paid"]) == (amount, deduction, amount - deduction)
    assert body["coupon"] == {"campaign_name": "Twenty off"}
    assert state_of(cast.buyer_key, coupon) == "used"
    assert wallet(cast.buyer_key) == WALLET_MINOR - amount + deduction
    assert available(cast.owner_key) == amount - deduction


def test_below_the_minimum_nothing_is_charged(cast: Cast) -> None:
    coupon = armed(cast, minimum_spend=10_000)
    code = payment_code(cast.buyer_key)
    refused = collect(cast.owner_key, code, 9_999, "r-1")
    assert (refused.status, refused.code) == (409, "coupon_refused")
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert (wallet(cast.buyer_key), available(cast.owner_key)) == (WALLET_MINOR, 0)
    again = collect(cast.owner_key, code, 9_999, "r-1")
    assert (again.status, again.code) == (422, "payment_code_invalid")
    paid = collect(cast.owner_key, payment_code(cast.buyer_key), 9_999, "r-1")
    assert (paid.status, paid.body["deduction"]) == (201, 0)


def test_another_shops_coupon_is_refused(cast: Cast) -> None:
    coupon = armed(cast)
    refused = collect(cast.other_key, payment_code(cast.buyer_key), 10_000, "r-1")
    assert (refused.status, refused.code) == (409, "coupon_refused")
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_short_money_releases_the_coupon(cast: Cast) -> None:
    coupon = armed(cast)
    refused = collect(cast.owner_key, payment_code(cast.buyer_key), WALLET_MINOR + 2_001, "r-1")
    assert (refused.status, refused.code) == (402, "insufficient_funds")
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert wallet(cast.buyer_key) == WALLET_MINOR


def test_the_same_reference_is_the_same_payment(cast: Cast) -> None:
    first = collect(cast.owner_key, payment_code(cast.buyer_key), 500, "r-1")
    code = payment_code(cast.buyer_key)
    again = collect(cast.owner_key, code, 500, "r-1")
    assert again.body == first.body
    assert collect(cast.owner_key, code, 700, "r-2").status == 201
    assert collect(cast.other_key, payment_code(cast.buyer_key), 500, "r-1").status == 201
    assert wallet(cast.buyer_key) == WALLET_MINOR - 500 - 700 - 500


def test_codes_that_cannot_pay_are_one_answer(cast: Cast) -> None:
    used = payment_code(cast.buyer_key)
    assert collect(cast.owner_key, used, 100, "r-0").status == 201
    ended = payment_code(cast.buyer_key)
    late = payment_code(cast.buyer_key)
    PaymentCode.objects.filter(ended_at=None).update(expires_at=clock.now() - timedelta(seconds=10))
    answers = [
        collect(cast.owner_key, code, 100, f"r-{place}")
        for place, code in enumerate((used, ended, late, "660000000000000000", "12", "x" * 40), 1)
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(422, "payment_code_invalid")}
    assert len({answer.content for answer in answers}) == 1
    assert Payment.objects.filter(kind="till", merchant=cast.merchant).count() == 1


@pytest.mark.parametrize("amount", [0, -1, 1.5, "100", True, None, 1_000_000_000, [], {}])
def test_nonsense_amounts(cast: Cast, amount: object) -> None:
    code = payment_code(cast.buyer_key)
    answer = cast.owner_key.post("till/collect", {"payment_code": code, "amount": amount, "reference": "r-1"})
    assert (answer.status, list(answer.fields)) == (422, ["amount"])
    assert collect(cast.owner_key, code, 100, "r-1").status == 201


def test_a_scoped_coupon_needs_lines(cast: Cast) -> None:
    shirt = cast.owner_key.post(
        "products", {"name": "Shirt", "price": 5_000, "currency": "CNY", "redeem_by": "none"}
    ).body["id"]
    armed(cast, kind="percent", value=10, products=[shirt])
    assert collect(cast.owner_key, payment_code(cast.buyer_key), 13_000, "r-1").code == "coupon_refused"
    armed(cast, kind="percent", value=10, products=[shirt])
    lines = [{"product": shirt, "quantity": 2}]
    sold = collect(cast.owner_key, payment_code(cast.buyer_key), 13_000, "r-1", lines=lines)
    assert (sold.status, sold.body["deduction"]) == (201, 1_000)


def test_reverse_gives_back_money_and_coupon(cast: Cast) -> None:
    coupon = armed(cast)
    sold = collect(cast.owner_key, payment_code(cast.buyer_key), 10_000, "r-1").body
    back = cast.owner_key.post(f"payments/{sold['id']}/reverse", {"reason": "wrong price"})
    assert (back.status, back.body["state"], back.body["refunded_amount"]) == (200, "reversed", 8_000)
    assert state_of(cast.buyer_key, coupon) == "issued"
    assert (wallet(cast.buyer_key), available(cast.owner_key)) == (WALLET_MINOR, 0)
    assert cast.owner_key.post(f"payments/{sold['id']}/reverse").status == 409
    assert cast.other_key.post(f"payments/{sold['id']}/reverse").status == 404


def test_an_orders_payment_is_not_reversed(cast: Cast) -> None:
    order = cast.paid_order()
    payments = cast.owner_key.get("payments").body["results"]
    assert payments[0]["order"] == order["id"]
    refused = cast.owner_key.post(f"payments/{payments[0]['id']}/reverse")
    assert (refused.status, refused.code) == (409, "invalid_state")


def test_limits_of_issuing(cast: Cast) -> None:
    campaign = make_campaign(cast, total_quota=3, per_buyer_limit=2)
    issue(cast, campaign)
    issue(cast, campaign)
    limited = cast.owner_key.post(f"campaigns/{campaign}/issue", {"buyer_phone": cast.buyer.phone})
    assert (limited.status, limited.code) == (409, "buyer_limit_reached")
    issue(cast, campaign, cast.second_buyer.phone)
    gone = cast.owner_key.post(f"campaigns/{campaign}/issue", {"buyer_phone": cast.second_buyer.phone})
    assert (gone.status, gone.code) == (409, "quota_exhausted")


def test_platform_campaigns_are_not_made_by_key(cast: Cast) -> None:
    from tests.coupons.stage import campaign_body

    refused = cast.owner_key.post("campaigns", campaign_body(funded_by="platform", budget=10_000))
    assert refused.status == 403


def test_arming_another_puts_the_first_back(cast: Cast) -> None:
    first, second = armed(cast), armed(cast)
    assert (state_of(cast.buyer_key, first), state_of(cast.buyer_key, second)) == ("issued", "armed")
    back = cast.buyer_key.post(f"me/coupons/{second}/put-back")
    assert (back.status, back.body["state"]) == (200, "issued")
    assert cast.buyer_key.post(f"me/coupons/{second}/put-back").status == 200


def test_the_pin(cast: Cast) -> None:
    assert cast.buyer_key.put("me/pin", {"pin": "123456"}).status == 200
    assert cast.buyer_key.put("me/pin", {"pin": "222333"}).status == 422
    assert cast.buyer_key.put("me/pin", {"pin": "135790", "old_pin": "123457"}).code == "pin_wrong"
    coupon = armed(cast)
    asked = collect(cast.owner_key, payment_code(cast.buyer_key), 60_000, "r-1")
    assert (asked.status, asked.code) == (409, "pin_required")
    wrong = cast.buyer_key.post("me/payment-codes", {"pin": "000000"})
    assert (wrong.status, wrong.code) == (422, "pin_wrong")
    sold = collect(cast.owner_key, payment_code(cast.buyer_key, pin="123456"), 60_000, "r-1")
    assert (sold.status, sold.body["deduction"]) == (201, 2_000)
    assert state_of(cast.buyer_key, coupon) == "used"


def test_the_pictures_hold_the_code(cast: Cast) -> None:
    shown = cast.buyer_key.post("me/payment-codes", {}).body
    for kind in ("qr", "barcode"):
        address = shown[kind].split("/", 3)[3]
        drawn = cast.nobody.client.get(f"/{address}?format=png")
        assert (drawn.status_code, drawn["Content-Type"]) == (200, "image/png")
        assert read(drawn.content) == shown["code"]
        assert shown["code"] not in shown[kind]
        assert cast.nobody.client.get(f"/{address}")["Content-Type"] == "image/svg+xml"
    assert cast.nobody.client.get("/payment-code/x/qr").status_code == 404


def read(png: bytes) -> str:
    from io import BytesIO

    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcode(Image.open(BytesIO(png)))
    assert found is not None
    return str(found.text)
