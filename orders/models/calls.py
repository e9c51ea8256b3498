"""Calls that took place, where they are told from, and a merchant's rules for them (FLOWS 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant
from orders.models.orders import Order


class Trust(models.IntegerChoices):
    """How sure it is that the caller's number is the caller's."""

    CLAIMED = 1, _("As the caller claims")
    TRUNK = 2, _("From a known trunk")
    VERIFIED = 3, _("Verified by the network")


class CallRules(models.Model):
    """Which calls redeem a merchant's orders; without a row the defaults hold (SURFACE, `call-records`)."""

    lock_rank = Rank.MERCHANT

    merchant = models.OneToOneField(
        Merchant, on_delete=models.CASCADE, primary_key=True, related_name="call_rules"
    )
    answered_only = models.BooleanField(_("only answered calls"), default=True)
    least_seconds = models.PositiveIntegerField(
        _("shortest talk in seconds"), default=0, validators=[MaxValueValidator(3600)]
    )
    within_hours = models.PositiveIntegerField(
        _("hours after payment in which a call redeems"), null=True, blank=True
    )
    tolerance_seconds = models.PositiveIntegerField(
        _("seconds that a clock may be off"), default=5, validators=[MaxValueValidator(600)]
    )
    least_trust = models.PositiveSmallIntegerField(
        _("least trust in the caller's number"), choices=Trust.choices, default=Trust.CLAIMED
    )
    switchboards = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, verbose_name=_("switchboards")
    )
    cool_down_hours = models.PositiveIntegerField(
        _("hours before a number serves the same buyer again"),
        default=24,
        validators=[MaxValueValidator(2160)],
    )

    class Meta:
        verbose_name = _("rules of calls")
        verbose_name_plural = _("rules of calls")

    def __str__(self) -> str:
        return str(self.merchant_id)


