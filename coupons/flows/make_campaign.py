"""A campaign: what it takes off, for whom, until when, and how much it may cost (FLOWS 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from common import audit, clock, ids, locking
from common.models import AuditEntry
from common.money import MAX_AMOUNT_MINOR
from common.refusals import FieldProblem, InvalidInput
from common.rows import insert_together
from coupons.goods import names_of
from coupons.models import Campaign, FundedBy, Kind
from ledger.accounts import bank, campaign_fund
from ledger.posting import Journal, post
from merchants.models import Merchant


@dataclass(frozen=True, slots=True)
class CampaignAsk:
    """Amounts are minor units in the merchant's currency; `value` of a percentage is whole percent."""

    merchant: Merchant
    name: str
    kind: str
    value: int
    starts_at: datetime
    ends_at: datetime
    total_quota: int
    per_buyer_limit: int
    cap_minor: int | None = None
    minimum_spend_minor: int = 0
    budget_minor: int | None = None
    daily_budget_minor: int | None = None
    products: tuple[UUID, ...] = ()
    funded_by: str = FundedBy.MERCHANT


def make_campaign(ask: CampaignAsk) -> Campaign:
    """Make it; the platform's money for one that it funds is set aside at once (POSTINGS: B→C).

    Whether the caller may spend the platform's money is the edge's to know. Raises `InvalidInput`.
    """
    problems = list(_problems(ask))
    if problems:
        raise InvalidInput(*problems)
    campaign = Campaign(
        id=ids.new_id(),
        merchant=ask.merchant,
        name=ask.name,
        kind=ask.kind,
        value=ask.value,
        cap_minor=ask.cap_minor,
        minimum_spend_minor=ask.minimum_spend_minor,
        currency=ask.merchant.currency,
        products=list(dict.fromkeys(ask.products)),
        starts_at=ask.starts_at,
        ends_at=ask.ends_at,
        total_quota=ask.total_quota,
        per_buyer_limit=ask.per_buyer_limit,
        budget_minor=ask.budget_minor,
        daily_budget_minor=ask.daily_budget_minor,
        funded_by=ask.funded_by,
    )
    with locking.transaction():
        insert_together([campaign], [_entry(campaign)])
        if campaign.is_platform_funded and campaign.budget_minor:
            journal, currency = campaign.funded_journal, campaign.currency
            accounts, amount = (bank(), campaign_fund(campaign.pk)), campaign.budget_minor
            post(Journal.of(journal, "campaign_funded", currency, *accounts, amount=amount))
    return campaign


def _entry(campaign: Campaign) -> AuditEntry:
    return audit.entry("campaign.made", campaign.public_id, merchant_id=campaign.merchant_id)


def _problems(ask: CampaignAsk) -> Iterator[FieldProblem]:
    if ask.kind == Kind.PERCENT and ask.value > 100:
        yield FieldProblem("value", "max_value", _("At most 100 percent."))
    if ask.kind == Kind.FIXED and ask.cap_minor is not None:
        yield FieldProblem("cap", "not_for_fixed", _("A fixed amount needs no cap."))
    if ask.kind == Kind.FIXED and ask.value > MAX_AMOUNT_MINOR:
        yield FieldProblem("value", "max_value", _("More than any bill can be."))
    if ask.ends_at <= ask.starts_at:
        yield FieldProblem("ends_at", "before_start", _("It has to end after it starts."))
    elif ask.ends_at <= clock.now():
        yield FieldProblem("ends_at", "past", _("This time has passed."))
    if ask.daily_budget_minor and ask.budget_minor and ask.daily_budget_minor > ask.budget_minor:
        yield FieldProblem("daily_budget", "above_budget", _("A day can't have more than the whole."))
    if ask.funded_by == FundedBy.PLATFORM and not ask.budget_minor:
        yield FieldProblem("budget", "required", _("What the platform pays for needs a budget."))
    if len(names_of(ask.merchant, ask.products)) < len(set(ask.products)):
        yield FieldProblem("products", "unknown", _("There is no such product."))
