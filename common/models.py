"""What several apps need and none of them owns: audit, outbox, inbox, remembered answers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids


class AuditEntry(models.Model):
    """Who did what to what where no event tells it: settings, keys, people. Never changed."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    at = models.DateTimeField(default=clock.now, verbose_name=_("at"))
    actor = models.CharField(max_length=80, verbose_name=_("by"))
    verb = models.CharField(max_length=60, verbose_name=_("what was done"))
    subject = models.CharField(max_length=80, verbose_name=_("concerning"))
    merchant_id = models.UUIDField(null=True, verbose_name=_("merchant"))
    detail = models.JSONField(default=dict, verbose_name=_("details"))

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar = [
            models.Index(fields=["subject", "-id"], name="audit_subject"),
            models.Index(fields=["merchant_id", "-id"], name="audit_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.subject}"


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that made it happen.

    It is message and history in one: who did it and when stay readable under its subject.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    at = models.DateTimeField(default=clock.now, verbose_name=_("at"))
    actor = models.CharField(max_length=80, default="system", verbose_name=_("by"))
    name = models.CharField(max_length=60, verbose_name=_("name"))
    subject = models.CharField(max_length=80, verbose_name=_("concerning"))
    merchant_id = models.UUIDField(null=True, verbose_name=_("merchant"))
    payload = models.JSONField(default=dict, verbose_name=_("content"))
    request_id = models.CharField(max_length=64, default="", blank=True, verbose_name=_("request"))
    dispatched_at = models.DateTimeField(null=True, verbose_name=_("passed on"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            models.Index(fields=["id"], name="outbox_waiting", condition=Q(dispatched_at=None)),
            models.Index(fields=["subject", "id"], name="outbox_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"


class Receipt(models.Model):
    """One consumer's work on one event: waiting until done, tried again when it failed."""

    event = models.ForeignKey(
        OutboxEvent, on_delete=models.CASCADE, related_name="receipts", verbose_name=_("event")
    )
    consumer = models.CharField(max_length=60, verbose_name=_("consumer"))
    due_at = models.DateTimeField(default=clock.now, verbose_name=_("due"))
    done_at = models.DateTimeField(null=True, verbose_name=_("finished"))
    attempts = models.PositiveSmallIntegerField(default=0, verbose_name=_("attempts"))
    error = models.TextField(default="", blank=True, verbose_name=_("last error"))

    class Meta:
        verbose_name = _("work on an event")
        verbose_name_plural = _("work on events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "consumer"], name="receipt_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["consumer", "due_at"], name="receipt_due", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} of {self.event_id}"


class InboxMessage(models.Model):
    """A message from outside, stored before it is acted on; once per (source, external id)."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    source = models.CharField(max_length=40, verbose_name=_("sender"))
    external_id = models.CharField(max_length=120, verbose_name=_("sender's number"))
    received_at = models.DateTimeField(default=clock.now, verbose_name=_("came in"))
    body = models.JSONField(verbose_name=_("content"))
    handled_at = models.DateTimeField(null=True, verbose_name=_("handled"))
    due_at = models.DateTimeField(default=clock.now, verbose_name=_("due"))
    attempts = models.PositiveSmallIntegerField(default=0, verbose_name=_("attempts"))
    error = models.TextField(default="", blank=True, verbose_name=_("last error"))

    class Meta:
        verbose_name = _("message from outside")
        verbose_name_plural = _("messages from outside")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "external_id"], name="inbox_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["source", "due_at"], name="inbox_waiting", condition=Q(handled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class RememberedAnswer(models.Model):
    """The first answer to a request that carried an `Idempotency-Key`, kept for a day, encrypted."""

    credential = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    subject_id = models.UUIDField(default=ids.new_id)
    status = models.PositiveSmallIntegerField(null=True)
    sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("remembered answer")
        verbose_name_plural = _("remembered answers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["credential", "key"], name="answer_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="answer_age")]

    def __str__(self) -> str:
        return f"{self.credential} {self.key}"
