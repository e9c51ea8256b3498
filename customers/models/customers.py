"""Customers: people who paid a merchant and agreed that it knows them (FLOWS 5).

Nothing is counted by hand here: what a customer bought is computed from payments when it is shown.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from merchants.models import Member, Merchant, Person
from orders.models import Order, PrintedCode
from payments.models import Payment

NAME_LENGTH = 40
NOTE_LENGTH = 2000


class Source(models.TextChoices):
    """By which kind of code a customer came."""

    LIVE_CODE = "live_code", _("An order's live code")
    PRINTED_CODE = "printed_code", _("A printed code")


class Tag(models.Model):
    """A word by which a merchant groups its customers; case makes no difference."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    created_at = models.DateTimeField(_("created"), default=clock.now)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints: ClassVar = [
            models.UniqueConstraint("merchant", Lower("name"), name="tag_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """One merchant's view of one buyer. Exists only with the buyer's consent.

    Merged into another it is listed no more, but keeps its person, so that whatever that person
    pays later finds the one it was merged into. Erased, it has no person any more.
    """

    lock_rank = Rank.CUSTOMER

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    person = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("person"),
    )
    channel = models.CharField(_("channel"), max_length=20)
    printed_code = models.ForeignKey(
        PrintedCode,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("printed code"),
    )
    first_order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("first order")
    )
    first_payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("first payment")
    )
    consent_at = models.DateTimeField(_("agreed"))
    assigned_to = models.ForeignKey(
        Member,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="customers",
        verbose_name=_("assigned to"),
    )
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    tags = models.ManyToManyField(
        Tag, through="customers.CustomerTag", related_name="customers", verbose_name=_("tags")
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "merchant"], name="customer_once"),
            models.CheckConstraint(
                name="customer_erased_has_no_person",
                condition=Q(erased_at__isnull=True, person__isnull=False)
                | Q(erased_at__isnull=False, person__isnull=True),
            ),
            models.CheckConstraint(name="customer_not_merged_into_itself", condition=~Q(merged_into=F("id"))),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["merchant", "-id"],
                name="customer_of_merchant",
                condition=Q(merged_into__isnull=True, erased_at__isnull=True),
            ),
            models.Index(
                fields=["merchant", "channel", "-id"],
                name="customer_by_channel",
                condition=Q(merged_into__isnull=True, erased_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that the API and events show."""
        return ids.public_id("cus", self.pk)

    @property
    def source(self) -> str:
        """By which kind of code the customer came."""
        return Source.PRINTED_CODE if self.printed_code_id else Source.LIVE_CODE

    @property
    def phone(self) -> str | None:
        """The buyer's number in E.164; None for who has none, or was erased."""
        return self.person.phone if self.person else None

    @property
    def name(self) -> str:
        """The buyer's name, where it is known."""
        return self.person.name if self.person else ""

    @property
    def is_listed(self) -> bool:
        """Whether the merchant sees it as a customer of its own."""
        return self.merged_into_id is None and self.erased_at is None


class CustomerTag(models.Model):
    """A customer has a tag."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tag_links", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="links")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("customer's tag")
        verbose_name_plural = _("customers' tags")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.tag_id}"


class CustomerNote(models.Model):
    """What somebody of the merchant wrote down about a customer."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", db_index=False)
    author = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    text = models.CharField(_("text"), max_length=NOTE_LENGTH)
    at = models.DateTimeField(_("written"), default=clock.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes: ClassVar = [models.Index(fields=["customer", "-id"], name="note_of_customer")]

    def __str__(self) -> str:
        return f"{self.at:%F}"


class CustomerMerge(models.Model):
    """Two customers found to be one; `moved` is what to bring back when it is undone.

    Its keys: `customers` (ids that had been merged into the source before), `tags` (ids that the
    target had not), `assigned_to` (the member that the target took over, or null).
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    source = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="merges_away", verbose_name=_("merged customer")
    )
    target = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="merges_here", verbose_name=_("remaining customer")
    )
    moved: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, verbose_name=_("what was moved")
    )
    at = models.DateTimeField(_("merged"), default=clock.now)
    actor = models.CharField(_("by"), max_length=80)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source"], name="merge_open_once", condition=Q(undone_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that pages show."""
        return ids.public_id("mrg", self.pk)
