"""The sandbox provider's own books: what a real provider would keep on its side of the wire.

Nothing of ours reads these tables but `payments/gateways/sandbox/`, as if they were elsewhere.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids


class SandboxCharge(models.Model):
    """A charge at the provider; `key` is the idempotency key that our side sent."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False, verbose_name=_("id"))
    key = models.UUIDField(unique=True, verbose_name=_("key"))
    amount_minor = models.BigIntegerField(verbose_name=_("amount"))
    currency = models.CharField(max_length=3, verbose_name=_("currency"))
    scenario = models.CharField(max_length=40, verbose_name=_("sandbox scenario"))
    outcome = models.CharField(max_length=10, default="open", verbose_name=_("outcome"))
    captured_minor = models.BigIntegerField(default=0, verbose_name=_("captured"))
    refunded_minor = models.BigIntegerField(default=0, verbose_name=_("returned"))
    return_url = models.CharField(max_length=500, verbose_name=_("return address"))
    callback_url = models.CharField(max_length=500, verbose_name=_("callback address"))
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    visible_at = models.DateTimeField(default=clock.now, verbose_name=_("visible from"))
    callback_due_at = models.DateTimeField(null=True, verbose_name=_("callback due"))
    callbacks_left = models.PositiveSmallIntegerField(default=0, verbose_name=_("callbacks left"))
    callback_attempts = models.PositiveSmallIntegerField(default=0, verbose_name=_("callback attempts"))

    class Meta:
        verbose_name = _("sandbox charge")
        verbose_name_plural = _("sandbox charges")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="sandbox_refunds_at_most_captured",
                condition=Q(refunded_minor__lte=models.F("captured_minor")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["callback_due_at"],
                name="sandbox_callback_due",
                condition=Q(callback_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scenario} {self.outcome}"


class SandboxRefund(models.Model):
    """A refund at the provider, once per idempotency key."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    key = models.UUIDField(unique=True)
    charge = models.ForeignKey(SandboxCharge, on_delete=models.CASCADE, related_name="refunds")
    amount_minor = models.BigIntegerField()
    outcome = models.CharField(max_length=10)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("sandbox refund")
        verbose_name_plural = _("sandbox refunds")

    def __str__(self) -> str:
        return f"{self.outcome} {self.amount_minor}"
