"""A unit's refund and the photos of its defect (FLOWS 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant, Person
from orders.models import Item, Order
from payments.models import Return


class RefundState(models.TextChoices):
    """The words of SURFACE."""

    WAITING = "waiting_for_merchant", _("Waits for the merchant")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    ESCALATED = "escalated", _("Put before the staff")
    REFUNDED = "refunded", _("Refunded")
    FAILED = "failed", _("Failed")


DECIDABLE = (RefundState.WAITING, RefundState.ESCALATED)


class Refund(models.Model):
    """One per unit, ever. What decided it, and what was known then, stays on it (`decision`)."""

    lock_rank = Rank.REFUND

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False, verbose_name=_("id"))
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("order")
    )
    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, related_name="asked_back", verbose_name=_("item")
    )
    buyer = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("buyer")
    )
    state = FSMField(_("state"), default=RefundState.WAITING, choices=RefundState.choices, protected=True)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=500)
    rule = models.CharField(_("rule"), max_length=40)
    decision = models.JSONField(_("decision"), default=dict)
    is_automatic = models.BooleanField(_("decided by itself"), default=False)
    was_escalated = models.BooleanField(_("was put before the staff"), default=False)
    answer = models.CharField(_("the answer's reason"), max_length=300, blank=True, default="")
    decided_by = models.CharField(max_length=80, blank=True, default="", verbose_name=_("decided by"))
    failure_code = models.CharField(max_length=40, blank=True, default="", verbose_name=_("why it failed"))
    back = models.OneToOneField(
        Return, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("return")
    )
    created_at = models.DateTimeField(_("asked"), default=clock.now)
    decide_by = models.DateTimeField(_("to be decided by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    run_at = models.DateTimeField(null=True, blank=True, verbose_name=_("to be sent at"))

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints: ClassVar = [
            models.CheckConstraint(name="refund_amount_in_range", condition=Q(amount_minor__gte=0)),
            models.CheckConstraint(
                name="refund_waiting_has_deadline",
                condition=~Q(state="waiting_for_merchant") | Q(decide_by__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="refund_of_merchant"),
            models.Index(fields=["merchant", "state", "-id"], name="refund_of_merchant_in_state"),
            models.Index(fields=["buyer", "-id"], name="refund_of_buyer"),
            models.Index(
                fields=["decide_by"], name="refund_overdue", condition=Q(state="waiting_for_merchant")
            ),
            models.Index(fields=["run_at"], name="refund_to_send", condition=Q(run_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("rfd", self.pk)

    def facts(self) -> dict[str, Any]:
        """What events tell of it."""
        return {
            "refund": self.public_id,
            "order": ids.public_id("ord", self.order_id),
            "item": ids.public_id("itm", self.item_id),
            "state": self.state,
            "amount": self.amount_minor,
            "currency": self.currency,
            "rule": self.rule,
        }

    @transition(field=state, source=DECIDABLE, target=RefundState.APPROVED)
    def approve(self, at: datetime, by: str) -> None:
        """The money goes back as soon as somebody gets to it."""
        self.decided_at, self.decided_by, self.decide_by, self.run_at = at, by, None, at

    @transition(field=state, source=DECIDABLE, target=RefundState.REJECTED)
    def reject(self, at: datetime, by: str, why: str) -> None:
        """No money goes back; the buyer may put it before the staff, once."""
        self.decided_at, self.decided_by, self.decide_by, self.answer = at, by, None, why

    @transition(field=state, source=RefundState.REJECTED, target=RefundState.ESCALATED)
    def escalate(self) -> None:
        """The buyer asks the staff to decide."""
        self.was_escalated = True

    @transition(field=state, source=RefundState.APPROVED, target=RefundState.REFUNDED)
    def arrive(self, at: datetime) -> None:
        """The buyer has the money."""
        self.refunded_at, self.run_at = at, None

    @transition(field=state, source=RefundState.APPROVED, target=RefundState.FAILED)
    def fail(self, code: str) -> None:
        """It can't be done as things stand."""
        self.failure_code, self.run_at = code, None

    @transition(field=state, source=RefundState.FAILED, target=RefundState.APPROVED)
    def try_again(self, at: datetime) -> None:
        """Somebody has mended what was in the way."""
        self.failure_code, self.run_at = "", at


class Photo(models.Model):
    """A photo of the defect: cleaned, kept apart, shown to buyer, that merchant and staff."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="photos")
    buyer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content_sha256 = models.CharField(max_length=64)
    perceptual_hash = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refund", "number"], name="photo_once_a_place"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sha256"], name="photo_by_hash"),
            models.Index(fields=["content_sha256"], name="photo_by_content"),
            models.Index(fields=["buyer", "-id"], name="photo_of_buyer"),
        ]

    def __str__(self) -> str:
        return self.name
