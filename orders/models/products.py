"""Products: what a merchant sells, how it is redeemed, how many there are."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from common.money import MAX_AMOUNT_MINOR
from merchants.models import Merchant


class RedeemBy(models.TextChoices):
    """How the buyer gets what was bought."""

    CALL = "call", _("By a phone call")
    CODE = "code", _("By showing the item's code")
    NONE = "none", _("Needs no redemption")


class Product(models.Model):
    """Something for sale at a fixed price; `stock` None means that it never runs out."""

    lock_rank = Rank.PRODUCT

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="products", verbose_name=_("merchant")
    )
    name = models.CharField(_("name"), max_length=120)
    price_minor = models.BigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    redeem_by = models.CharField(_("redeemed"), max_length=4, choices=RedeemBy.choices)
    stock = models.IntegerField(_("stock"), null=True, blank=True)
    image = models.URLField(_("picture's address"), max_length=500, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True, verbose_name=_("archived"))
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints: ClassVar = [
            models.CheckConstraint(name="product_stock_not_negative", condition=Q(stock__gte=0)),
            models.CheckConstraint(
                name="product_price_in_range",
                condition=Q(price_minor__gte=1, price_minor__lte=MAX_AMOUNT_MINOR),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="product_of_merchant"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("prd", self.pk)
