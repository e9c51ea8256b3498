"""The till raced from many connections; each protection beside a control in which it is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import models

from common import locking
from common.rows import read_rows
from coupons import spending
from coupons.arming import arming_turn
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.change_campaign import change_campaign
from coupons.flows.put_back_coupon import put_back_coupon
from coupons.models import CampaignState, Coupon
from merchants.models import Person
from payments import till_lookup
from payments.flows import collect_at_till as till_flow
from payments.flows.collect_at_till import collect_at_till
from payments.flows.give_up_sale import give_up_sale
from payments.flows.make_payment_code import make_payment_code
from payments.flows.reverse_payment import reverse_payment
from payments.models import GivenUpSale, Payment, PaymentCode, Return
from payments.till import CollectAsk
from tests.cast import WALLET_MINOR, Cast, make_buyer, together
from tests.coupons.made import a_campaign, a_coupon

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 12
ROUNDS = 8
PRICE = 10_000
OFF = 2_000


def names(results: Sequence[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def race(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    works = (first, second)
    return together(lambda number: works[number](), 2)


def elsewhere(work: Callable[[], Any]) -> Any:
    """Do it on another connection, now."""
    (result,) = together(lambda _number: work(), 1)
    return result


def digits(buyer: Person) -> str:
    return make_payment_code(buyer).digits


def ask(cast: Cast, code: str, reference: str = "r-1", amount: int = PRICE) -> CollectAsk:
    return CollectAsk(cast.merchant, code, amount, reference)


def sales(cast: Cast) -> list[Payment]:
    return list(Payment.objects.filter(merchant=cast.merchant, kind="till").order_by("pk"))


def wallet(cast: Cast) -> int:
    return int(cast.buyer_key.get("me").body["wallet"]["balance"])


def available(cast: Cast) -> int:
    return int(cast.owner_key.get("balance").body["available"])


def without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The till's statement takes no turns; the code's row is locked as ever."""
    monkeypatch.setattr(till_lookup, "_CODE", till_lookup._CODE.replace("pg_advisory_xact_lock(", "abs("))


