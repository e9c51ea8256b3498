"""Coupons for a segment: a run over the customers who fit, and what became of each (FLOWS 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from coupons.models import Campaign, Coupon
from customers.models.customers import Customer
from merchants.models import Merchant


class SegmentState(models.TextChoices):
    """gathering → giving → done; either of the first two → stopped."""

    GATHERING = "gathering", _("Looking for customers")
    GIVING = "giving", _("Giving")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class Ending(models.TextChoices):
    """Why a run ended before it reached everybody."""

    QUOTA_EXHAUSTED = "quota_exhausted", _("All coupons of the campaign were given out.")
    CAMPAIGN_ENDED = "campaign_ended", _("The campaign ended.")
    ASKED = "asked", _("Somebody stopped it.")


class Outcome(models.TextChoices):
    """What became of one customer of a run; what is not waiting is never changed."""

    WAITING = "waiting", _("Waiting")
    GIVEN = "given", _("Got a coupon")
    AT_LIMIT = "at_limit", _("Had as many as one buyer may")
    GONE = "gone", _("Erased or merged since")


class SegmentRun(models.Model):
    """One coupon for each customer who fitted `criteria` when it began (customers/segments.py).

    The counters are kept in the transaction that writes the members' outcomes. `stop_asked_at` is read
    before each chunk; whoever asks for it waits until the chunk under way is through, for a worker holds the
    run's row that long.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("campaign")
    )
    criteria: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("segment")
    )
    state = FSMField(_("state"), default=SegmentState.GATHERING, choices=SegmentState.choices, protected=True)
    ending = models.CharField(
        _("why it ended"), max_length=15, choices=Ending.choices, blank=True, default=""
    )
    total_count = models.IntegerField(_("customers"), default=0)
    given_count = models.IntegerField(_("coupons given"), default=0)
    at_limit_count = models.IntegerField(_("at their limit"), default=0)
    gone_count = models.IntegerField(_("erased or merged"), default=0)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    stop_asked_at = models.DateTimeField(_("stop asked"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupons for a segment")
        verbose_name_plural = _("coupons for segments")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="segment_counts_agree",
                condition=Q(given_count__gte=0, at_limit_count__gte=0, gone_count__gte=0)
                & Q(total_count__gte=F("given_count") + F("at_limit_count") + F("gone_count")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "-id"], name="segment_of_campaign"),
            models.Index(
                fields=["id"], name="segment_at_work", condition=Q(state__in=("gathering", "giving"))
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that pages show."""
        return ids.public_id("seg", self.pk)

    @property
    def handled_count(self) -> int:
        """How many customers are through."""
        return self.given_count + self.at_limit_count + self.gone_count

    @property
    def left_count(self) -> int:
        """How many were not reached (yet)."""
        return self.total_count - self.handled_count

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (SegmentState.DONE, SegmentState.STOPPED)

    @transition(field=state, source=SegmentState.GATHERING, target=SegmentState.GIVING)
    def begin(self, total: int) -> None:
        """It is written down who fits."""
        self.total_count = total

    @transition(field=state, source=SegmentState.GIVING, target=SegmentState.DONE)
    def finish(self, at: datetime) -> None:
        """Everybody is through."""
        self.finished_at = at

    @transition(
        field=state, source=(SegmentState.GATHERING, SegmentState.GIVING), target=SegmentState.STOPPED
    )
    def stop(self, at: datetime, ending: Ending) -> None:
        """It ends before everybody was reached."""
        self.finished_at, self.ending = at, ending


class SegmentMember(models.Model):
    """A customer of a run, once."""

    run = models.ForeignKey(SegmentRun, on_delete=models.CASCADE, related_name="members", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    coupon = models.OneToOneField(
        Coupon, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("coupon")
    )

    class Meta:
        verbose_name = _("customer of a segment")
        verbose_name_plural = _("customers of segments")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "customer"], name="segment_member_once"),
            models.CheckConstraint(
                name="segment_member_given_a_coupon",
                condition=Q(outcome="given", coupon__isnull=False) | (~Q(outcome="given") & Q(coupon=None)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["run", "id"], name="segment_waiting", condition=Q(outcome="waiting")),
            models.Index(
                fields=["run", "id"], name="segment_skipped", condition=Q(outcome__in=("at_limit", "gone"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.customer_id} {self.outcome}"
