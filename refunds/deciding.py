"""Whether a refund needs a person: values only, no database, no clock. docs/refunds.md says it in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

AS_OTHERS, PERSON, NEVER = "as_others", "person", "never"
"""How redeemed units are treated."""

APPROVE, REJECT = "approve", "reject"
"""What a merchant's silence means."""

THRESHOLD = 60
WINDOW_DAYS = 15
PER_BUYER_COUNT, PER_BUYER_DAYS = 5, 30
PER_MERCHANT_DAY_MINOR = 2_000_000
PERSON_ABOVE_MINOR = 100_000
DEADLINE_HOURS = 72
"""The platform's defaults; times in real hours and days of 24 of them, money in minor units."""


class Outcome(StrEnum):
    """What becomes of a refund that is asked for; the last two are refusals by that name."""

    AUTOMATIC = "automatic"
    MERCHANT = "merchant"
    NOT_REFUNDABLE = "not_refundable"
    WINDOW_OVER = "refund_window_over"


class Rule(StrEnum):
    """What decided, in the order in which it is asked; stable words of the API."""

    NOT_REFUNDABLE = "not_refundable"
    WINDOW_OVER = "refund_window_over"
    PHOTO_USED_BEFORE = "photo_used_before"
    REDEEMED_NEEDS_PERSON = "redeemed_needs_person"
    AMOUNT_NEEDS_PERSON = "amount_needs_person"
    BELOW_THRESHOLD = "below_threshold"
    BUYER_CAP = "buyer_cap"
    MERCHANT_CAP = "merchant_cap"
    REPUTATION = "reputation"


WORDS: Mapping[str, str | Promise] = {
    Rule.NOT_REFUNDABLE: _("The shop does not refund what was redeemed."),
    Rule.WINDOW_OVER: _("The time to ask for a refund was over."),
    Rule.PHOTO_USED_BEFORE: _("A photo had been used for another refund."),
    Rule.REDEEMED_NEEDS_PERSON: _("It was redeemed: a person decides."),
    Rule.AMOUNT_NEEDS_PERSON: _("The amount is so high that a person decides."),
    Rule.BELOW_THRESHOLD: _("The reputation is below what the shop asks for."),
    Rule.BUYER_CAP: _("The buyer has had as many automatic refunds lately as one may."),
    Rule.MERCHANT_CAP: _("The shop's automatic refunds of today are used up."),
    Rule.REPUTATION: _("The reputation is good enough: refunded automatically."),
}
"""Each rule in words for both sides."""

_REFUSALS = {Rule.NOT_REFUNDABLE: Outcome.NOT_REFUNDABLE, Rule.WINDOW_OVER: Outcome.WINDOW_OVER}


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a unit whose refund is asked for; this refund itself is counted nowhere.

    `delivered_at`: when it was redeemed, else when it was paid. The buyer's figures are automatic refunds in
    the policy's last `per_buyer_days`, the merchant's are today's. `photo_reused`: one of its photos, or one
    that looks the same, was given for another refund before.
    """

    amount_minor: int
    is_redeemed: bool
    asked_at: datetime
    delivered_at: datetime
    score: int
    refunds_of_buyer: int = 0
    amount_of_buyer_minor: int = 0
    refunds_of_merchant_today: int = 0
    amount_of_merchant_today_minor: int = 0
    photo_reused: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A merchant's rules. A cap that is None is none; a cap of 0 leaves everything to a person."""

    threshold: int = THRESHOLD
    window_days: int = WINDOW_DAYS
    per_buyer_count: int = PER_BUYER_COUNT
    per_buyer_days: int = PER_BUYER_DAYS
    per_merchant_day_minor: int = PER_MERCHANT_DAY_MINOR
    person_above_minor: int = PERSON_ABOVE_MINOR
    refunds_redeemed: str = AS_OTHERS
    deadline_hours: int = DEADLINE_HOURS
    deadline_outcome: str = APPROVE
    per_buyer_minor: int | None = None
    per_merchant_day_count: int | None = None

    def over(self, own: Mapping[str, Any]) -> Policy:
        """These rules with a merchant's own in their place; None and the empty text leave what is here.

        A name that is no rule raises `TypeError`.
        """
        return replace(self, **{name: value for name, value in own.items() if value not in (None, "")})


