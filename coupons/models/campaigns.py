"""Campaigns: what a merchant (or the platform) promises, to how many, until when, for how much at most."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from common.money import MAX_AMOUNT_MINOR
from coupons.pricing import FIXED, PERCENT, Terms
from merchants.models import Merchant

MAX_QUOTA = 100_000_000
MAX_BUDGET_MINOR = 10**12


class Kind(models.TextChoices):
    """How the deduction is computed (docs/pricing.md)."""

    FIXED = FIXED, _("A fixed amount off")
    PERCENT = PERCENT, _("A percentage off")


class FundedBy(models.TextChoices):
    """Who pays for the deduction."""

    MERCHANT = "merchant", _("The merchant")
    PLATFORM = "platform", _("The platform")


class CampaignState(models.TextChoices):
    """A paused campaign issues nothing and its coupons wait; a closed one has ended for good."""

    ACTIVE = "active", _("Running")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")


class Campaign(models.Model):
    """Terms, limits and what has come of them.

    `issued_count` counts coupons ever issued, against `total_quota`. `spent_minor` is what locked and used
    coupons have taken off, kept only where there is a budget: without one nobody waits for this row.
    """

    lock_rank = Rank.CAMPAIGN

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.PROTECT,
        related_name="campaigns",
        db_index=False,
        verbose_name=_("merchant"),
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    value = models.BigIntegerField(_("value"))
    cap_minor = models.BigIntegerField(_("at most"), null=True, blank=True)
    minimum_spend_minor = models.BigIntegerField(_("minimum spend"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    products = ArrayField(models.UUIDField(), default=list, blank=True, verbose_name=_("products"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    total_quota = models.IntegerField(_("coupons in all"))
    per_buyer_limit = models.IntegerField(_("coupons for one buyer"))
    budget_minor = models.BigIntegerField(_("budget"), null=True, blank=True)
    daily_budget_minor = models.BigIntegerField(_("budget of a day"), null=True, blank=True)
    funded_by = models.CharField(
        _("paid by"), max_length=8, choices=FundedBy.choices, default=FundedBy.MERCHANT
    )
    state = FSMField(
        _("state"),
        max_length=6,
        choices=CampaignState.choices,
        default=CampaignState.ACTIVE,
        protected=True,
    )
    issued_count = models.IntegerField(_("issued"), default=0)
    spent_minor = models.BigIntegerField(_("spent"), default=0)
    funded_journal = models.UUIDField(default=ids.new_id)
    closed_journal = models.UUIDField(default=ids.new_id)
    created_at = models.DateTimeField(_("created"), default=clock.now)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="campaign_value_in_range",
                condition=Q(kind="fixed", value__gte=1, value__lte=MAX_AMOUNT_MINOR, cap_minor=None)
                | Q(kind="percent", value__gte=1, value__lte=100),
            ),
            models.CheckConstraint(
                name="campaign_cap_positive", condition=Q(cap_minor=None) | Q(cap_minor__gte=1)
            ),
            models.CheckConstraint(
                name="campaign_minimum_not_negative", condition=Q(minimum_spend_minor__gte=0)
            ),
            models.CheckConstraint(name="campaign_times_in_order", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="campaign_within_quota",
                condition=Q(total_quota__gte=1, per_buyer_limit__gte=1, issued_count__gte=0)
                & Q(issued_count__lte=F("total_quota")),
            ),
            models.CheckConstraint(
                name="campaign_within_budget",
                condition=Q(spent_minor__gte=0)
                & (Q(budget_minor=None) | Q(spent_minor__lte=F("budget_minor"))),
            ),
            models.CheckConstraint(
                name="campaign_platform_has_budget",
                condition=Q(funded_by="merchant") | Q(budget_minor__gte=1),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="campaign_of_merchant"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("cmp", self.pk)

    @property
    def terms(self) -> Terms:
        """What the arithmetic needs of it."""
        return Terms(
            self.kind, self.value, self.cap_minor, self.minimum_spend_minor, frozenset(self.products)
        )

    @property
    def is_limited(self) -> bool:
        """Whether what is spent has to be counted."""
        return self.budget_minor is not None or self.daily_budget_minor is not None

    @property
    def is_platform_funded(self) -> bool:
        """Whether the merchant gets the whole price."""
        return self.funded_by == FundedBy.PLATFORM

    def has_ended(self, at: datetime) -> bool:
        """Whether its coupons are past their time, or it was closed."""
        return self.state == CampaignState.CLOSED or at >= self.ends_at

    @transition(field=state, source=CampaignState.ACTIVE, target=CampaignState.PAUSED)
    def pause(self) -> None:
        """Issue nothing for now; its coupons wait."""

    @transition(field=state, source=CampaignState.PAUSED, target=CampaignState.ACTIVE)
    def resume(self) -> None:
        """Go on after a pause."""

    @transition(field=state, source=(CampaignState.ACTIVE, CampaignState.PAUSED), target=CampaignState.CLOSED)
    def close(self) -> None:
        """End it for good."""


class CampaignDay(models.Model):
    """What a campaign with a daily budget has spent on one day (calendar of `TIME_ZONE`)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    limit_minor = models.BigIntegerField()
    spent_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("day of a campaign")
        verbose_name_plural = _("days of campaigns")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "day"], name="campaign_day_once"),
            models.CheckConstraint(
                name="campaign_day_within_budget",
                condition=Q(spent_minor__gte=0) & Q(spent_minor__lte=F("limit_minor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.day}"


class ClaimLink(models.Model):
    """An address (and its QR) that gives whoever opens it a coupon, up to the campaign's limits."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="claim_links")
    name = models.CharField(_("name"), max_length=80, blank=True, default="")
    token = models.CharField(max_length=32, unique=True, default=ids.new_token)
    claimed_count = models.IntegerField(_("claimed"), default=0)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("claim link")
        verbose_name_plural = _("claim links")

    def __str__(self) -> str:
        return self.name or self.public_id

    @property
    def public_id(self) -> str:
        """What pages name it by; not the token."""
        return ids.public_id("clm", self.pk)


def scope_of(campaign: Campaign) -> frozenset[UUID]:
    """The products that it is for; empty for all."""
    return frozenset(campaign.products)
