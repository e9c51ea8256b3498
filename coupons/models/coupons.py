"""Coupons: one promise of a campaign to one buyer. State changes by the verbs below and by nothing else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from coupons.models.campaigns import Campaign
from merchants.models import Merchant, Person

ARMED_FOR = timedelta(minutes=15)
"""How long a coupon waits for the payment code that it was armed for."""


class CouponState(models.TextChoices):
    """SURFACE, "States": issued ⇄ armed → locked → used, and the ways back and out."""

    ISSUED = "issued", _("Ready to use")
    ARMED = "armed", _("Set for the next payment")
    LOCKED = "locked", _("Being used")
    USED = "used", _("Used")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Taken back")


class Coupon(models.Model):
    """While locked or used, `payment_id` is the payment that it is part of and `deduction_minor` what it
    takes off; `spent_on` is the day against whose budget that counts."""

    lock_rank = Rank.COUPON

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="coupons", db_index=False, verbose_name=_("campaign")
    )
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("merchant")
    )
    owner = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="coupons", db_index=False, verbose_name=_("owner")
    )
    state = FSMField(_("state"), default=CouponState.ISSUED, choices=CouponState.choices, protected=True)
    issued_at = models.DateTimeField(_("issued"), default=clock.now)
    expires_at = models.DateTimeField(_("ends"))
    armed_until = models.DateTimeField(_("set until"), null=True, blank=True)
    payment_id = models.UUIDField(null=True, blank=True)
    deduction_minor = models.BigIntegerField(_("deduction"), default=0)
    spent_on = models.DateField(null=True, blank=True)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner"], name="coupon_armed_once_a_buyer", condition=Q(state="armed")
            ),
            models.UniqueConstraint(
                fields=["payment_id"],
                name="coupon_once_a_payment",
                condition=Q(payment_id__isnull=False),
            ),
            models.CheckConstraint(
                name="coupon_held_by_a_payment",
                condition=Q(state__in=("locked", "used"), payment_id__isnull=False, deduction_minor__gte=1)
                | (~Q(state__in=("locked", "used")) & Q(payment_id=None, deduction_minor=0, spent_on=None)),
            ),
            models.CheckConstraint(
                name="coupon_armed_for_a_while",
                condition=Q(state="armed", armed_until__isnull=False)
                | (~Q(state="armed") & Q(armed_until=None)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "-id"], name="coupon_of_campaign"),
            models.Index(fields=["merchant", "-id"], name="coupon_of_merchant"),
            models.Index(fields=["owner", "-id"], name="coupon_of_owner"),
            models.Index(fields=["armed_until"], name="coupon_armed", condition=Q(state="armed")),
            models.Index(
                fields=["expires_at"], name="coupon_to_expire", condition=Q(state__in=("issued", "armed"))
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id that the API shows to its owner and to the merchant that issued it; never to the till."""
        return ids.public_id("cpn", self.pk)

    def is_valid(self, at: datetime) -> bool:
        """Whether its time has not ended."""
        return at < self.expires_at

    @transition(field=state, source=CouponState.ISSUED, target=CouponState.ARMED)
    def arm(self, at: datetime) -> None:
        """The buyer wants it taken off at the next payment code. Armed beyond its end it is refused there;
        put back by itself, it would let the full price be charged in silence."""
        self.armed_until = at + ARMED_FOR

    @transition(field=state, source=CouponState.ARMED, target=CouponState.ISSUED)
    def put_back(self) -> None:
        """The buyer thought better of it, armed another one, the time passed, or the payment was refused."""
        self.armed_until = None

    @transition(field=state, source=(CouponState.ISSUED, CouponState.ARMED), target=CouponState.LOCKED)
    def lock(self, payment_id: UUID, deduction_minor: int, day: date | None) -> None:
        """A payment counts on it, as armed for a payment code or as named with a live code."""
        self.armed_until = None
        self.payment_id, self.deduction_minor, self.spent_on = payment_id, deduction_minor, day

    @transition(field=state, source=CouponState.LOCKED, target=CouponState.USED)
    def use(self, at: datetime) -> None:
        """The payment succeeded."""
        self.used_at = at

    @transition(field=state, source=CouponState.LOCKED, target=CouponState.ISSUED)
    def release(self) -> None:
        """The payment came to nothing."""
        self._let_go()

    @transition(field=state, source=CouponState.USED, target=CouponState.ISSUED)
    def give_back(self) -> None:
        """The payment was reversed, or all its units were refunded, while the coupon is still valid."""
        self._let_go()

    @transition(field=state, source=CouponState.USED, target=CouponState.EXPIRED)
    def lapse(self) -> None:
        """The payment was reversed, but the coupon's time has ended."""
        self._let_go()

    @transition(field=state, source=CouponState.ISSUED, target=CouponState.EXPIRED)
    def expire(self) -> None:
        """Its time has ended unused."""

    @transition(field=state, source=CouponState.ISSUED, target=CouponState.REVOKED)
    def revoke(self) -> None:
        """The merchant takes it back."""

    def _let_go(self) -> None:
        self.payment_id, self.deduction_minor, self.spent_on, self.used_at = None, 0, None, None


class How(models.TextChoices):
    """How a coupon came to somebody."""

    ISSUED = "issued", _("Issued by the merchant")
    CLAIMED = "claimed", _("Claimed by a link")
    WELCOME = "welcome", _("Welcome coupon")
    SEGMENT = "segment", _("Issued to a segment")
    SHARED = "shared", _("Given by another customer")


class Holding(models.Model):
    """That a buyer came to have a coupon of a campaign: the `number`-th, at most `limit`. Never deleted,
    so that giving one away makes no room for another."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.IntegerField()
    limit = models.IntegerField()
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="holdings")
    how = models.CharField(_("how"), max_length=8, choices=How.choices)
    since = models.DateTimeField(_("since"), default=clock.now)

    class Meta:
        verbose_name = _("holding of a coupon")
        verbose_name_plural = _("holdings of coupons")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "person", "number"], name="holding_once"),
            models.CheckConstraint(
                name="holding_within_limit", condition=Q(number__gte=1) & Q(number__lte=F("limit"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.number}/{self.limit}"


class ShareOffer(models.Model):
    """A coupon on its way from one customer to another: whoever opens the address first and takes it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="offers")
    giver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    token = models.CharField(max_length=32, unique=True, default=ids.new_token)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    expires_at = models.DateTimeField(_("ends"))
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("offer to share")
        verbose_name_plural = _("offers to share")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["coupon"],
                name="share_open_once",
                condition=Q(taken_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return ids.public_id("gft", self.pk)  # not the token: whoever has that has the coupon

    def is_open(self, at: datetime) -> bool:
        """Whether it can be taken."""
        return self.taken_at is None and self.withdrawn_at is None and at < self.expires_at