def without_locks(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Nor is the row; whoever has read it waits until the others have too."""
    without_turns(monkeypatch)
    everybody_has_looked = Barrier(many)

    def read_sql(statement: str, values: Sequence[object], *kinds: type[models.Model]) -> Any:
        found = read_rows(statement, values, *kinds)
        everybody_has_looked.wait(30)
        return found

    monkeypatch.setattr(locking, "lock_read", read_sql)


def unlocked(monkeypatch: pytest.MonkeyPatch, kind: type[models.Model], many: int) -> None:
    """`lock_rows` and `lock_read` of this kind only read; whoever has waits until the others have too."""
    everybody_has_looked, lock_read = Barrier(many), locking.lock_read

    def read(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is kind:
            everybody_has_looked.wait(30)
        return found

    def read_sql(statement: str, values: Sequence[object], *kinds: type[models.Model]) -> Any:
        if kinds[0] is not kind:
            return lock_read(statement, values, *kinds)
        found = read_rows(statement, values, *kinds)
        everybody_has_looked.wait(30)
        return found

    monkeypatch.setattr(locking, "lock_rows", read)
    monkeypatch.setattr(locking, "lock_read", read_sql)


def between(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, work: Callable[[], Any]) -> list[Any]:
    """Let `work` happen on another connection right after the first call of `module.name`."""
    real, results = getattr(module, name), list[Any]()

    def call_then_let(*asked: Any, **how: Any) -> Any:
        found = real(*asked, **how)
        if not results:
            results.append(None)
            results[0] = elsewhere(work)
        return found

    monkeypatch.setattr(module, name, call_then_let)
    return results


# --- one code, one reference -----------------------------------------------------------------------


def scan_at_once(cast: Cast, code: str) -> list[Any]:
    return together(lambda number: collect_at_till(ask(cast, code, f"r-{number}")), MANY)


@pytest.mark.parametrize("with_coupon", [False, True])
def test_one_code_scanned_twelve_times_is_one_sale(cast: Cast, with_coupon: bool) -> None:
    coupon = a_coupon(a_campaign(cast), cast.buyer, is_armed=True) if with_coupon else None
    results = scan_at_once(cast, digits(cast.buyer))
    assert names(results) == {"Payment": 1, "PaymentCodeInvalid": MANY - 1}
    (sale,) = sales(cast)
    paid = PRICE - OFF * with_coupon
    assert (sale.paid_minor, wallet(cast), available(cast)) == (paid, WALLET_MINOR - paid, paid)
    if coupon is not None:
        assert Coupon.objects.get(pk=coupon.pk).state == "used"


def test_control_without_the_locks_one_code_pays_twelve_times(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = digits(cast.buyer)
    with monkeypatch.context() as inner:
        without_locks(inner, MANY)
        results = scan_at_once(cast, code)
    assert names(results) == {"Payment": MANY}
    assert wallet(cast) == WALLET_MINOR - MANY * PRICE


def refer_at_once(cast: Cast, codes: Sequence[str]) -> list[Any]:
    return together(lambda number: collect_at_till(ask(cast, codes[number])), MANY)


@pytest.mark.parametrize("codes_shown", [1, MANY])
def test_one_reference_twelve_times_is_one_sale(cast: Cast, codes_shown: int) -> None:
    """Twelve times the same request, or twelve buyers whose codes were scanned for one sale."""
    buyers = [make_buyer(PRICE) for _ in range(codes_shown)]
    codes = [digits(buyer) for buyer in buyers]
    results = refer_at_once(cast, codes * (MANY // codes_shown))
    assert names(results) == {"Payment": MANY}
    assert len({result.pk for result in results}) == len(sales(cast)) == 1
    assert available(cast) == PRICE


def test_control_without_the_turn_the_constraint_stops_eleven(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [digits(make_buyer(PRICE)) for _ in range(MANY)]
    everybody_has_looked, look = Barrier(MANY), till_lookup.look_around

    def look_then_wait(*asked: Any) -> till_lookup.Around:
        found = look(*asked)
        everybody_has_looked.wait(30)
        return found

    with monkeypatch.context() as inner:
        without_turns(inner)
        inner.setattr(till_flow, "look_around", look_then_wait)
        results = refer_at_once(cast, codes)
    assert names(results) == {"Payment": 1, "IntegrityError": MANY - 1}
    assert all("payment_once_a_reference" in str(r) for r in results if not isinstance(r, Payment))
    assert available(cast) == PRICE


# --- a new code while the old one is collected -------------------------------------------------------


def test_a_new_code_against_the_old_one_s_sale(cast: Cast) -> None:
    for number in range(ROUNDS):
        code = digits(cast.buyer)
        sold, made = race(
            lambda code=code, number=number: collect_at_till(ask(cast, code, f"r-{number}")),  # type: ignore[misc]
            lambda: make_payment_code(cast.buyer),
        )
        old = PaymentCode.objects.filter(buyer=cast.buyer).exclude(pk=made.row.pk).latest("created_at")
        outcome = {"Payment": "used", "PaymentCodeInvalid": "replaced"}[type(sold).__name__]
        assert old.outcome == outcome
        assert [row.pk for row in PaymentCode.objects.filter(buyer=cast.buyer, ended_at=None)] == [
            made.row.pk
        ]
    assert wallet(cast) == WALLET_MINOR - PRICE * len(sales(cast))


def test_control_without_the_lock_a_replaced_code_is_charged(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = digits(cast.buyer)
    with monkeypatch.context() as inner:
        without_locks(inner, 1)
        results = between(inner, till_flow, "lock_code", lambda: make_payment_code(cast.buyer))
        sold = collect_at_till(ask(cast, code))
    assert names(results) == {"Shown": 1}
    assert sold.state == "succeeded", "though the buyer had a new code by then"


# --- what the buyer has armed is what is charged -------------------------------------------------------


def test_arming_against_a_sale_is_before_it_or_after_it(cast: Cast) -> None:
    """Charged in full: the coupon was set after that, and is there for the next code."""
    campaign = a_campaign(cast)
    for number in range(ROUNDS):
        coupon, code = a_coupon(campaign, cast.buyer), digits(cast.buyer)
        sold, _armed = race(
            lambda code=code, number=number: collect_at_till(ask(cast, code, f"r-{number}")),  # type: ignore[misc]
            lambda coupon=coupon: arm_coupon(cast.buyer, coupon.pk),  # type: ignore[misc]
        )
        state = Coupon.objects.get(pk=coupon.pk).state
        assert (sold.deduction_minor, state) in ((OFF, "used"), (0, "armed"))
        put_back_coupon(cast.buyer, coupon.pk)


def nobody_may_arm(buyer: Person) -> bool:
    with locking.alone(arming_turn(buyer.pk)) as is_free:
        return not is_free


def test_nobody_arms_between_the_look_and_the_charge(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    code = digits(cast.buyer)
    with monkeypatch.context() as inner:
        results = between(inner, till_flow, "look_around", lambda: nobody_may_arm(cast.buyer))
        collect_at_till(ask(cast, code))
    assert results == [True]
    assert elsewhere(lambda: nobody_may_arm(cast.buyer)) is False


def test_control_without_the_turn_a_coupon_is_set_and_the_full_price_charged(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon, code = a_coupon(a_campaign(cast), cast.buyer), digits(cast.buyer)
    with monkeypatch.context() as inner:
        without_turns(inner)
        results = between(inner, till_flow, "look_around", lambda: arm_coupon(cast.buyer, coupon.pk).state)
        sold = collect_at_till(ask(cast, code))
    assert results == ["armed"], "the buyer was told so before the money moved"
    assert sold.deduction_minor == 0


def test_put_back_against_a_sale_either_way_agrees(cast: Cast) -> None:
    campaign = a_campaign(cast)
    for number in range(ROUNDS):
        coupon, code = a_coupon(campaign, cast.buyer, is_armed=True), digits(cast.buyer)
        sold, back = race(
            lambda code=code, number=number: collect_at_till(ask(cast, code, f"r-{number}")),  # type: ignore[misc]
            lambda coupon=coupon: put_back_coupon(cast.buyer, coupon.pk),  # type: ignore[misc]
        )
        seen = (sold.deduction_minor, Coupon.objects.get(pk=coupon.pk).state, back.state)
        assert seen in ((OFF, "used", "used"), (0, "issued", "issued"))


def test_control_without_the_lock_a_coupon_is_used_that_was_put_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon, code = a_coupon(a_campaign(cast), cast.buyer, is_armed=True), digits(cast.buyer)
    with monkeypatch.context() as inner:
        unlocked(inner, Coupon, 1)
        results = between(
            inner, spending, "_lock_owned", lambda: put_back_coupon(cast.buyer, coupon.pk).state
        )
        sold = collect_at_till(ask(cast, code))
    assert results == ["issued"]
    assert sold.deduction_minor == OFF


def test_pausing_against_a_sale_never_charges_in_full(cast: Cast) -> None:
    for number in range(ROUNDS):
        campaign = a_campaign(cast)
        a_coupon(campaign, cast.buyer, is_armed=True)
        code = digits(cast.buyer)
        sold, _paused = race(
            lambda code=code, number=number: collect_at_till(ask(cast, code, f"r-{number}")),  # type: ignore[misc]
            lambda pk=campaign.pk: change_campaign(cast.merchant, pk, CampaignState.PAUSED),  # type: ignore[misc]
        )
        assert names([sold])["Payment"] + names([sold])["CouponRefused"] == 1
        assert getattr(sold, "deduction_minor", OFF) == OFF
    assert wallet(cast) == WALLET_MINOR - (PRICE - OFF) * len(sales(cast))


# --- taking a sale back ---------------------------------------------------------------------------------


def a_sale(cast: Cast, reference: str = "r-1") -> tuple[Payment, UUID]:
    coupon = a_coupon(a_campaign(cast, budget_minor=OFF), cast.buyer, is_armed=True)
    return collect_at_till(ask(cast, digits(cast.buyer), reference)), coupon.pk


def is_back(cast: Cast, sale: Payment, coupon: UUID) -> bool:
    row = Coupon.objects.select_related("campaign").get(pk=coupon)
    state = Payment.objects.get(pk=sale.pk).state
    returns = [back.amount_minor for back in Return.objects.filter(payment=sale)]
    told = (state, row.state, row.campaign.spent_minor, returns)
    return told == ("reversed", "issued", 0, [PRICE - OFF]) and wallet(cast) == WALLET_MINOR


def reverse_at_once(cast: Cast, sale: Payment, many: int) -> list[Any]:
    return together(lambda _number: reverse_payment(cast.merchant, sale.pk), many)


def test_of_eight_reversals_one_moves_the_money(cast: Cast) -> None:
    sale, coupon = a_sale(cast)
    assert names(reverse_at_once(cast, sale, 8)) == {"Payment": 1, "InvalidState": 7}
    assert is_back(cast, sale, coupon)


def test_control_without_the_lock_eight_set_out_and_the_database_stops_seven(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale, coupon = a_sale(cast)
    with monkeypatch.context() as inner:
        unlocked(inner, Payment, 8)
        results = reverse_at_once(cast, sale, 8)
    assert names(results) == {"Payment": 1, "IntegrityError": 7}
    assert is_back(cast, sale, coupon)


def test_reversing_against_giving_up_reverses_once(cast: Cast) -> None:
    for number in range(ROUNDS):
        reference = f"r-{number}"
        sale, coupon = a_sale(cast, reference)
        reversed_, given_up = race(
            lambda pk=sale.pk: reverse_payment(cast.merchant, pk),  # type: ignore[misc]
            lambda reference=reference: give_up_sale(cast.merchant, reference),  # type: ignore[misc]
        )
        assert given_up.state == "reversed"
        assert names([reversed_]).keys() <= {"Payment", "InvalidState"}
        assert is_back(cast, sale, coupon)


def test_giving_up_against_collecting_never_both(cast: Cast) -> None:
    """Given up before: nothing is ever sold under it. After: what was sold is reversed."""
    for number in range(ROUNDS):
        code, reference = digits(cast.buyer), f"r-{number}"
        sold, _given_up = race(
            lambda code=code, reference=reference: collect_at_till(ask(cast, code, reference)),  # type: ignore[misc]
            lambda reference=reference: give_up_sale(cast.merchant, reference),  # type: ignore[misc]
        )
        assert names([sold]).keys() <= {"Payment", "ReferenceVoid"}
        assert GivenUpSale.objects.filter(merchant=cast.merchant, reference=reference).count() == 1
    assert {sale.state for sale in sales(cast)} <= {"reversed"}
    assert (wallet(cast), available(cast)) == (WALLET_MINOR, 0)


def test_control_without_the_turn_a_sale_stands_that_was_given_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = digits(cast.buyer)
    with monkeypatch.context() as inner:
        without_turns(inner)
        results = between(inner, till_flow, "look_around", lambda: give_up_sale(cast.merchant, "r-1"))
        sold = collect_at_till(ask(cast, code))
    assert (results, sold.state) == ([None], "succeeded")
