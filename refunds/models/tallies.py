"""What a merchant's automatic refunds of a day come to, held against the cap in the same transaction."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from common.locking import Rank
from merchants.models import Merchant


class MerchantDay(models.Model):
    """A calendar day (`TIME_ZONE`) of a merchant; its row is the lock under which the cap is looked at."""

    lock_rank = Rank.REFUND

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "day"], name="refund_day_once"),
            models.CheckConstraint(name="refund_day_not_negative", condition=Q(amount_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.day}"
