"""Redemptions that were taken back, and buyers who say that they never came (FLOWS 1)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant
from orders.models.orders import Item, Order


class ObjectionState(models.TextChoices):
    """What became of a buyer's objection."""

    WAITING = "waiting", _("Waits for the merchant")
    UPHELD = "upheld", _("The buyer was right")
    DISMISSED = "dismissed", _("The redemption stands")


class Objection(models.Model):
    """A buyer says "that wasn't me": the money lies in escrow until the merchant decides.

    `is_held` False: the merchant's account was short, the money stayed where it was.
    """

    lock_rank = Rank.RETURN

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="objections", db_index=False, verbose_name=_("order")
    )
    state = FSMField(
        _("state"), default=ObjectionState.WAITING, choices=ObjectionState.choices, protected=True
    )
    is_held = models.BooleanField(_("money held"), default=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], name="objection_waits_once", condition=Q(state="waiting")
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "state", "-id"], name="objection_of_merchant"),
            models.Index(fields=["order", "-id"], name="objection_of_order"),
            models.Index(
                fields=["created_at"],
                name="objection_unanswered",
                condition=Q(state="waiting", is_held=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.created_at:%F %T}"

    @property
    def public_id(self) -> str:
        """What pages name it by."""
        return ids.public_id("obj", self.pk)

    @transition(field=state, source=ObjectionState.WAITING, target=ObjectionState.UPHELD)
    def uphold(self, at: datetime, note: str) -> None:
        """The units wait to be redeemed again."""
        self.decided_at, self.note = at, note

    @transition(field=state, source=ObjectionState.WAITING, target=ObjectionState.DISMISSED)
    def dismiss(self, at: datetime, note: str) -> None:
        """The units were redeemed; their money goes to the merchant."""
        self.decided_at, self.note = at, note


class Undoing(models.Model):
    """A unit's redemption that was taken back. Its id is the journal of the legs backwards."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="undoings", verbose_name=_("item"))
    release_journal = models.UUIDField(unique=True)
    redeemed_at = models.DateTimeField(verbose_name=_("redeemed"))
    gross_minor = models.BigIntegerField(_("amount"))
    objection = models.ForeignKey(
        Objection, null=True, blank=True, on_delete=models.PROTECT, related_name="undoings"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    at = models.DateTimeField(_("at"), default=clock.now)

    class Meta:
        verbose_name = _("undone redemption")
        verbose_name_plural = _("undone redemptions")

    def __str__(self) -> str:
        return f"{self.item_id} {self.at:%F %T}"

    @property
    def currency(self) -> str:
        """The order's."""
        return self.item.order.currency
