"""What `kill_checks` says of sales and coupons: nothing where all is well, and each thing that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.kill_checks import wrongs
from tests.faults.kill_clients import Ask

BUYER = "buyer-1"


def sale(**changed: Any) -> dict[str, Any]:
    """A till's payment in the books."""
    return {
        "id": "pay_1",
        "key": "1",
        "kind": "till",
        "order": "",
        "payer": BUYER,
        "source": "wallet",
        "scenario": "",
        "channel": "api",
        "state": "succeeded",
        "reference": "r-1",
        "amount": 1_000,
        "deduction": 300,
        "received": 700,
        "returned": 0,
        "consent": False,
        **changed,
    }


def coupon(**changed: Any) -> dict[str, Any]:
    """The coupon that it took."""
    return {"owner": BUYER, "state": "used", "payment": "pay_1", "deduction": 300, **changed}


def books(sales: list[dict[str, Any]], *coupons: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Books with nothing else in them; the wallet began with 1000."""
    start = sale(id="pay_0", key="0", kind="top_up", reference="", deduction=0, source="sandbox")
    spent = sum(one["amount"] - one["deduction"] for one in sales if one["state"] == "succeeded")
    empty: dict[str, Any] = {name: [] for name in ("orders", "returns", "charges", "refunds", "customers")}
    return {
        **empty,
        "runs": [],
        "events": [],
        "wallets": {BUYER: 1_000 - spent},
        "gateway": 0,
        "stock": {},
        "payments": [start | {"channel": "stage", "received": 0}, *sales],
        "coupons": list(coupons),
        **more,
    }


def ask(what: str, status: int, answer: dict[str, Any] | None = None, order: str = "") -> Ask:
    body = {"reference": "r-1"}
    content = json.dumps(answer or {}).encode()
    return Ask(what, BUYER, "r-1", "", body, order, status=status, content=content)


SAID = {"id": "pay_1", "amount": 1_000, "deduction": 300}
SOLD = ask("collect", 201, SAID)
BACK = {"key": "9", "payment": "pay_1", "state": "succeeded", "amount": 700}
REVERSED = books([sale(state="reversed", returned=700)], returns=[BACK])


@pytest.mark.parametrize(
    ("asks", "there"),
    [
        ([SOLD], books([sale()], coupon())),
        ([SOLD, SOLD], books([sale()], coupon())),
        ([ask("collect", 402)], books([])),
        ([ask("collect", 0)], books([sale()], coupon())),
        ([SOLD, ask("reverse", 200, order="pay_1")], REVERSED),
        ([SOLD, ask("reverse", 0, order="pay_1")], REVERSED),
        ([SOLD], books([sale()], coupon(), {**coupon(payment="", deduction=0), "state": "armed"})),
    ],
)
def test_all_is_well(asks: list[Ask], there: dict[str, Any]) -> None:
    assert wrongs(asks, there, 0) == []


@pytest.mark.parametrize(
    ("asks", "there", "said"),
    [
        ([SOLD], books([]), "answered"),
        ([SOLD], books([sale(deduction=0, received=1_000)]), "answered"),
        ([SOLD, ask("collect", 201, {**SAID, "id": "pay_2"})], books([sale()], coupon()), "pay_2"),
        ([ask("collect", 422)], books([sale()], coupon()), "refused"),
        ([], books([sale()], coupon()), "nobody asked for the sale"),
        ([SOLD], books([sale(state="failed")]), "asked for by"),
        ([SOLD], REVERSED, "nobody reversed pay_1"),
        ([SOLD, ask("reverse", 200, order="pay_1")], books([sale()], coupon()), "reversed, but pay_1"),
        ([SOLD], books([sale()]), "without a coupon"),
        ([SOLD], books([sale()], coupon(), coupon(state="locked", payment="pay_7")), "is locked by"),
        ([SOLD], books([sale()], coupon(owner="buyer-2")), "was used by"),
        ([SOLD], books([sale()], coupon(), coupon(payment="pay_7")), "was used by None"),
    ],
)
def test_what_is_wrong_is_told(asks: list[Ask], there: dict[str, Any], said: str) -> None:
    assert said in " ".join(wrongs(asks, there, 0))