PLATFORM = Policy()
"""The platform's rules, for merchants that have none of their own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of it, the rule that said so, and every rule that held, in their order."""

    outcome: Outcome
    rule: Rule
    rules: tuple[Rule, ...]
    case: Case
    policy: Policy

    @property
    def is_refused(self) -> bool:
        """Whether it can't be asked for at all: the outcome is the refusal's code."""
        return self.outcome in _REFUSALS.values()

    def basis(self) -> dict[str, Any]:
        """What was known and which rules there were, as it is stored: JSON, amounts in minor units."""
        case, policy = self.case, self.policy
        return {
            "rule": self.rule.value,
            "rules": [rule.value for rule in self.rules],
            "reputation": case.score,
            "threshold": policy.threshold,
            "redeemed": case.is_redeemed,
            "photo_used_before": case.photo_reused,
            "window_ends_at": window_end(case.delivered_at, policy).isoformat().replace("+00:00", "Z"),
            "person_above": policy.person_above_minor,
            "buyer_days": policy.per_buyer_days,
            "buyer_refunds": case.refunds_of_buyer,
            "buyer_refunds_cap": policy.per_buyer_count,
            "buyer_amount": case.amount_of_buyer_minor,
            "buyer_amount_cap": policy.per_buyer_minor,
            "merchant_refunds_today": case.refunds_of_merchant_today,
            "merchant_refunds_cap": policy.per_merchant_day_count,
            "merchant_amount_today": case.amount_of_merchant_today_minor,
            "merchant_amount_cap": policy.per_merchant_day_minor,
        }


def for_buyer(basis: Mapping[str, Any]) -> dict[str, Any]:
    """A stored basis without the shop's own figures: what it pays back in a day is no buyer's business."""
    return {name: value for name, value in basis.items() if not name.startswith("merchant_")}


def decide(case: Case, policy: Policy = PLATFORM) -> Decision:
    """What becomes of a refund. The first rule that holds decides; where none does, reputation is enough."""
    held = tuple(rule for rule, holds in _CHECKS if holds(case, policy)) or (Rule.REPUTATION,)
    first = held[0]
    otherwise = Outcome.AUTOMATIC if first == Rule.REPUTATION else Outcome.MERCHANT
    return Decision(_REFUSALS.get(first, otherwise), first, held, case, policy)


def window_end(delivered_at: datetime, policy: Policy) -> datetime:
    """The last moment to ask, in UTC; that moment itself is in time."""
    return delivered_at.astimezone(UTC) + timedelta(days=policy.window_days)


def due_at(asked_at: datetime, policy: Policy) -> datetime:
    """Until when a person may decide, in UTC; then `at_deadline` does."""
    return asked_at.astimezone(UTC) + timedelta(hours=policy.deadline_hours)


def at_deadline(policy: Policy, rules: Collection[str] = ()) -> str:
    """What silence means, `APPROVE` or `REJECT`; `rules` are those of the refund's basis.

    A photo that was used before stops automation, and nobody's silence is a look at it.
    """
    return REJECT if Rule.PHOTO_USED_BEFORE in rules else policy.deadline_outcome


def _is_never_refunded(case: Case, policy: Policy) -> bool:
    return case.is_redeemed and policy.refunds_redeemed == NEVER


def _is_late(case: Case, policy: Policy) -> bool:
    return case.asked_at > window_end(case.delivered_at, policy)


def _is_reused(case: Case, _policy: Policy) -> bool:
    return case.photo_reused


def _is_redeemed(case: Case, policy: Policy) -> bool:
    return case.is_redeemed and policy.refunds_redeemed == PERSON


def _is_large(case: Case, policy: Policy) -> bool:
    return case.amount_minor > policy.person_above_minor


def _is_below(case: Case, policy: Policy) -> bool:
    return case.score < policy.threshold


def _is_above_buyers_cap(case: Case, policy: Policy) -> bool:
    return _is_above(case.refunds_of_buyer + 1, policy.per_buyer_count) or _is_above(
        case.amount_of_buyer_minor + case.amount_minor, policy.per_buyer_minor
    )


def _is_above_merchants_cap(case: Case, policy: Policy) -> bool:
    return _is_above(case.refunds_of_merchant_today + 1, policy.per_merchant_day_count) or _is_above(
        case.amount_of_merchant_today_minor + case.amount_minor, policy.per_merchant_day_minor
    )


def _is_above(figure: int, cap: int | None) -> bool:
    return cap is not None and figure > cap


_CHECKS: tuple[tuple[Rule, Callable[[Case, Policy], bool]], ...] = (
    (Rule.NOT_REFUNDABLE, _is_never_refunded),
    (Rule.WINDOW_OVER, _is_late),
    (Rule.PHOTO_USED_BEFORE, _is_reused),
    (Rule.REDEEMED_NEEDS_PERSON, _is_redeemed),
    (Rule.AMOUNT_NEEDS_PERSON, _is_large),
    (Rule.BELOW_THRESHOLD, _is_below),
    (Rule.BUYER_CAP, _is_above_buyers_cap),
    (Rule.MERCHANT_CAP, _is_above_merchants_cap),
)
"""Refusals first, then what only a person sees, then figures (docs/refunds.md)."""
