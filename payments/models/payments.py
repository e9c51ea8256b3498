"""A payment: one attempt to bring money in, for an order or for a wallet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant, Person
from orders.models import Order

WALLET = "wallet"
MAX_PAUSE = timedelta(hours=1)
NO_LINES = models.Value([], models.JSONField())


class PaymentKind(models.TextChoices):
    """What the money is for."""

    ORDER = "order", _("Order")
    TOP_UP = "top_up", _("Top-up")
    TILL = "till", _("At the till")


class PaymentState(models.TextChoices):
    """SURFACE, "States"."""

    PENDING = "pending", _("On its way")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Outcome not known yet")
    REVERSED = "reversed", _("Reversed")
    REFUNDED = "refunded", _("Refunded")


OPEN = (PaymentState.PENDING, PaymentState.UNKNOWN)
COUNTED = (PaymentState.SUCCEEDED, PaymentState.REVERSED, PaymentState.REFUNDED)


class Payment(models.Model):
    """Saved before any provider is called; its id is the journal's id and the provider's idempotency key.

    `received_minor` is what truly arrived, `returned_minor` what was sent back or is on its way.
    """

    lock_rank = Rank.PAYMENT

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False, verbose_name=_("id"))
    kind = models.CharField(_("for"), max_length=6, choices=PaymentKind.choices)
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, db_index=False, verbose_name=_("merchant")
    )
    order = models.ForeignKey(
        Order,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payments",
        verbose_name=_("order"),
    )
    payer = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, verbose_name=_("payer"))
    source = models.CharField(_("source"), max_length=20)
    state = FSMField(_("state"), default=PaymentState.PENDING, choices=PaymentState.choices, protected=True)
    amount_minor = models.BigIntegerField(_("amount"))
    deduction_minor = models.BigIntegerField(_("deduction"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    received_minor = models.BigIntegerField(_("received"), default=0)
    returned_minor = models.BigIntegerField(_("returned"), default=0)
    consent = models.BooleanField(_("agreed to become a customer"), default=False)
    channel = models.CharField(_("channel"), max_length=20, default="api")
    scenario = models.CharField(max_length=40, blank=True, default="", verbose_name=_("sandbox scenario"))
    till_reference = models.CharField(
        max_length=64, blank=True, default="", db_default="", verbose_name=_("the till's reference")
    )
    lines = models.JSONField(default=list, db_default=NO_LINES, blank=True, verbose_name=_("lines"))
    campaign_name = models.CharField(
        max_length=80, blank=True, default="", db_default="", verbose_name=_("coupon")
    )
    platform_minor = models.BigIntegerField(default=0, db_default=0, verbose_name=_("paid by the platform"))
    fee_minor = models.BigIntegerField(default=0, db_default=0, verbose_name=_("fee"))
    reserved_journal = models.UUIDField(null=True, blank=True, default=None)
    released_journal = models.UUIDField(null=True, blank=True, default=None)
    provider_reference = models.CharField(
        max_length=120, blank=True, default="", verbose_name=_("provider's reference")
    )
    redirect_url = models.CharField(max_length=500, blank=True, default="", verbose_name=_("provider's page"))
    failure_code = models.CharField(max_length=40, blank=True, default="", verbose_name=_("why it failed"))
    created_at = models.DateTimeField(_("created"), default=clock.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True, verbose_name=_("ask the provider at"))
    asked_times = models.PositiveSmallIntegerField(default=0, verbose_name=_("times asked"))

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payment_amounts_in_range",
                condition=Q(amount_minor__gt=0)
                & Q(deduction_minor__gte=0)
                & Q(deduction_minor__lte=F("amount_minor"))
                & Q(platform_minor__in=(0, F("deduction_minor")))
                & Q(fee_minor__gte=0),
            ),
            models.CheckConstraint(
                name="payment_returns_at_most_what_came",
                condition=Q(returned_minor__gte=0) & Q(returned_minor__lte=F("received_minor")),
            ),
            models.CheckConstraint(
                name="payment_belongs_somewhere",
                condition=Q(kind="order", order__isnull=False, merchant__isnull=False)
                | Q(kind="top_up", order__isnull=True, merchant__isnull=True)
                | Q(kind="till", order__isnull=True, merchant__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["merchant", "till_reference"],
                name="payment_once_a_reference",
                condition=Q(kind="till"),
            ),
            models.UniqueConstraint(
                fields=["order"],
                name="payment_one_counts",
                condition=Q(state__in=("succeeded", "reversed", "refunded")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["merchant", "-id"], name="payment_of_merchant", condition=Q(merchant__isnull=False)
            ),
            models.Index(fields=["payer", "-id"], name="payment_of_payer"),
            models.Index(fields=["ask_at"], name="payment_to_ask", condition=Q(ask_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("pay", self.pk)

    @property
    def paid_minor(self) -> int:
        """What the buyer pays: the amount less the deduction."""
        return self.amount_minor - self.deduction_minor

    def facts(self) -> dict[str, Any]:
        """What events tell of it: of a coupon its campaign's name, and nothing else."""
        return {
            "payment": self.public_id,
            "order": ids.public_id("ord", self.order_id) if self.order_id else None,
            "reference": self.till_reference or None,
            "state": self.state,
            "amount": self.amount_minor,
            "deduction": self.deduction_minor,
            "paid": self.paid_minor,
            "coupon": {"campaign_name": self.campaign_name} if self.campaign_name else None,
            "currency": self.currency,
            "source": self.source,
            "failure_code": self.failure_code or None,
        }

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come."""
        return self.state in OPEN

    @transition(field=state, source=OPEN, target=PaymentState.SUCCEEDED)
    def succeed(self, at: datetime) -> None:
        """The money arrived and counts."""
        self.settled_at, self.ask_at = at, None
        self.received_minor = self.paid_minor

    @transition(field=state, source=OPEN, target=PaymentState.FAILED)
    def fail(self, at: datetime, code: str) -> None:
        """It came to nothing; money that arrives all the same goes back."""
        self.settled_at, self.ask_at, self.failure_code = at, None, code

    @transition(field=state, source=OPEN, target=PaymentState.UNKNOWN)
    def lose_sight(self, at: datetime) -> None:
        """The provider gave no answer: asked again, with growing pauses, until it is known."""
        self.ask_at = at + min(timedelta(seconds=2) * 2 ** min(self.asked_times, 11), MAX_PAUSE)
        self.asked_times = min(self.asked_times + 1, 30_000)

    @transition(field=state, source=PaymentState.SUCCEEDED, target=PaymentState.REFUNDED)
    def refund(self) -> None:
        """All of it went back."""

    @transition(field=state, source=PaymentState.SUCCEEDED, target=PaymentState.REVERSED)
    def reverse(self) -> None:
        """The till took the sale back: all of it went back."""
        self.returned_minor = self.received_minor
