"""Payment codes that buyers show at the till, the PIN that guards them, and wrong guesses (FLOWS 2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant, Person


class CodeOutcome(models.TextChoices):
    """What came of a code that has ended."""

    USED = "used", _("Paid")
    REFUSED = "refused", _("Refused")
    REPLACED = "replaced", _("Replaced by a newer one")


class PaymentCode(models.Model):
    """A code of one use. Only its digest is kept; nothing on the code says who shows it.

    While `ended_at` is empty it can be paid with, until `expires_at`. Where a till tried it,
    `merchant`, `amount_minor` and `reason` say what the buyer's page tells of that. `pin_…` say from
    where on the PIN is needed; empty where there is none, or where it was said for this code.
    """

    lock_rank = Rank.PAYMENT_CODE

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    buyer = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+")
    digest = models.BinaryField(max_length=32, unique=True)
    pin_above_minor = models.BigIntegerField(null=True, blank=True)
    pin_after_uses = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    expires_at = models.DateTimeField(_("ends"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=CodeOutcome.choices, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    amount_minor = models.BigIntegerField(null=True, blank=True)
    payment_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("payment code")
        verbose_name_plural = _("payment codes")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["buyer"], name="payment_code_one_lives", condition=Q(ended_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["payment_id"],
                name="payment_code_one_payment",
                condition=Q(payment_id__isnull=False),
            ),
            models.CheckConstraint(
                name="payment_code_ends_once",
                condition=Q(ended_at=None, outcome="") | (Q(ended_at__isnull=False) & ~Q(outcome="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-id"], name="payment_code_of_buyer"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def public_id(self) -> str:
        """What the buyer's page asks after it by."""
        return ids.public_id("pcd", self.pk)

    def can_pay(self, at: datetime, grace: timedelta) -> bool:
        """Whether a till may collect with it."""
        return self.ended_at is None and at < self.expires_at + grace and self.buyer.is_active

    def end(self, outcome: CodeOutcome, at: datetime, reason: str = "") -> None:
        """It can't be paid with any more."""
        self.ended_at, self.outcome, self.reason = at, outcome, reason


class BuyerPin(models.Model):
    """A buyer's PIN, hashed, and when it is asked for: above an amount, or after so many payments a day."""

    lock_rank = Rank.PAYMENT_CODE

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="pin")
    pin_hash = models.CharField(max_length=128)
    ask_above_minor = models.BigIntegerField(_("asked above"), default=50_000)
    ask_after_uses = models.PositiveSmallIntegerField(_("asked after so many payments a day"), default=5)
    wrong_count = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("PIN of a buyer")
        verbose_name_plural = _("PINs of buyers")

    def __str__(self) -> str:
        return str(self.person_id)


class CodeGuess(models.Model):
    """That a till sent a code which was never issued."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_index=False, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("guess at a payment code")
        verbose_name_plural = _("guesses at payment codes")
        indexes: ClassVar = [
            models.Index(fields=["merchant", "at"], name="guess_of_merchant"),
            models.Index(fields=["at"], name="guess_at"),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.at}"


class GivenUpSale(models.Model):
    """A sale that a till gave up without knowing what became of it: it must never happen later."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, db_index=False, related_name="+")
    reference = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("sale that was given up")
        verbose_name_plural = _("sales that were given up")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="given_up_once"),
        ]

    def __str__(self) -> str:
        return self.reference
