"""What a campaign may give and spend, raced; each protection beside a control in which it is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from common import locking
from coupons import spending
from coupons.flows import issue_coupon as issue_flow
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.issue_coupon import issue_coupon
from coupons.issuing import holding
from coupons.models import Campaign, CampaignDay, Coupon, FundedBy, Holding
from coupons.refusals import CouponRefused
from ledger.accounts import campaign_fund
from ledger.queries import balance
from merchants.models import Person
from payments.flows.collect_at_till import collect_at_till
from payments.flows.make_payment_code import make_payment_code
from payments.models import Payment
from payments.till import CollectAsk
from tests.cast import CNY, Cast, make_buyer, together
from tests.coupons.made import a_campaign, a_coupon

pytestmark = [pytest.mark.races, pytest.mark.usefixtures("committed", "agrees")]

MANY = 12
OFF = 300
PRICE = 1_000
DAY = 1_000


def names(results: Sequence[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def now_of(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


# --- the quota ------------------------------------------------------------------


def issue_at_once(campaign: Campaign, buyers: Sequence[Person]) -> list[Any]:
    return together(lambda number: issue_coupon(campaign.pk, buyers[number]), len(buyers))


def test_a_quota_of_three_asked_for_twelve_times(cast: Cast) -> None:
    campaign = a_campaign(cast, total_quota=3)
    results = issue_at_once(campaign, [make_buyer() for _ in range(MANY)])
    assert names(results) == {"Coupon": 3, "QuotaExhausted": MANY - 3}
    assert now_of(campaign).issued_count == Coupon.objects.filter(campaign=campaign).count() == 3


def look_then_count(monkeypatch: pytest.MonkeyPatch, count: Callable[[UUID], object]) -> None:
    """Everybody looks at the campaign and the buyer's holdings, and counts after that."""
    everybody_has_looked = Barrier(MANY)

    def look(campaign_id: UUID, _moment: datetime) -> Campaign:
        locking.ascend_to(locking.Rank.CAMPAIGN)
        campaign = Campaign.objects.get(pk=campaign_id)
        assert campaign.issued_count < campaign.total_quota
        return campaign

    def hold_then_count(campaign: Campaign, *asked: Any) -> Holding:
        held = holding(campaign, *asked)
        everybody_has_looked.wait(30)
        count(campaign.pk)
        return held

    monkeypatch.setattr(issue_flow, "lock_to_issue", look)
    monkeypatch.setattr(issue_flow, "holding", hold_then_count)


def one_more(campaign_id: UUID) -> None:
    Campaign.objects.filter(pk=campaign_id).update(issued_count=F("issued_count") + 1)


