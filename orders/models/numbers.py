"""Service numbers that buyers call, and which order a number means for which caller (FLOWS 1)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import BigIntegerField, DateTimeField, F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from merchants.models import Merchant
from orders.models.orders import Order


def new_place() -> int:
    """Where a number stands in its pool: at random, so that allocation spreads over all of them."""
    return secrets.randbelow(1 << 62)


class ServiceNumber(models.Model):
    """A number of a merchant's pool. It serves many buyers at once, each for one order at a time.

    `digits` is the number without its plus. A retired number gets no new bindings.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant,
        on_delete=models.PROTECT,
        related_name="service_numbers",
        db_index=False,
        verbose_name=_("merchant"),
    )
    number = models.CharField(_("number"), max_length=16)
    digits = models.BigIntegerField()
    place = models.BigIntegerField(default=new_place)
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    retired_at = models.DateTimeField(null=True, blank=True, verbose_name=_("retired"))

    class Meta:
        verbose_name = _("service number")
        verbose_name_plural = _("service numbers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "digits"], name="number_once_a_merchant"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="number_of_merchant"),
            models.Index(
                fields=["merchant", "place"], name="number_to_allocate", condition=Q(retired_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def public_id(self) -> str:
        """What pages name it by."""
        return ids.public_id("num", self.pk)


class EndReason(models.TextChoices):
    """Why a binding ended."""

    REDEEMED = "redeemed", _("Redeemed")
    REFUNDED = "refunded", _("Refunded")
    EXPIRED = "expired", _("Expired")


class _Alone(Func):
    """A number as a range of itself: ranges need no extension to be excluded by GiST."""

    function = "int8range"
    output_field = BigIntegerField()

    def __init__(self, name: str) -> None:
        super().__init__(F(name), F(name), Value("[]"))


class _Between(Func):
    """A time from … until, the end not included."""

    function = "tstzrange"
    output_field = DateTimeField()


class Binding(models.Model):
    """From `valid_from` until `valid_until` a call between this number and this buyer means this order.

    Until `held_until` (the cool-down) nobody else gets the pair. Guarded by its order's lock: whoever
    ends or reopens it holds that. The database refuses two bindings of a pair that overlap.
    """

    lock_rank = Rank.ITEM

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+", db_index=False)
    service_number = models.ForeignKey(
        ServiceNumber, on_delete=models.PROTECT, related_name="bindings", db_index=False
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="bindings")
    number_digits = models.BigIntegerField()
    buyer_digits = models.BigIntegerField()
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"))
    held_until = models.DateTimeField(_("held until"))
    end_reason = models.CharField(
        _("why it ended"), max_length=10, blank=True, default="", choices=EndReason.choices
    )

    class Meta:
        verbose_name = _("binding of a number")
        verbose_name_plural = _("bindings of numbers")
        constraints: ClassVar = [
            ExclusionConstraint(
                name="binding_pair_alone",
                expressions=[
                    (_Alone("number_digits"), RangeOperators.OVERLAPS),
                    (_Alone("buyer_digits"), RangeOperators.OVERLAPS),
                    (_Between(F("valid_from"), F("held_until")), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="binding_times_in_order",
                condition=Q(valid_from__lte=F("valid_until")) & Q(valid_until__lte=F("held_until")),
            ),
            models.UniqueConstraint(fields=["order"], name="binding_live_once", condition=Q(end_reason="")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer_digits", "number_digits"], name="binding_of_pair"),
            models.Index(fields=["service_number", "held_until"], name="binding_of_number"),
            models.Index(fields=["merchant", "held_until"], name="binding_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.number_digits} · {self.buyer_digits}"

    def is_live(self, at: datetime) -> bool:
        """Whether a call now would redeem."""
        return not self.end_reason and self.valid_from <= at < self.valid_until

    def end(self, at: datetime, reason: EndReason, held_until: datetime) -> None:
        """The order needs it no longer; the pair cools down until `held_until`.

        A pair that has cooled down already may mean another order by now: it is held no longer for this one.
        """
        self.end_reason = reason
        self.valid_until = max(min(self.valid_until, at), self.valid_from)
        if at < self.held_until:
            self.held_until = max(held_until, self.valid_until)

    def reopen(self, at: datetime, valid_until: datetime, held_until: datetime) -> None:
        """A redemption was undone: the pair means this order again.

        Only for calls from now on: one that was made before and is told late redeems nothing twice.
        """
        self.end_reason = ""
        self.valid_from = at
        self.prolong(valid_until, held_until)

    def prolong(self, valid_until: datetime, held_until: datetime) -> None:
        """There is more time to redeem than there was."""
        self.valid_until, self.held_until = valid_until, held_until
