"""Keys for programs: shown once, kept as a hash, with scopes."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from merchants.models.merchants import App, Merchant
from merchants.models.people import Person


class KeyKind(models.TextChoices):
    """Who speaks with the key; the prefix of the key itself says it too."""

    MERCHANT = "mk", _("Merchant's key")
    APP = "ak", _("App's key")
    BUYER = "bt", _("Buyer's token")


class Key(models.Model):
    """A bearer key of exactly one merchant, app or buyer."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=2, choices=KeyKind.choices)
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("merchant")
    )
    app = models.ForeignKey(App, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("app"))
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("person")
    )
    name = models.CharField(_("name"), max_length=80, blank=True, default="")
    hash = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(_("begins with"), max_length=12)
    scopes = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("scopes"))
    requests_per_second = models.PositiveIntegerField(_("requests a second"), default=100)
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    last_used_at = models.DateTimeField(null=True, blank=True, verbose_name=_("last used"))
    revoked_at = models.DateTimeField(null=True, blank=True, verbose_name=_("revoked"))

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="key_has_one_owner",
                condition=Q(kind="mk", merchant__isnull=False, app__isnull=True, person__isnull=True)
                | Q(kind="ak", merchant__isnull=True, app__isnull=False, person__isnull=True)
                | Q(kind="bt", merchant__isnull=True, app__isnull=True, person__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hint}… {self.name}"
