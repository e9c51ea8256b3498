"""What came of campaigns, by day: so that a page costs the same with a thousand coupons and a million."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.campaigns import Campaign


class Measure(models.TextChoices):
    """What is counted; the words of the events."""

    ISSUED = "issued", _("Issued")
    ARMED = "armed", _("Set for a payment")
    USED = "used", _("Used")
    RELEASED = "released", _("Released")
    GIVEN_BACK = "given_back", _("Given back")
    EXPIRED = "expired", _("Expired")


class CampaignFigure(models.Model):
    """So many coupons on one day; `cost_minor`: what they took off, `sale_minor`: the bills they were on.

    Filled from the outbox, each event once.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="figures")
    day = models.DateField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    count = models.BigIntegerField(default=0)
    cost_minor = models.BigIntegerField(default=0)
    sale_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("figure of a campaign")
        verbose_name_plural = _("figures of campaigns")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "day", "measure"], name="campaign_figure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.measure} {self.count}"