class PhoneFeed(models.Model):
    """A telephony server or provider that a merchant's calls are read from.

    `settings` is what the provider's gateway asks for, secrets apart; those lie in
    `credentials_sealed`. `cursor` is where the next poll begins. `due_at` None: not polled (it pushes).
    `rejected` counts what could not be read, by why, since `rejected_from`; `rejected_marks` knows the
    last ones again, since every poll reads some of the past anew.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="phone_feeds", verbose_name=_("merchant")
    )
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    settings = models.JSONField(default=dict)
    credentials_sealed = models.BinaryField()
    trust = models.PositiveSmallIntegerField(
        _("trust in its callers' numbers"), choices=Trust.choices, default=Trust.CLAIMED
    )
    poll_seconds = models.PositiveIntegerField(_("seconds between polls"), default=5)
    cursor = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True, blank=True, verbose_name=_("due"))
    polled_at = models.DateTimeField(null=True, blank=True, verbose_name=_("last asked"))
    last_record_at = models.DateTimeField(null=True, blank=True, verbose_name=_("last call"))
    failures = models.PositiveIntegerField(default=0, verbose_name=_("failures in a row"))
    error = models.CharField(max_length=500, blank=True, default="", verbose_name=_("last error"))
    caught_up_at = models.DateTimeField(null=True, blank=True, verbose_name=_("everything was read up to"))
    rejected = models.JSONField(default=dict, blank=True, verbose_name=_("records that could not be read"))
    rejected_from = models.DateTimeField(null=True, blank=True, verbose_name=_("counted since"))
    rejected_at = models.DateTimeField(
        null=True, blank=True, verbose_name=_("last record that could not be read")
    )
    rejected_marks = models.JSONField(default=list, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True, verbose_name=_("last push refused"))
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    ended_at = models.DateTimeField(null=True, blank=True, verbose_name=_("ended"))

    class Meta:
        verbose_name = _("feed of calls")
        verbose_name_plural = _("feeds of calls")
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="feed_due", condition=Q(due_at__isnull=False, ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """What pages name it by."""
        return ids.public_id("fed", self.pk)


class CallState(models.TextChoices):
    """What became of a call record."""

    WAITING = "waiting", _("To be looked at")
    REDEEMED = "redeemed", _("Redeemed")
    UNMATCHED = "unmatched", _("Unmatched")
    IGNORED = "ignored", _("Ignored")


class CallReason(models.TextChoices):
    """Why a call redeemed nothing."""

    NO_BINDING = "no_binding", _("No order waits for this number and caller")
    CALLER_WITHHELD = "caller_withheld", _("The caller's number was withheld")
    OUTSIDE_WINDOW = "outside_window", _("Not in the time of the order")
    ORDER_NOT_PAID = "order_not_paid", _("The order is not paid")
    SWITCHBOARD = "switchboard", _("A switchboard that many call from")
    NOT_TRUSTED = "not_trusted", _("The caller's number is not sure enough")
    NOT_ENDED = "not_ended", _("Still talking")
    NOT_ANSWERED = "not_answered", _("Not answered")
    TOO_SHORT = "too_short", _("Too short")
    ALREADY_REDEEMED = "already_redeemed", _("Redeemed before")
    ORDER_REFUNDED = "order_refunded", _("The order was refunded")
    ORDER_EXPIRED = "order_expired", _("The order has expired")
    HELD = "held", _("The buyer has objected")


class CallRecord(models.Model):
    """One call or text message, stored once by (merchant, provider, the provider's id).

    `caller` and `called` are E.164, or empty where withheld; the digits are those without the plus.
    """

    lock_rank = Rank.BINDING

    class Kind(models.TextChoices):
        """What took place."""

        CALL = "call", _("Call")
        SMS = "sms", _("Text message")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.PROTECT,
        related_name="call_records",
        db_index=False,
        verbose_name=_("merchant"),
    )
    feed = models.ForeignKey(
        PhoneFeed, null=True, blank=True, on_delete=models.SET_NULL, db_index=False, verbose_name=_("feed")
    )
    provider = models.CharField(_("provider"), max_length=40)
    call_id = models.CharField(_("the provider's id"), max_length=200)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.CALL)
    caller = models.CharField(_("caller"), max_length=16, blank=True, default="")
    called = models.CharField(_("called"), max_length=16, blank=True, default="")
    caller_digits = models.BigIntegerField(null=True, blank=True)
    called_digits = models.BigIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(_("began"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    trust = models.PositiveSmallIntegerField(_("trust"), choices=Trust.choices, default=Trust.CLAIMED)
    received_at = models.DateTimeField(_("came in"), default=clock.now)
    state = FSMField(_("state"), default=CallState.WAITING, choices=CallState.choices, protected=True)
    reason = models.CharField(_("reason"), max_length=20, blank=True, default="", choices=CallReason.choices)
    order = models.ForeignKey(
        Order,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="calls",
        db_index=False,
        verbose_name=_("order"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("call record")
        verbose_name_plural = _("call records")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "provider", "call_id"], name="call_once"),
            models.CheckConstraint(
                name="call_redeemed_has_order", condition=~Q(state="redeemed") | Q(order__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="call_of_merchant"),
            models.Index(fields=["merchant", "state", "-id"], name="call_by_state"),
            models.Index(fields=["id"], name="call_waiting", condition=Q(state="waiting")),
            models.Index(
                fields=["caller_digits", "called_digits"],
                name="call_unmatched_pair",
                condition=Q(state="unmatched"),
            ),
            models.Index(fields=["order"], name="call_of_order", condition=Q(order__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.call_id}"

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("cdr", self.pk)

    def facts(self) -> dict[str, Any]:
        """What events tell of it."""
        return {"call": self.public_id, "provider": self.provider, "kind": self.kind}

    @transition(
        field=state,
        source=(CallState.WAITING, CallState.UNMATCHED, CallState.IGNORED),
        target=CallState.REDEEMED,
    )
    def redeem(self, at: datetime, order: Order) -> None:
        """It redeemed this order, or somebody of the merchant says that it does."""
        self.order, self.reason, self.decided_at = order, "", at

    @transition(field=state, source=(CallState.WAITING, CallState.UNMATCHED), target=CallState.UNMATCHED)
    def leave(self, at: datetime, reason: CallReason) -> None:
        """Nothing fits it; somebody may assign it, and what comes later may fit."""
        self.reason, self.decided_at = reason, at

    @transition(field=state, source=(CallState.WAITING, CallState.UNMATCHED), target=CallState.IGNORED)
    def ignore(self, at: datetime, reason: CallReason, order: Order | None = None) -> None:
        """It is clear that it redeems nothing."""
        self.reason, self.decided_at, self.order = reason, at, order

    @transition(field=state, source=(CallState.UNMATCHED, CallState.IGNORED), target=CallState.WAITING)
    def look_again(self) -> None:
        """More is known of the call now, or of its order."""
        self.reason, self.decided_at, self.order = "", None, None
