"""What docs/refunds.md promises of decisions, over anything that may be asked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st

from refunds.deciding import (
    APPROVE,
    AS_OTHERS,
    NEVER,
    PERSON,
    REJECT,
    Case,
    Decision,
    Outcome,
    Policy,
    decide,
)

DELIVERED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


AMOUNTS = st.integers(0, 120_000)
COUNTS = st.integers(0, 12)
TIMES = st.integers(-86_400, 10 * 86_400).map(lambda seconds: DELIVERED + timedelta(seconds=seconds))
CASES = st.builds(
    Case,
    amount_minor=AMOUNTS,
    is_redeemed=st.booleans(),
    asked_at=TIMES,
    delivered_at=st.just(DELIVERED),
    score=st.integers(0, 100),
    refunds_of_buyer=COUNTS,
    amount_of_buyer_minor=AMOUNTS,
    refunds_of_merchant_today=COUNTS,
    amount_of_merchant_today_minor=AMOUNTS,
    photo_reused=st.booleans(),
)
POLICIES = st.builds(
    Policy,
    threshold=st.integers(0, 101),
    window_days=st.integers(0, 10),
    per_buyer_count=COUNTS,
    per_buyer_days=st.integers(1, 60),
    per_merchant_day_minor=AMOUNTS,
    person_above_minor=AMOUNTS,
    refunds_redeemed=st.sampled_from([AS_OTHERS, PERSON, NEVER]),
    deadline_hours=st.integers(1, 200),
    deadline_outcome=st.sampled_from([APPROVE, REJECT]),
    per_buyer_minor=st.none() | AMOUNTS,
    per_merchant_day_count=st.none() | COUNTS,
)
CAPS = [
    "per_buyer_count",
    "per_buyer_minor",
    "per_merchant_day_minor",
    "per_merchant_day_count",
    "person_above_minor",
    "window_days",
]
FIGURES = [
    "amount_minor",
    "refunds_of_buyer",
    "amount_of_buyer_minor",
    "refunds_of_merchant_today",
    "amount_of_merchant_today_minor",
]


def goodness(decision: Decision) -> int:
    """2 automatic, 1 a person, 0 refused."""
    return {Outcome.AUTOMATIC: 2, Outcome.MERCHANT: 1}.get(decision.outcome, 0)


@given(CASES, POLICIES, st.integers(0, 100))
def test_more_reputation_never_makes_it_worse(case: Case, policy: Policy, more: int) -> None:
    assert goodness(decide(replace(case, score=case.score + more), policy)) >= goodness(decide(case, policy))


@given(CASES, POLICIES, st.sampled_from(CAPS), st.integers(0, 120_000))
def test_a_lower_cap_never_makes_it_better(case: Case, policy: Policy, name: str, less: int) -> None:
    cap = getattr(policy, name)
    lower = 0 if cap is None else max(cap - less, 0)
    changes: dict[str, Any] = {name: lower}
    assert goodness(decide(case, replace(policy, **changes))) <= goodness(decide(case, policy))


@given(CASES, POLICIES, st.integers(0, 101))
def test_a_higher_threshold_never_makes_it_better(case: Case, policy: Policy, more: int) -> None:
    higher = replace(policy, threshold=policy.threshold + more)
    assert goodness(decide(case, higher)) <= goodness(decide(case, policy))


@given(CASES, POLICIES, st.sampled_from(FIGURES), st.integers(0, 120_000))
def test_larger_figures_never_make_it_better(case: Case, policy: Policy, name: str, more: int) -> None:
    changes: dict[str, Any] = {name: getattr(case, name) + more}
    assert goodness(decide(replace(case, **changes), policy)) <= goodness(decide(case, policy))


@given(CASES, POLICIES, st.integers(0, 10**6))
def test_asking_later_never_makes_it_better(case: Case, policy: Policy, seconds: int) -> None:
    later = replace(case, asked_at=case.asked_at + timedelta(seconds=seconds))
    assert goodness(decide(later, policy)) <= goodness(decide(case, policy))


@given(CASES, POLICIES)
def test_a_photo_used_before_never_makes_it_better_and_is_never_automatic(case: Case, policy: Policy) -> None:
    reused = decide(replace(case, photo_reused=True), policy)
    assert reused.outcome != Outcome.AUTOMATIC
    assert goodness(reused) <= goodness(decide(replace(case, photo_reused=False), policy))


@given(CASES, POLICIES)
def test_only_the_window_and_redeemed_units_are_refused(case: Case, policy: Policy) -> None:
    decision = decide(case, policy)
    is_late = case.asked_at > DELIVERED + timedelta(days=policy.window_days)
    is_never = case.is_redeemed and policy.refunds_redeemed == NEVER
    assert decision.is_refused == (is_late or is_never)
    assert decision.is_refused == (decision.outcome.value == decision.rule.value)


@given(CASES, POLICIES)
def test_automatic_is_within_every_limit(case: Case, policy: Policy) -> None:
    """Said once more in other words than the code's."""
    within = [
        not case.photo_reused,
        not case.is_redeemed or policy.refunds_redeemed == AS_OTHERS,
        case.asked_at - DELIVERED <= timedelta(days=policy.window_days),
        case.amount_minor <= policy.person_above_minor,
        case.score >= policy.threshold,
        case.refunds_of_buyer < policy.per_buyer_count,
        policy.per_buyer_minor is None
        or case.amount_of_buyer_minor + case.amount_minor <= policy.per_buyer_minor,
        policy.per_merchant_day_count is None
        or case.refunds_of_merchant_today < policy.per_merchant_day_count,
        case.amount_of_merchant_today_minor + case.amount_minor <= policy.per_merchant_day_minor,
    ]
    decision = decide(case, policy)
    assert (decision.outcome == Outcome.AUTOMATIC) == all(within)
    assert (len(decision.rules) == 1) >= (decision.outcome == Outcome.AUTOMATIC)


@given(CASES, POLICIES)
def test_the_basis_is_json_and_follows_from_what_it_holds(case: Case, policy: Policy) -> None:
    basis = decide(case, policy).basis()
    assert json.loads(json.dumps(basis)) == basis
    assert basis["rule"] == basis["rules"][0]
    assert ("below_threshold" in basis["rules"]) == (basis["reputation"] < basis["threshold"])
    assert ("photo_used_before" in basis["rules"]) == basis["photo_used_before"]
    assert basis["window_ends_at"].endswith("Z")
