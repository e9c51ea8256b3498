"""docs/refunds.md on decisions, rule by rule and the page itself."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from django.utils.functional import Promise

from refunds.deciding import (
    APPROVE,
    AS_OTHERS,
    NEVER,
    PERSON,
    PLATFORM,
    REJECT,
    WORDS,
    Case,
    Outcome,
    Policy,
    Rule,
    at_deadline,
    decide,
    due_at,
    for_buyer,
    window_end,
)
from refunds.refusals import NotRefundable, WindowOver

PAGE = Path("docs/refunds.md").read_text(encoding="utf-8")
DELIVERED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

HAT = Case(
    amount_minor=4000,
    is_redeemed=False,
    asked_at=DELIVERED + timedelta(days=1),
    delivered_at=DELIVERED,
    score=80,
)
POLICY = Policy(
    threshold=60,
    window_days=7,
    per_buyer_count=3,
    per_buyer_days=30,
    per_buyer_minor=20_000,
    per_merchant_day_minor=100_000,
    per_merchant_day_count=10,
    person_above_minor=50_000,
)


def rule_of(case: Case, policy: Policy = POLICY) -> str:
    return decide(case, policy).rule.value


# --- each rule, and its edge ----------------------------------------------------------------------


def test_a_good_buyers_plain_refund_is_automatic() -> None:
    decision = decide(HAT, POLICY)
    assert decision.outcome == Outcome.AUTOMATIC
    assert decision.rule == Rule.REPUTATION
    assert decision.rules == (Rule.REPUTATION,)
    assert not decision.is_refused


def test_who_never_asked_before_has_nothing_against_them() -> None:
    """The case's own defaults fill no cap."""
    one = replace(POLICY, per_buyer_count=1, per_merchant_day_count=1, per_merchant_day_minor=4000)
    assert rule_of(HAT, replace(one, per_buyer_minor=4000)) == "reputation"
    assert rule_of(HAT, replace(one, per_buyer_minor=3999)) == "buyer_cap"


@pytest.mark.parametrize(
    ("score", "threshold", "rule"),
    [
        (60, 60, "reputation"),
        (59, 60, "below_threshold"),
        (61, 60, "reputation"),
        (0, 0, "reputation"),
        (100, 101, "below_threshold"),
        (0, 1, "below_threshold"),
        (100, 100, "reputation"),
    ],
)
def test_at_the_threshold_exactly_is_automatic(score: int, threshold: int, rule: str) -> None:
    assert rule_of(replace(HAT, score=score), replace(POLICY, threshold=threshold)) == rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"amount_minor": 50_000, "amount_of_buyer_minor": 0}, "buyer_cap"),
        ({"amount_minor": 20_000}, "reputation"),
        ({"amount_minor": 20_001}, "buyer_cap"),
        ({"amount_minor": 50_001}, "amount_needs_person"),
        ({"refunds_of_buyer": 2}, "reputation"),
        ({"refunds_of_buyer": 3}, "buyer_cap"),
        ({"refunds_of_buyer": 4}, "buyer_cap"),
        ({"amount_of_buyer_minor": 16_000}, "reputation"),
        ({"amount_of_buyer_minor": 16_001}, "buyer_cap"),
        ({"refunds_of_merchant_today": 9}, "reputation"),
        ({"refunds_of_merchant_today": 10}, "merchant_cap"),
        ({"amount_of_merchant_today_minor": 96_000}, "reputation"),
        ({"amount_of_merchant_today_minor": 96_001}, "merchant_cap"),
        ({"photo_reused": True}, "photo_used_before"),
        ({"is_redeemed": True}, "reputation"),
        ({"amount_minor": 0}, "reputation"),
    ],
)
def test_each_figure_and_its_edge(change: dict[str, Any], rule: str) -> None:
    assert rule_of(replace(HAT, **change)) == rule


@pytest.mark.parametrize(
    ("amount", "rule"), [(50_000, "reputation"), (50_001, "amount_needs_person"), (1, "reputation")]
)
def test_an_amount_of_exactly_the_limit_needs_nobody(amount: int, rule: str) -> None:
    assert rule_of(replace(HAT, amount_minor=amount), replace(POLICY, per_buyer_minor=None)) == rule


def test_a_cap_of_nothing_leaves_everything_to_a_person_and_no_cap_is_none() -> None:
    assert rule_of(HAT, replace(POLICY, per_buyer_count=0)) == "buyer_cap"
    assert rule_of(HAT, replace(POLICY, per_buyer_minor=0)) == "buyer_cap"
    assert rule_of(HAT, replace(POLICY, per_merchant_day_count=0)) == "merchant_cap"
    assert rule_of(HAT, replace(POLICY, per_merchant_day_minor=0)) == "merchant_cap"
    assert rule_of(HAT, replace(POLICY, person_above_minor=0)) == "amount_needs_person"
    much = replace(
        HAT, amount_of_buyer_minor=10**9, refunds_of_buyer=0, refunds_of_merchant_today=10**6, amount_minor=1
    )
    assert rule_of(much, replace(POLICY, per_buyer_minor=None, per_merchant_day_count=None)) == "reputation"


