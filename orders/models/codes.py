"""Codes printed once: each scan of a table's or counter's code begins a new order."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from merchants.models import Merchant


class PrintedCode(models.Model):
    """A QR on a table, counter or poster: one code, a new order each time."""

    class Kind(models.TextChoices):
        """Where it hangs; also the channel of the orders that come of it."""

        TABLE = "table", _("Table")
        COUNTER = "counter", _("Counter")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="printed_codes", verbose_name=_("merchant")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80)
    token = models.CharField(max_length=32, unique=True, default=ids.new_token, verbose_name=_("address"))
    products = models.ManyToManyField(
        "orders.Product", blank=True, verbose_name=_("only these products"), related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True, verbose_name=_("retired"))
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))

    class Meta:
        verbose_name = _("printed code")
        verbose_name_plural = _("printed codes")
        indexes: ClassVar = [models.Index(fields=["merchant", "-id"], name="code_of_merchant")]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """The id that events and pages show."""
        return ids.public_id("cod", self.pk)

    @property
    def url(self) -> str:
        """The address that the printed QR holds."""
        return f"{settings.BASE_URL}/c/{self.token}"

    def facts(self) -> dict[str, Any]:
        """What events tell of it."""
        return {"printed_code": self.public_id, "channel": self.kind}


class Scan(models.Model):
    """A visitor opened a printed code's page; counted once a visitor and day."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    code = models.ForeignKey(PrintedCode, on_delete=models.CASCADE, related_name="scans", db_index=False)
    visitor = models.CharField(max_length=32)
    day = models.DateField()

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "day", "visitor"], name="scan_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} {self.day}"
