"""Any life of coupons at a till, against a model of a few lines; the books agree at the end (hypothesis).

The model knows the documents, not the code: states as in SURFACE, arithmetic as in docs/pricing.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common import clock
from common.refusals import InvalidState, Refusal
from coupons.flows.arm_coupon import arm_coupon
from coupons.flows.change_campaign import change_campaign
from coupons.flows.issue_coupon import issue_coupon
from coupons.flows.make_campaign import CampaignAsk, make_campaign
from coupons.flows.put_back_coupon import put_back_coupon
from coupons.models import Campaign, CampaignDay, CampaignState, Coupon
from ledger import accounts
from ledger.queries import balance
from merchants.models import Person
from payments.flows.collect_at_till import collect_at_till
from payments.flows.make_payment_code import make_payment_code
from payments.flows.reverse_payment import reverse_payment
from payments.till import CollectAsk
from tests.cast import CNY, make_buyer, make_merchant, money_disagrees

PURSE = 60_000
TERMS: tuple[dict[str, Any], ...] = (
    {"kind": "fixed", "value": 2_000, "minimum_spend_minor": 5_000, "total_quota": 4, "per_buyer_limit": 3},
    {"kind": "percent", "value": 33, "cap_minor": 1_500, "budget_minor": 3_000, "per_buyer_limit": 4},
    {
        "kind": "fixed",
        "value": 900,
        "budget_minor": 4_000,
        "daily_budget_minor": 1_000,
        "funded_by": "platform",
    },
)
ENDS_IN = timedelta(days=3)
CODE_LIVES, ARMED_LIVES = timedelta(seconds=65), timedelta(minutes=15)

who = st.integers(0, 1)
which = st.integers(0, len(TERMS) - 1)
any_one = st.integers(0, 30)


@dataclass
class Promise:
    """What the model knows of a coupon."""

    owner: int
    campaign: int
    state: str = "issued"
    armed_until: datetime | None = None
    taken: int = 0
    day: date | None = None


@dataclass
class Sale:
    """What the model knows of a sale."""

    buyer: int
    amount: int
    coupon: UUID | None
    taken: int
    platform: int
    stands: bool = True


class AtTheTill(RuleBasedStateMachine):
    """One shop, two buyers, three campaigns; the clock stands still but where it is moved."""

    @initialize()
    def open(self) -> None:
        self.moment = timezone.now()
        self.frozen = mock.patch.object(clock, "now", self._now)
        self.frozen.start()
        self.began = money_disagrees()
        self.shop = make_merchant()
        self.buyers: list[Person] = [make_buyer(PURSE), make_buyer(PURSE)]
        self.campaigns = [self._campaign(terms) for terms in TERMS]
        self.states = ["active"] * len(TERMS)
        self.ends = self.moment + ENDS_IN
        self.coupons: dict[UUID, Promise] = {}
        self.sales: dict[UUID, Sale] = {}
        self.codes: dict[int, tuple[str, datetime] | None] = {0: None, 1: None}
        self.asked = 0

    def _now(self) -> datetime:
        return self.moment

    def _campaign(self, terms: dict[str, Any]) -> Campaign:
        wide = {"total_quota": 100, "per_buyer_limit": 100}
        hours = {"starts_at": self.moment - timedelta(hours=1), "ends_at": self.moment + ENDS_IN}
        return make_campaign(CampaignAsk(merchant=self.shop, name="Off", **{**wide, **hours, **terms}))

    def teardown(self) -> None:
        if hasattr(self, "frozen"):
            assert money_disagrees() <= self.began
            self.frozen.stop()

    # --- what happens --------------------------------------------------------------------

    @rule(campaign=which, buyer=who)
    def issue(self, campaign: int, buyer: int) -> None:
        mine = [row for row in self.coupons.values() if row.campaign == campaign]
        terms = TERMS[campaign]
        wanted = (
            self._not_running(campaign, "CampaignEnded")
            or ("QuotaExhausted" if len(mine) >= terms.get("total_quota", 100) else None)
            or (
                "BuyerLimitReached"
                if sum(row.owner == buyer for row in mine) >= terms.get("per_buyer_limit", 100)
                else None
            )
        )
        made = self._ask(wanted, lambda: issue_coupon(self.campaigns[campaign].pk, self.buyers[buyer]))
        if made is not None:
            self.coupons[made.pk] = Promise(buyer, campaign)

    @rule(chosen=any_one)
    def arm(self, chosen: int) -> None:
        found = self._chosen(chosen)
        if found is None:
            return
        key, coupon = found
        wanted = "CouponGone" if coupon.state not in ("issued", "armed") else None
        wanted = wanted or self._not_running(coupon.campaign, "CouponGone")
        if self._ask(wanted, lambda: arm_coupon(self.buyers[coupon.owner], key)) is not None:
            self._put_back(coupon.owner)
            coupon.state, coupon.armed_until = "armed", self.moment + ARMED_LIVES

    @rule(chosen=any_one)
    def put_back(self, chosen: int) -> None:
        found = self._chosen(chosen)
        if found is not None:
            key, coupon = found
            put_back_coupon(self.buyers[coupon.owner], key)
            if coupon.state == "armed":
                self._put_back(coupon.owner)

    @rule(buyer=who)
    def show_a_code(self, buyer: int) -> None:
        shown = make_payment_code(self.buyers[buyer])
        self.codes[buyer] = (shown.digits, self.moment + CODE_LIVES)
        for coupon in self._armed(buyer):
            assert coupon.armed_until is not None
            if self.moment >= min(coupon.armed_until, self.ends):
                self._put_back(buyer)
            else:
                coupon.armed_until = max(coupon.armed_until, self.moment + CODE_LIVES)

    @rule(buyer=who, amount=st.integers(1, 20_000), is_fresh=st.booleans())
    def collect(self, buyer: int, amount: int, is_fresh: bool) -> None:
        if is_fresh or self.codes[buyer] is None:
            self.show_a_code(buyer)
        code = self.codes[buyer]
        assert code is not None
        armed = next(iter(self._armed(buyer)), None)
        taken, refused = (0, None) if armed is None else self._deduction(armed, amount)
        wanted = "PaymentCodeInvalid" if self.moment >= code[1] else None
        wanted = wanted or ("CouponRefused" if refused else None)
        wanted = wanted or ("InsufficientFunds" if self._purse(buyer) < amount - taken else None)
        self.asked += 1
        asked = CollectAsk(self.shop, code[0], amount, f"r-{self.asked}")
        sold = self._ask(wanted, lambda: collect_at_till(asked))
        if wanted == "PaymentCodeInvalid":
            return
        self.codes[buyer] = None
        if sold is None:
            self._put_back(buyer)
            return
        assert (sold.deduction_minor, sold.paid_minor) == (taken, amount - taken)
        key = next((key for key, row in self.coupons.items() if row is armed), None)
        platform = taken if armed is not None and self._is_platform(armed.campaign) else 0
        self.sales[sold.pk] = Sale(buyer, amount, key, taken, platform)
        if armed is not None:
            armed.state, armed.armed_until, armed.taken = "used", None, taken
            armed.day = timezone.localdate(self.moment)

    @rule(chosen=any_one)
    def reverse(self, chosen: int) -> None:
        if not self.sales:
            return
        key = sorted(self.sales, key=str)[chosen % len(self.sales)]
        sale = self.sales[key]
        wanted = None if sale.stands else InvalidState.__name__
        if self._ask(wanted, lambda: reverse_payment(self.shop, key)) is None:
            return
        sale.stands = False
        if sale.coupon is not None:
            coupon = self.coupons[sale.coupon]
            gone = self.moment >= self.ends or self.states[coupon.campaign] == "closed"
            coupon.state, coupon.taken, coupon.day = "expired" if gone else "issued", 0, None

    @rule(campaign=which, state=st.sampled_from(["paused", "active", "paused", "active", "closed"]))
    def change(self, campaign: int, state: str) -> None:
        wanted = InvalidState.__name__ if (self.states[campaign], state) in CLOSED_FOR_GOOD else None
        pk = self.campaigns[campaign].pk
        if self._ask(wanted, lambda: change_campaign(self.shop, pk, CampaignState(state))) is not None:
            self.states[campaign] = state

    @rule(seconds=st.sampled_from([20, 70, 16 * 60, 12 * 3600]))
    def wait(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)

    # --- what the model thinks --------------------------------------------------------------

    def _ask(self, wanted: str | None, work: Callable[[], Any]) -> Any:
        """Do it; it must be refused by the name wanted, or go through."""
        done, said = None, None
        try:
            done = work()
        except Refusal as refusal:
            said = type(refusal).__name__
        assert said == wanted
        return done

    def _chosen(self, chosen: int) -> tuple[UUID, Promise] | None:
        keys = sorted(self.coupons, key=str)
        return (key := keys[chosen % len(keys)], self.coupons[key]) if keys else None

    def _armed(self, buyer: int) -> list[Promise]:
        return [row for row in self.coupons.values() if (row.owner, row.state) == (buyer, "armed")]

    def _put_back(self, buyer: int) -> None:
        for coupon in self._armed(buyer):
            coupon.state, coupon.armed_until = "issued", None

    def _not_running(self, campaign: int, ended: str) -> str | None:
        if self.states[campaign] == "closed" or self.moment >= self.ends:
            return ended
        return "CampaignPaused" if self.states[campaign] == "paused" else None

    def _is_platform(self, campaign: int) -> bool:
        return TERMS[campaign].get("funded_by") == "platform"

    def _deduction(self, coupon: Promise, amount: int) -> tuple[int, str | None]:
        terms = TERMS[coupon.campaign]
        if self._not_running(coupon.campaign, "ended"):
            return 0, "not running"
        if amount < terms.get("minimum_spend_minor", 0):
            return 0, "minimum"
        if terms["kind"] == "fixed":
            taken = min(terms["value"], amount)
        else:
            taken = min((2 * amount * terms["value"] + 100) // 200, terms["cap_minor"])
        spent, today = self._spent(coupon.campaign), timezone.localdate(self.moment)
        over = spent.total() + taken > terms.get("budget_minor", taken + spent.total())
        over |= spent[today] + taken > terms.get("daily_budget_minor", taken + spent[today])
        return taken, "budget" if over else "nothing" if taken == 0 else None

    def _spent(self, campaign: int) -> Counter[date]:
        spent: Counter[date] = Counter()
        for row in self.coupons.values():
            if row.campaign == campaign and row.day is not None:
                spent[row.day] += row.taken
        return spent

    def _purse(self, buyer: int) -> int:
        mine = [sale for sale in self.sales.values() if sale.stands and sale.buyer == buyer]
        return PURSE - sum(sale.amount - sale.taken for sale in mine)

    # --- what must be so --------------------------------------------------------------------

    @invariant()
    def coupons_are_as_thought(self) -> None:
        rows = {row.pk: row for row in Coupon.objects.filter(merchant=self.shop)}
        assert rows.keys() == self.coupons.keys()
        for key, thought in self.coupons.items():
            row = rows[key]
            assert (row.state, row.deduction_minor) == (thought.state, thought.taken)
            assert row.armed_until == thought.armed_until

    @invariant()
    def campaigns_have_counted(self) -> None:
        for number, campaign in enumerate(self.campaigns):
            row, spent = Campaign.objects.get(pk=campaign.pk), self._spent(number)
            assert row.state == self.states[number]
            assert row.issued_count == sum(one.campaign == number for one in self.coupons.values())
            assert row.spent_minor == (spent.total() if row.budget_minor else 0)
            if row.daily_budget_minor:
                days = CampaignDay.objects.filter(campaign=row).values_list("day", "spent_minor")
                assert +Counter(dict(days)) == +spent

    @invariant()
    def money_is_where_it_should_be(self) -> None:
        for number, buyer in enumerate(self.buyers):
            assert balance(accounts.wallet(buyer.pk), CNY) == self._purse(number)
        standing = [sale for sale in self.sales.values() if sale.stands]
        got = sum(sale.amount - sale.taken + sale.platform for sale in standing)
        assert balance(accounts.merchant(self.shop.pk), CNY) == got


CLOSED_FOR_GOOD = {("closed", "active"), ("closed", "paused")}


@pytest.mark.django_db
def test_any_life_of_coupons_at_a_till() -> None:
    run_state_machine_as_test(
        AtTheTill,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
