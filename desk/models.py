"""Figures gathered by day, so that a page costs the same with a thousand orders and a million."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from merchants.models import Merchant


class Measure(models.TextChoices):
    """What is counted; the first five are the steps of the funnel (FLOWS 5)."""

    SCANNED = "scanned", _("Scanned")
    CONFIRMED = "confirmed", _("Confirmed")
    PAID = "paid", _("Paid")
    CONVERTED = "converted", _("Became customers")
    CAME_BACK = "came_back", _("Came back")
    PLACED = "placed", _("Ordered")


class DailyFigure(models.Model):
    """So many of something on one day, per merchant, channel and printed code ("" for none).

    Filled from the outbox, each event once; `manage.py recount_figures` builds it anew.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    measure = models.CharField(max_length=10, choices=Measure.choices)
    channel = models.CharField(max_length=20)
    printed_code = models.CharField(max_length=40, default="", blank=True)
    count = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("daily figure")
        verbose_name_plural = _("daily figures")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "day", "measure", "channel", "printed_code"], name="figure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.measure} {self.count}"
