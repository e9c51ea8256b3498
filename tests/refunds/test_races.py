"""Refunds raced from many connections; each protection beside a control in which it is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from common import clock, locking
from merchants.models import Person
from orders.models import Item
from refunds.flows import ask_refund as asking
from refunds.models import MerchantDay, Refund
from tests.cast import WALLET_MINOR, Answer, Caller, Cast, key_of, make_buyer, together
from tests.refunds.stage import ask, carry_out, rules, trust

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 8


def outcomes(answers: list[Any]) -> Counter[Any]:
    return Counter(
        (answer.code or answer.body.get("state", answer.status))
        if isinstance(answer, Answer)
        else type(answer).__name__
        for answer in answers
    )


def ask_for(code: str, buyer: Person) -> Callable[[int], Answer]:
    key = key_of(buyer)
    return lambda _number: ask(Caller(key), code)


def unlocked(monkeypatch: pytest.MonkeyPatch, kind: type[models.Model], many: int) -> None:
    """`lock_rows` only reads this kind; whoever has waits until the others have too."""
    everybody_has_looked, lock_rows = Barrier(many), locking.lock_rows

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        if rows.model is not kind:
            return lock_rows(rows, skip_locked=skip_locked)
        found = list(rows.order_by("pk"))
        everybody_has_looked.wait(30)
        return found

    monkeypatch.setattr(locking, "lock_rows", read)


def make_day(cast: Cast) -> None:
    """Else the others would wait for whoever inserts it."""
    MerchantDay.objects.create(merchant=cast.merchant, day=timezone.localdate(clock.now()))


def test_one_unit_eight_times_is_one_refund(cast: Cast) -> None:
    trust(cast.buyer)
    code = cast.paid_order()["items"][0]["code"]
    assert outcomes(together(ask_for(code, cast.buyer), MANY)) == {
        "approved": 1,
        "already_requested": MANY - 1,
    }
    carry_out()
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR


def test_control_without_looking_again_only_the_constraint_says_no(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody finds that nobody has asked, and goes on: not by name are the others stopped."""
    trust(cast.buyer)
    code = cast.paid_order()["items"][0]["code"]
    monkeypatch.setattr(asking, "_refuse_if_asked", lambda _item: None)
    monkeypatch.setattr(asking, "_refuse_if_held", lambda _item: None)
    told = outcomes(together(ask_for(code, cast.buyer), MANY))
    assert told == {"approved": 1, "internal": MANY - 1}
    assert Refund.objects.filter(item__code=code).count() == 1


def test_a_buyers_cap_holds_for_eight_at_once(cast: Cast) -> None:
    trust(cast.buyer)
    rules(cast.merchant, per_buyer_count=3)
    codes = [cast.paid_order()["items"][0]["code"] for _ in range(MANY)]
    key = key_of(cast.buyer)
    told = outcomes(together(lambda number: ask(Caller(key), codes[number]), MANY))
    assert told == {"approved": 3, "waiting_for_merchant": MANY - 3}


def test_control_without_the_standing_s_lock_the_cap_is_outrun(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(cast.buyer)
    rules(cast.merchant, per_buyer_count=1)
    make_day(cast)
    codes = [cast.paid_order()["items"][0]["code"] for _ in range(4)]
    key = key_of(cast.buyer)
    monkeypatch.setattr(asking, "lock_standing", lambda _buyer: None)
    unlocked(monkeypatch, MerchantDay, 4)
    told = outcomes(together(lambda number: ask(Caller(key), codes[number]), 4))
    assert told["approved"] > 1


def test_a_day_s_cap_holds_for_eight_buyers_at_once(cast: Cast) -> None:
    rules(cast.merchant, per_merchant_day_minor=18_000)
    buyers = [make_buyer(10_000) for _ in range(MANY)]
    codes = []
    for buyer in buyers:
        trust(buyer)
        order = cast.order()
        assert cast.pay(Caller(key_of(buyer)), order).status == 201
        codes.append(order["items"][0]["code"])
    keys = [key_of(buyer) for buyer in buyers]
    told = outcomes(together(lambda number: ask(Caller(keys[number]), codes[number]), MANY))
    assert told == {"approved": 3, "waiting_for_merchant": MANY - 3}
    assert MerchantDay.objects.get(merchant=cast.merchant).amount_minor == 18_000


def test_control_without_the_day_s_lock_it_is_outrun(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(cast.merchant, per_merchant_day_minor=6_000)
    make_day(cast)
    buyers = [make_buyer(10_000) for _ in range(4)]
    codes = []
    for buyer in buyers:
        trust(buyer)
        order = cast.order()
        assert cast.pay(Caller(key_of(buyer)), order).status == 201
        codes.append(order["items"][0]["code"])
    keys = [key_of(buyer) for buyer in buyers]
    unlocked(monkeypatch, MerchantDay, 4)
    told = outcomes(together(lambda number: ask(Caller(keys[number]), codes[number]), 4))
    assert told["approved"] > 1


def decisions(cast: Cast, path: str) -> Callable[[int], Answer]:
    key, verbs = cast.owner_key.key, (("approve", None), ("reject", {"reason": "No."}))
    return lambda number: Caller(key).post(f"{path}/{verbs[number][0]}", verbs[number][1])


def asks_and_redeems(cast: Cast, code: str, path: str) -> Callable[[int], Answer]:
    buyer, owner = cast.buyer_key.key, cast.owner_key.key
    return lambda number: Caller(owner).post(path, {}) if number else ask(Caller(buyer), code)


def test_approve_against_reject_has_one_winner(cast: Cast) -> None:
    for _round in range(6):
        path = f"refunds/{ask(cast.buyer_key, cast.paid_order()['items'][0]['code']).body['id']}"
        told = outcomes(together(decisions(cast, path), 2))
        assert told in ({"approved": 1, "already_decided": 1}, {"rejected": 1, "already_decided": 1})


def test_refund_against_redeem_has_one_winner(cast: Cast) -> None:
    """Asked for first, the unit is held; redeemed first, it is a redeemed unit's refund."""
    for _round in range(6):
        order = cast.paid_order()
        code, path = order["items"][0]["code"], f"orders/{order['id']}/redeem"
        asked, redeemed = together(asks_and_redeems(cast, code, path), 2)
        assert asked.status == 201
        assert redeemed.status == 200 or redeemed.code == "held"
        unit = Item.objects.get(code=code)
        assert unit.held_at is not None
        assert unit.state == ("redeemed" if redeemed.status == 200 else "issued")


def test_sent_by_two_workers_at_once_it_goes_back_once(cast: Cast) -> None:
    trust(cast.buyer)
    for _number in range(3):
        ask(cast.buyer_key, cast.paid_order()["items"][0]["code"])
    together(lambda _number: carry_out(), 4)
    carry_out()
    assert cast.buyer_key.get("me").body["wallet"]["balance"] == WALLET_MINOR