@pytest.mark.parametrize(
    ("treated", "is_redeemed", "rule", "outcome"),
    [
        (AS_OTHERS, True, "reputation", "automatic"),
        (PERSON, True, "redeemed_needs_person", "merchant"),
        (NEVER, True, "not_refundable", "not_refundable"),
        (AS_OTHERS, False, "reputation", "automatic"),
        (PERSON, False, "reputation", "automatic"),
        (NEVER, False, "reputation", "automatic"),
    ],
)
def test_redeemed_units_are_treated_as_the_shop_says(
    treated: str, is_redeemed: bool, rule: str, outcome: str
) -> None:
    decision = decide(replace(HAT, is_redeemed=is_redeemed), replace(POLICY, refunds_redeemed=treated))
    assert (decision.rule, decision.outcome) == (rule, outcome)


# --- the window -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_at", "is_late"),
    [
        (DELIVERED, False),
        (DELIVERED - timedelta(hours=1), False),
        (datetime(2026, 3, 8, 11, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 8, 12, 0, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 8, 12, 0, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 8, 20, 0, 0, tzinfo=timezone(timedelta(hours=8))), False),
        (datetime(2026, 3, 8, 20, 0, 1, tzinfo=timezone(timedelta(hours=8))), True),
        (datetime(2026, 3, 8, 1, 0, 1, tzinfo=timezone(timedelta(hours=-11))), True),
    ],
)
def test_the_window_ends_to_the_second(asked_at: datetime, is_late: bool) -> None:
    decision = decide(replace(HAT, asked_at=asked_at), POLICY)
    assert decision.is_refused is is_late
    assert decision.outcome == ("refund_window_over" if is_late else "automatic")
    assert decision.rule == ("refund_window_over" if is_late else "reputation")


def test_a_window_of_no_days_and_one_over_the_end_of_a_leap_february() -> None:
    none = replace(POLICY, window_days=0)
    assert rule_of(replace(HAT, asked_at=DELIVERED), none) == "reputation"
    assert rule_of(replace(HAT, asked_at=DELIVERED + SECOND), none) == "refund_window_over"
    leap = datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert window_end(leap, replace(POLICY, window_days=2)) == datetime(2028, 3, 1, 23, 59, 59, tzinfo=UTC)


def test_the_deadline_is_counted_in_hours_and_told_in_utc() -> None:
    asked = datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=8)))
    due = due_at(asked, replace(POLICY, deadline_hours=48))
    assert due == datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert due.tzinfo is UTC
    assert window_end(asked, POLICY).tzinfo is UTC


# --- several at once ------------------------------------------------------------------------------

EVERYTHING = Case(
    amount_minor=60_000,
    is_redeemed=True,
    asked_at=DELIVERED + timedelta(days=8),
    delivered_at=DELIVERED,
    score=10,
    refunds_of_buyer=3,
    refunds_of_merchant_today=10,
    photo_reused=True,
)
CURED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"refunds_redeemed": NEVER}, "not_refundable"),
    ({}, {"refunds_redeemed": PERSON}, "refund_window_over"),
    ({"asked_at": DELIVERED}, {}, "photo_used_before"),
    ({"photo_reused": False}, {}, "redeemed_needs_person"),
    ({"is_redeemed": False}, {}, "amount_needs_person"),
    ({"amount_minor": 4000}, {}, "below_threshold"),
    ({"score": 60}, {}, "buyer_cap"),
    ({"refunds_of_buyer": 0}, {}, "merchant_cap"),
    ({"refunds_of_merchant_today": 0}, {}, "reputation"),
]


def test_the_first_that_holds_decides_and_the_others_are_kept() -> None:
    """One reason after another is taken away, in the document's order."""
    case, policy = EVERYTHING, POLICY
    order = [rule.value for rule in Rule]
    for place, (change, terms, rule) in enumerate(CURED):
        case, policy = replace(case, **change), replace(policy, **terms)
        decision = decide(case, policy)
        assert decision.rule == rule == order[place]
        assert decision.rules[0] == decision.rule
        assert list(decision.rules) == sorted(decision.rules, key=order.index)
        later = set(order[place + 1 : -1]) - {"redeemed_needs_person"}
        assert later <= set(decision.rules) or rule == "reputation"
    assert [rule for *_changes, rule in CURED] == order


def test_never_and_person_exclude_each_other() -> None:
    decision = decide(EVERYTHING, replace(POLICY, refunds_redeemed=NEVER))
    assert decision.rules == (
        Rule.NOT_REFUNDABLE,
        Rule.WINDOW_OVER,
        Rule.PHOTO_USED_BEFORE,
        Rule.AMOUNT_NEEDS_PERSON,
        Rule.BELOW_THRESHOLD,
        Rule.BUYER_CAP,
        Rule.MERCHANT_CAP,
    )


# --- what is kept and told ------------------------------------------------------------------------


