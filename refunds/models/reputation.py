"""What counts towards a buyer's reputation: an append-only list; the score is computed from it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from merchants.models import Person


class Standing(models.Model):
    """A buyer's row to lock: whoever adds an event, or decides by the score, holds it."""

    lock_rank = Rank.REFUND

    buyer = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return str(self.buyer_id)


class ReputationEvent(models.Model):
    """One thing that happened, and what it weighed then. Never changed, never deleted (a trigger)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    buyer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("what happened"), max_length=30)
    weight = models.SmallIntegerField(_("weight"))
    decays = models.BooleanField(_("fades"), default=True)
    subject = models.CharField(_("about"), max_length=60, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    actor = models.CharField(_("by"), max_length=80, blank=True, default="")
    at = models.DateTimeField(_("at"), default=clock.now)

    class Meta:
        verbose_name = _("reputation event")
        verbose_name_plural = _("reputation events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["buyer", "kind", "subject"], name="reputation_event_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-at"], name="reputation_of_buyer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.weight:+d}"
