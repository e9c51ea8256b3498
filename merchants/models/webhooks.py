"""Where merchants and apps want to hear of events, and every attempt to tell them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from merchants.models.merchants import App, Merchant


class DeliveryState(models.TextChoices):
    """What became of a delivery."""

    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    GIVEN_UP = "given_up", _("Given up")


class WebhookEndpoint(models.Model):
    """An address of a merchant (or app) that hears of events, with its own secret.

    It stops when it answers 410. A deleted one keeps its row, for the history of its deliveries.
    """

    lock_rank = Rank.ENDPOINT

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("merchant")
    )
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("app"))
    url = models.URLField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=60), default=list, verbose_name=_("events"))
    secret_sealed = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    stopped_at = models.DateTimeField(null=True, blank=True, verbose_name=_("stopped"))
    stopped_reason = models.CharField(
        max_length=200, blank=True, default="", verbose_name=_("why it was stopped")
    )
    deleted_at = models.DateTimeField(null=True, blank=True, verbose_name=_("deleted"))

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="endpoint_has_one_owner",
                condition=Q(merchant__isnull=False, app__isnull=True)
                | Q(merchant__isnull=True, app__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def public_id(self) -> str:
        """What the outside names it by."""
        return ids.public_id("whe", self.pk)

    @property
    def is_live(self) -> bool:
        """Whether it is told of events."""
        return self.stopped_at is None and self.deleted_at is None


class WebhookDelivery(models.Model):
    """One event for one endpoint: stored before it is sent, kept with every attempt.

    `body` is what is sent, to the letter, however often; `due_at` is when it may be tried next.
    """

    lock_rank = Rank.DELIVERY

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("webhook endpoint"),
    )
    event_id = models.UUIDField()
    event_name = models.CharField(max_length=60, verbose_name=_("event"))
    body = models.TextField(verbose_name=_("content"))
    request_id = models.CharField(max_length=64, blank=True, default="", verbose_name=_("request"))
    state = FSMField(_("state"), default=DeliveryState.WAITING, choices=DeliveryState.choices, protected=True)
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    due_at = models.DateTimeField(default=clock.now, verbose_name=_("due"))
    attempts_made = models.PositiveSmallIntegerField(default=0, verbose_name=_("attempts"))
    finished_at = models.DateTimeField(null=True, blank=True, verbose_name=_("finished"))

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="waiting")),
            models.Index(
                fields=["endpoint", "due_at"], name="delivery_due_by_endpoint", condition=Q(state="waiting")
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_by_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} → {self.endpoint_id}"

    @property
    def message_id(self) -> str:
        """`webhook-id`: the same at every attempt, so that a receiver can tell a repeat."""
        return ids.public_id("evt", self.event_id)

    @transition(field=state, source=DeliveryState.WAITING, target=DeliveryState.DELIVERED)
    def deliver(self, at: datetime) -> None:
        """The endpoint said 2xx."""
        self.attempts_made += 1
        self.finished_at = at

    @transition(field=state, source=DeliveryState.WAITING, target=DeliveryState.WAITING)
    def put_off(self, until: datetime) -> None:
        """An attempt failed; another comes."""
        self.attempts_made += 1
        self.due_at = until

    @transition(field=state, source=DeliveryState.WAITING, target=DeliveryState.GIVEN_UP)
    def give_up(self, at: datetime, *, attempted: bool = True) -> None:
        """The last attempt failed, or the endpoint is gone."""
        self.attempts_made += attempted
        self.finished_at = at


class WebhookAttempt(models.Model):
    """One try to hand a delivery over, and what came back."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=clock.now, verbose_name=_("at"))
    duration_ms = models.PositiveIntegerField(default=0, verbose_name=_("milliseconds"))
    status = models.PositiveSmallIntegerField(null=True, blank=True, verbose_name=_("HTTP status"))
    error = models.CharField(max_length=300, blank=True, default="", verbose_name=_("error"))
    answer = models.CharField(max_length=1000, blank=True, default="", verbose_name=_("answer"))

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")
        indexes: ClassVar = [models.Index(fields=["delivery", "id"], name="attempt_by_delivery")]

    def __str__(self) -> str:
        return f"{self.status or self.error} at {self.at:%F %T}"