def test_the_basis_says_what_was_known_then() -> None:
    case = replace(
        HAT,
        refunds_of_buyer=1,
        amount_of_buyer_minor=500,
        refunds_of_merchant_today=2,
        amount_of_merchant_today_minor=700,
        score=59,
        is_redeemed=True,
        photo_reused=True,
    )
    basis = decide(case, POLICY).basis()
    assert basis == {
        "rule": "photo_used_before",
        "rules": ["photo_used_before", "below_threshold"],
        "reputation": 59,
        "threshold": 60,
        "redeemed": True,
        "photo_used_before": True,
        "window_ends_at": "2026-03-08T12:00:00Z",
        "person_above": 50_000,
        "buyer_days": 30,
        "buyer_refunds": 1,
        "buyer_refunds_cap": 3,
        "buyer_amount": 500,
        "buyer_amount_cap": 20_000,
        "merchant_refunds_today": 2,
        "merchant_refunds_cap": 10,
        "merchant_amount_today": 700,
        "merchant_amount_cap": 100_000,
    }
    assert json.loads(json.dumps(basis)) == basis
    assert type(basis["rule"]) is str
    assert {type(rule) for rule in basis["rules"]} == {str}


def test_a_buyer_is_not_told_what_the_shop_pays_back_in_a_day() -> None:
    basis = decide(HAT, POLICY).basis()
    told = for_buyer(basis)
    assert {"rule", "rules", "reputation", "threshold", "buyer_refunds", "window_ends_at"} <= set(told)
    assert set(basis) - set(told) == {
        "merchant_refunds_today",
        "merchant_refunds_cap",
        "merchant_amount_today",
        "merchant_amount_cap",
    }
    assert all(told[name] == basis[name] for name in told)


def test_every_rule_has_its_words_and_every_refusal_its_name() -> None:
    assert set(WORDS) == set(Rule)
    assert all(isinstance(words, Promise) and str(words) for words in WORDS.values())
    assert NotRefundable.code == Outcome.NOT_REFUNDABLE
    assert WindowOver.code == Outcome.WINDOW_OVER


# --- silence, and a shop's own rules --------------------------------------------------------------


@pytest.mark.parametrize("outcome", [APPROVE, REJECT])
def test_silence_is_decided_by_the_shops_rule_but_for_a_used_photo(outcome: str) -> None:
    policy = replace(POLICY, deadline_outcome=outcome)
    assert at_deadline(policy) == outcome
    assert at_deadline(policy, ["below_threshold", "buyer_cap"]) == outcome
    assert at_deadline(policy, ["amount_needs_person"]) == outcome
    assert at_deadline(policy, ["photo_used_before"]) == "reject"
    stored = decide(replace(EVERYTHING, asked_at=DELIVERED), POLICY).basis()["rules"]
    assert at_deadline(policy, stored) == "reject"


def test_what_a_shop_has_not_said_is_the_platforms() -> None:
    assert PLATFORM.over({}) == PLATFORM
    assert PLATFORM.over(dict.fromkeys(asdict(PLATFORM))) == PLATFORM
    assert PLATFORM.over({"refunds_redeemed": "", "deadline_outcome": ""}) == PLATFORM
    assert PLATFORM.over({"threshold": 0, "window_days": None}) == replace(PLATFORM, threshold=0)
    own = PLATFORM.over({"deadline_outcome": REJECT, "per_buyer_minor": 0})
    assert (own.deadline_outcome, own.per_buyer_minor, own.threshold) == ("reject", 0, 60)
    with pytest.raises(TypeError):
        PLATFORM.over({"treshold": 1})


def test_without_a_policy_the_platforms_holds() -> None:
    assert decide(HAT).policy is PLATFORM
    assert decide(replace(HAT, score=60)).outcome == "automatic"
    assert decide(replace(HAT, score=59)).outcome == "merchant"


# --- the page itself ------------------------------------------------------------------------------


def table(title: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    after = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].split("\n# ", 1)[0]
    lines = [line.strip("| ").split("|") for line in after.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line] for line in lines[2:]]


def test_the_rules_of_the_document_stand_in_the_codes_order() -> None:
    rows = table("The rules, in their order")
    assert [row[0] for row in rows] == [rule.value for rule in Rule]
    then = {"refused": None, "the shop": "merchant", "automatic": "automatic"}
    for rule, _holds, what in rows:
        assert (then[what] or rule) in set(Outcome)


def test_the_platforms_rules_of_the_document_are_the_codes() -> None:
    rows = {row[0]: row[1] for row in table("A shop's own rules")}
    platform = {name: "none" if value is None else str(value) for name, value in asdict(PLATFORM).items()}
    assert rows == platform
    assert set(rows) == {field.name for field in fields(Policy)}


def test_the_examples_of_the_document_are_true() -> None:
    rows = table("Examples")
    for amount, reputation, lately, photo, rule in rows:
        case = replace(
            HAT,
            amount_minor=int(amount.replace(".", "")),
            score=int(reputation),
            refunds_of_buyer=int(lately),
            photo_reused=photo == "used",
        )
        assert rule_of(case, PLATFORM) == rule
    assert len(rows) == 7
