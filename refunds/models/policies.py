"""How a merchant's refunds are decided; what is not set is the platform's (docs/refunds.md)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.locking import Rank
from merchants.models import Merchant


class DeadlineOutcome(models.TextChoices):
    """What silence means."""

    APPROVE = "approve", _("Approved")
    REJECT = "reject", _("Rejected")


class RedeemedUnits(models.TextChoices):
    """What becomes of units that the buyer has had already."""

    AS_OTHERS = "as_others", _("Decided as others")
    PERSON = "person", _("A person decides")
    NEVER = "never", _("Never refunded")


class RefundPolicy(models.Model):
    """A merchant's own rules; an empty field is the platform's default."""

    lock_rank = Rank.REFUND

    merchant = models.OneToOneField(
        Merchant, primary_key=True, on_delete=models.CASCADE, related_name="refund_policy"
    )
    threshold = models.PositiveSmallIntegerField(_("reputation from which it is automatic"), null=True)
    window_days = models.PositiveSmallIntegerField(_("days after delivery"), null=True)
    per_buyer_count = models.PositiveSmallIntegerField(_("automatic refunds a buyer"), null=True)
    per_buyer_days = models.PositiveSmallIntegerField(_("in so many days"), null=True)
    per_merchant_day_minor = models.BigIntegerField(_("automatic refunds a day, in money"), null=True)
    person_above_minor = models.BigIntegerField(_("amount above which a person decides"), null=True)
    per_buyer_minor = models.BigIntegerField(_("automatic refunds a buyer, in money"), null=True)
    per_merchant_day_count = models.PositiveIntegerField(_("how many automatic refunds a day"), null=True)
    refunds_redeemed = models.CharField(
        _("redeemed units"), max_length=10, choices=RedeemedUnits.choices, blank=True, default=""
    )
    deadline_hours = models.PositiveSmallIntegerField(_("hours to decide"), null=True)
    deadline_outcome = models.CharField(
        _("silence means"), max_length=7, choices=DeadlineOutcome.choices, blank=True, default=""
    )

    class Meta:
        verbose_name = _("rules for refunds")
        verbose_name_plural = _("rules for refunds")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="refund_threshold_in_range",
                condition=Q(threshold__isnull=True) | Q(threshold__lte=101),
            ),
        ]

    def __str__(self) -> str:
        return str(self.merchant_id)