def test_control_look_then_count_twelve_set_out_and_the_constraint_stops_nine(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, buyers = a_campaign(cast, total_quota=3), [make_buyer() for _ in range(MANY)]
    with monkeypatch.context() as patched:
        look_then_count(patched, one_more)
        results = issue_at_once(campaign, buyers)
    assert names(results) == {"Coupon": 3, "IntegrityError": MANY - 3}
    assert all("campaign_within_quota" in str(r) for r in results if not isinstance(r, Coupon))


# --- what one buyer may have ------------------------------------------------------------------


def test_two_for_one_buyer_who_asks_twelve_times(cast: Cast) -> None:
    campaign = a_campaign(cast, per_buyer_limit=2)
    results = issue_at_once(campaign, [cast.buyer] * MANY)
    assert names(results) == {"Coupon": 2, "BuyerLimitReached": MANY - 2}
    assert now_of(campaign).issued_count == 2


def test_control_look_then_count_twelve_are_the_first_and_the_constraint_stops_eleven(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = a_campaign(cast, per_buyer_limit=2)
    with monkeypatch.context() as patched:
        look_then_count(patched, one_more)
        results = issue_at_once(campaign, [cast.buyer] * MANY)
    assert names(results) == {"Coupon": 1, "IntegrityError": MANY - 1}
    assert all("holding_once" in str(r) for r in results if not isinstance(r, Coupon))


# --- budgets ------------------------------------------------------------------


def ready(campaign: Campaign) -> list[tuple[str, str]]:
    """Buyers who have each armed a coupon and show a code: the code and the till's reference."""
    shown = []
    for number in range(MANY):
        buyer = make_buyer(PRICE)
        a_coupon(campaign, buyer, is_armed=True)
        shown.append((make_payment_code(buyer).digits, f"r-{number}"))
    return shown


def sell_at_once(cast: Cast, shown: Sequence[tuple[str, str]]) -> list[Any]:
    def sell(number: int) -> Payment:
        code, reference = shown[number]
        return collect_at_till(CollectAsk(cast.merchant, code, PRICE, reference))

    return together(sell, len(shown))


def reasons(results: Sequence[Any]) -> set[str]:
    return {result.reason for result in results if isinstance(result, CouponRefused)}


@pytest.mark.parametrize("limit", ["budget", "daily_budget"])
def test_a_budget_for_three_under_twelve_sales(cast: Cast, limit: str) -> None:
    campaign = a_campaign(cast, value=OFF, **{f"{limit}_minor": DAY})
    results = sell_at_once(cast, ready(campaign))
    assert names(results) == {"Payment": 3, "CouponRefused": MANY - 3}
    assert reasons(results) == {limit}
    assert cast.owner_key.get("balance").body["available"] == 3 * (PRICE - OFF)
    states = Counter(Coupon.objects.filter(campaign=campaign).values_list("state", flat=True))
    assert states == {"used": 3, "issued": MANY - 3}
    days = CampaignDay.objects.filter(campaign=campaign).values_list("spent_minor", flat=True)
    assert list(days) == ([3 * OFF] if limit == "daily_budget" else [])


def test_the_platform_s_money_is_never_more_than_was_set_aside(cast: Cast) -> None:
    campaign = a_campaign(cast, value=OFF, budget_minor=DAY, funded_by=FundedBy.PLATFORM)
    results = sell_at_once(cast, ready(campaign))
    assert names(results) == {"Payment": 3, "CouponRefused": MANY - 3}
    assert cast.owner_key.get("balance").body["available"] == 3 * PRICE
    assert balance(campaign_fund(campaign.pk), CNY) == DAY - 3 * OFF


def look_then_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks at what is spent so far, and adds to it after that."""
    everybody_has_looked = Barrier(MANY)

    def spend(campaign: Campaign, amount_minor: int, moment: datetime) -> date | None:
        locking.ascend_to(locking.Rank.CAMPAIGN)
        assert now_of(campaign).spent_minor + amount_minor <= DAY
        everybody_has_looked.wait(30)
        if campaign.budget_minor is not None:
            row = Campaign.objects.filter(pk=campaign.pk)
            row.update(spent_minor=F("spent_minor") + amount_minor)
            return None
        day = timezone.localdate(moment)
        with connection.cursor() as cursor:
            cursor.execute(spending._SPEND_DAY.partition(" WHERE")[0], [campaign.pk, day, DAY, amount_minor])
        return day

    monkeypatch.setattr(spending, "_spend", spend)


@pytest.mark.parametrize(
    ("limit", "constraint"),
    [("budget", "campaign_within_budget"), ("daily_budget", "campaign_day_within_budget")],
)
def test_control_look_then_spend_twelve_set_out_and_the_constraint_stops_nine(
    cast: Cast, limit: str, constraint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = ready(a_campaign(cast, value=OFF, **{f"{limit}_minor": DAY}))
    with monkeypatch.context() as patched:
        look_then_spend(patched)
        results = sell_at_once(cast, shown)
    assert names(results) == {"Payment": 3, "IntegrityError": MANY - 3}
    assert all(constraint in str(r) for r in results if not isinstance(r, Payment))


# --- arming ------------------------------------------------------------------


def arm_at_once(buyer: Person, coupons: Sequence[Coupon]) -> list[Any]:
    return together(lambda number: arm_coupon(buyer, coupons[number].pk), len(coupons))


def test_eight_coupons_armed_at_once_one_stays_so(cast: Cast) -> None:
    campaign = a_campaign(cast)
    coupons = [a_coupon(campaign, cast.buyer) for _ in range(8)]
    assert names(arm_at_once(cast.buyer, coupons)) == {"Coupon": 8}
    states = Counter(Coupon.objects.filter(campaign=campaign).values_list("state", flat=True))
    assert states == {"armed": 1, "issued": 7}


def test_control_without_the_turn_the_constraint_stops_seven(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = a_campaign(cast)
    coupons = [a_coupon(campaign, cast.buyer) for _ in range(8)]
    everybody_has_looked, lock = Barrier(8), locking.lock_rows

    def lock_then_wait(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        found = lock(rows, skip_locked=skip_locked)
        everybody_has_looked.wait(30)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(locking, "wait_in_transaction", lambda _name: None)
        patched.setattr(locking, "lock_rows", lock_then_wait)
        results = arm_at_once(cast.buyer, coupons)
    assert names(results) == {"Coupon": 1, "IntegrityError": 7}
    assert all("coupon_armed_once_a_buyer" in str(r) for r in results if not isinstance(r, Coupon))
