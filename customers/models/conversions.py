"""The conversion block: a merchant's own steps, and each payer's way through them (FLOWS 5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from customers.models.customers import Customer
from merchants.models import Merchant
from orders.models import PrintedCode
from payments.models import Payment

MAX_ATTEMPTS = 15
FIRST_PAUSE = timedelta(seconds=20)
MAX_PAUSE = timedelta(days=1)
ERROR_LENGTH = 300


class ConversionStep(models.Model):
    """What a merchant wants done for a new customer, at its place in the order.

    Never changed: saving the steps anew retires these and writes others, so that what is under
    way ends as it was begun. `settings` are what the kind (customers/steps/) says they are.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    position = models.PositiveSmallIntegerField(_("place"))
    kind = models.CharField(_("kind"), max_length=30)
    settings: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("settings"), default=dict)
    also_returning = models.BooleanField(_("also when a customer comes back"), default=False)
    secret_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("conversion step")
        verbose_name_plural = _("conversion steps")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "position"],
                name="step_place_once",
                condition=Q(retired_at__isnull=True),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["merchant", "position"], name="step_of_merchant")]

    def __str__(self) -> str:
        return f"{self.position + 1}. {self.kind}"


class RunKind(models.TextChoices):
    """What a payment made of its payer."""

    CREATED = "created", _("Became a customer")
    CAME_BACK = "came_back", _("Came back")


class ConversionRun(models.Model):
    """One payment of a customer, taken in once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="runs", db_index=False, verbose_name=_("customer")
    )
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, related_name="+", verbose_name=_("payment")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=RunKind.choices)
    consent = models.BooleanField(_("agreed this time"))
    channel = models.CharField(_("channel"), max_length=20)
    printed_code = models.ForeignKey(
        PrintedCode,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("printed code"),
    )
    at = models.DateTimeField(_("at"), default=clock.now)

    class Meta:
        verbose_name = _("conversion")
        verbose_name_plural = _("conversions")
        indexes: ClassVar = [models.Index(fields=["customer", "-id"], name="run_of_customer")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"

    @property
    def public_id(self) -> str:
        """The id that pages show."""
        return ids.public_id("cnv", self.pk)


class StepState(models.TextChoices):
    """waiting → done | given_up; given_up → waiting when somebody asks for it again."""

    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    GIVEN_UP = "given_up", _("Given up")


class StepRun(models.Model):
    """One step for one payment; its id is the idempotency key of what it sends.

    `attempts` counts beginnings, so that one which kills its process comes to an end too;
    `tried_at` is when the last attempt ended. A step waits for those before it to be tried once.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    run = models.ForeignKey(
        ConversionRun,
        on_delete=models.PROTECT,
        related_name="steps",
        db_index=False,
        verbose_name=_("conversion"),
    )
    step = models.ForeignKey(
        ConversionStep, on_delete=models.PROTECT, related_name="runs", verbose_name=_("conversion step")
    )
    position = models.PositiveSmallIntegerField(_("place"))
    state = FSMField(_("state"), default=StepState.WAITING, choices=StepState.choices, protected=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=clock.now)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.CharField(_("last error"), max_length=ERROR_LENGTH, blank=True, default="")
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("result")
    )

    class Meta:
        verbose_name = _("step of a conversion")
        verbose_name_plural = _("steps of conversions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "position"], name="step_run_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["attempts", "due_at"], name="step_run_due", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.position + 1}. {self.state}"

    @property
    def public_id(self) -> str:
        """The id that pages show, and the key that messages carry."""
        return ids.public_id("cst", self.pk)

    @transition(field=state, source=StepState.WAITING, target=StepState.DONE)
    def finish(self, at: datetime, result: dict[str, Any]) -> None:
        """It is done; `result` says what came of it."""
        self.tried_at = self.finished_at = at
        self.result, self.error = result, ""

    @transition(field=state, source=StepState.WAITING, target=StepState.WAITING)
    def put_off(self, at: datetime, error: str) -> None:
        """It failed this time; tried again after a pause twice as long as the last."""
        self.tried_at, self.error = at, error[:ERROR_LENGTH]
        self.due_at = at + min(FIRST_PAUSE * 2 ** max(self.attempts - 1, 0), MAX_PAUSE)

    @transition(field=state, source=StepState.WAITING, target=StepState.GIVEN_UP)
    def give_up(self, at: datetime, error: str) -> None:
        """It can't be done, or was tried too often; staff and merchant see why."""
        self.tried_at = self.finished_at = at
        self.error = error[:ERROR_LENGTH]

    @transition(field=state, source=StepState.GIVEN_UP, target=StepState.WAITING)
    def take_up(self, at: datetime) -> None:
        """Somebody asks to try again, from the beginning."""
        self.due_at, self.attempts, self.finished_at = at, 0, None
