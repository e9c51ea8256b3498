"""Money that goes back: one row for each, whatever the cause (HOUSE, "One door")."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from payments.models.payments import MAX_PAUSE, Payment


class ReturnState(models.TextChoices):
    """sending → succeeded | failed | unknown; unknown → succeeded | failed."""

    SENDING = "sending", _("On its way")
    SUCCEEDED = "succeeded", _("Arrived")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Outcome not known yet")


class Return(models.Model):
    """Once per payment and cause. Its id is the journal that takes the money out, and the
    provider's idempotency key; `settled_journal` is the one that says where it ended."""

    lock_rank = Rank.RETURN

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False, verbose_name=_("id"))
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="returns", verbose_name=_("payment")
    )
    cause = models.CharField(_("cause"), max_length=60)
    state = FSMField(_("state"), default=ReturnState.SENDING, choices=ReturnState.choices, protected=True)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    settled_journal = models.UUIDField(default=ids.new_id, verbose_name=_("journal"))
    provider_reference = models.CharField(
        max_length=120, blank=True, default="", verbose_name=_("provider's reference")
    )
    failure_code = models.CharField(max_length=40, blank=True, default="", verbose_name=_("why it failed"))
    created_at = models.DateTimeField(_("created"), default=clock.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True, verbose_name=_("ask the provider at"))
    asked_times = models.PositiveSmallIntegerField(default=0, verbose_name=_("times asked"))

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "cause"], name="return_once_per_cause"),
            models.CheckConstraint(name="return_amount_positive", condition=Q(amount_minor__gt=0)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ask_at"], name="return_to_ask", condition=Q(ask_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.cause} of {self.payment_id}"

    @transition(field=state, source=(ReturnState.SENDING, ReturnState.UNKNOWN), target=ReturnState.SUCCEEDED)
    def succeed(self, at: datetime) -> None:
        """It arrived."""
        self.settled_at, self.ask_at = at, None

    @transition(field=state, source=(ReturnState.SENDING, ReturnState.UNKNOWN), target=ReturnState.FAILED)
    def fail(self, at: datetime, code: str) -> None:
        """The provider will not do it; the money goes to the payer's wallet, or waits for staff."""
        self.settled_at, self.ask_at, self.failure_code = at, None, code

    @transition(field=state, source=(ReturnState.SENDING, ReturnState.UNKNOWN), target=ReturnState.UNKNOWN)
    def lose_sight(self, at: datetime) -> None:
        """The provider gave no answer: asked again, with growing pauses, until it is known."""
        self.ask_at = at + min(timedelta(seconds=2) * 2 ** min(self.asked_times, 11), MAX_PAUSE)
        self.asked_times = min(self.asked_times + 1, 30_000)
