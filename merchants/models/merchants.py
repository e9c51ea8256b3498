"""Merchants, the people who work for them, and third-party apps."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import clock, ids
from common.locking import Rank
from merchants.models.people import Person


class Unredeemed(models.TextChoices):
    """What becomes of the money where the time to redeem has passed."""

    REFUND = "refund", _("Goes back to the buyer")
    KEEP = "keep", _("The merchant keeps it")


class Merchant(models.Model):
    """A seller: its own currency, times and rules."""

    lock_rank = Rank.MERCHANT

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    region = models.CharField(_("region of phone numbers"), max_length=2, default="CN")
    pay_within_seconds = models.PositiveIntegerField(
        _("seconds to pay an order"), default=30 * 60, validators=[MinValueValidator(60)]
    )
    redeem_within_days = models.PositiveIntegerField(
        _("days to redeem"), default=90, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    holding_seconds = models.PositiveIntegerField(
        _("seconds before money for unredeemable goods is released"), default=7 * 24 * 3600
    )
    unredeemed = models.CharField(
        _("what is not redeemed in time"), max_length=6, choices=Unredeemed.choices, default=Unredeemed.REFUND
    )
    undo_within_seconds = models.PositiveIntegerField(
        _("seconds in which a redemption can be undone"), default=15 * 60
    )
    fee_basis_points = models.PositiveSmallIntegerField(
        _("platform's fee in basis points"), default=0, validators=[MaxValueValidator(5000)]
    )
    contact_name = models.CharField(_("contact's name"), max_length=120, blank=True, default="")
    contact_phone = models.CharField(_("contact's phone"), max_length=30, blank=True, default="")
    contact_note = models.CharField(_("a line for the contact card"), max_length=300, blank=True, default="")
    stopped_reason = models.CharField(_("why staff stopped it"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether it may take new orders."""
        return not self.stopped_reason


class Role(models.TextChoices):
    """What a member may do; each may all that the ones below may."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    CASHIER = "cashier", _("Cashier")


class Member(models.Model):
    """A person who works for a merchant."""

    lock_rank = Rank.MEMBER

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="members", verbose_name=_("merchant")
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    last_assigned_at = models.DateTimeField(null=True, blank=True, verbose_name=_("last assigned a customer"))

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["merchant", "person"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.get_role_display()}"


class Invitation(models.Model):
    """An address asked to join a merchant; accepted by opening the link once.

    The token is kept sealed until its e-mail is sent (`send_at` is when that is tried next), then
    only its hash remains.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("merchant")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    language = models.CharField(max_length=10, blank=True, default="", verbose_name=_("language"))
    token_hash = models.BinaryField(max_length=32, unique=True)
    token_sealed = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))
    expires_at = models.DateTimeField(verbose_name=_("ends"))
    accepted_at = models.DateTimeField(null=True, blank=True, verbose_name=_("accepted"))
    send_at = models.DateTimeField(null=True, blank=True, default=clock.now, verbose_name=_("due"))
    send_attempts = models.PositiveSmallIntegerField(default=0, verbose_name=_("attempts"))
    sent_at = models.DateTimeField(null=True, blank=True, verbose_name=_("sent"))

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "email"],
                name="invitation_open_once",
                condition=Q(accepted_at__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["send_at"], name="invitation_to_send", condition=Q(send_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.merchant}"

    @property
    def public_id(self) -> str:
        """What pages and the audit trail name it by; not the token."""
        return ids.public_id("inv", self.pk)

    def is_open(self, at: datetime) -> bool:
        """Whether it can be accepted."""
        return self.accepted_at is None and at < self.expires_at


class App(models.Model):
    """A third party's program on the open platform; its money goes to its owner's merchant."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    owner = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="apps", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=120)
    webhook_secret_sealed = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now, verbose_name=_("created"))

    class Meta:
        verbose_name = _("app")
        verbose_name_plural = _("apps")

    def __str__(self) -> str:
        return self.name
