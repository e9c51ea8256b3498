"""Orders and their units. State changes by the verbs below and by nothing else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from common import clock, ids
from common.locking import Rank
from common.search import Grams
from merchants.models import Merchant, Person
from merchants.models.merchants import Unredeemed
from orders.models.codes import PrintedCode
from orders.models.products import Product, RedeemBy


class OrderState(models.TextChoices):
    """SURFACE, "States": placed → paid → redeemed, and the ways out."""

    PLACED = "placed", _("Waiting for payment")
    PAID = "paid", _("Paid")
    REDEEMED = "redeemed", _("Redeemed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    REFUNDED = "refunded", _("Refunded")


class ItemState(models.TextChoices):
    """SURFACE, "States": issued ⇄ redeemed, and refunded from either."""

    ISSUED = "issued", _("Issued")
    REDEEMED = "redeemed", _("Redeemed")
    REFUNDED = "refunded", _("Refunded")


class Order(models.Model):
    """What one buyer asked of one merchant, at a price fixed when it was placed.

    `awaits_redemption`, `awaits_call` and `awaits_release`: whether some unit is to be redeemed, whether
    by a phone call, and whether some unit needs no redemption, so that its money is released by time.
    The first falls when the time to redeem has ended, and rises when a redemption is undone.
    `unredeemed` is what the merchant said when it was paid of what nobody comes for; empty on orders paid
    before that was kept: the merchant's present word counts.
    Lines never change. `service_number` is the one bound last; empty where there was none.
    """

    lock_rank = Rank.ORDER

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="orders", db_index=False, verbose_name=_("merchant")
    )
    buyer = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
        db_index=False,
        verbose_name=_("buyer"),
    )
    number = models.CharField(_("number"), max_length=8)
    state = FSMField(_("state"), default=OrderState.PLACED, choices=OrderState.choices, protected=True)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    note = models.CharField(_("note"), max_length=500, blank=True, default="")
    live_token = models.CharField(max_length=32, unique=True, default=ids.new_token)
    page_token = models.CharField(max_length=32, unique=True, default=ids.new_token)
    channel = models.CharField(_("channel"), max_length=20, default="api")
    printed_code = models.ForeignKey(
        PrintedCode,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
        db_index=False,
        verbose_name=_("printed code"),
    )
    awaits_redemption = models.BooleanField(default=True, verbose_name=_("awaits redemption"))
    awaits_release = models.BooleanField(default=False, verbose_name=_("awaits release"))
    awaits_call = models.BooleanField(default=False, verbose_name=_("awaits a call"))
    service_number = models.CharField(_("service number"), max_length=16, blank=True, default="")
    placed_at = models.DateTimeField(_("placed"), default=clock.now)
    expires_at = models.DateTimeField(_("to be paid by"))
    scanned_at = models.DateTimeField(null=True, blank=True, verbose_name=_("first scanned"))
    confirmed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("confirmed"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    redeem_until = models.DateTimeField(_("to be redeemed by"), null=True, blank=True)
    unredeemed = models.CharField(
        _("what is not redeemed in time"),
        max_length=6,
        choices=Unredeemed.choices,
        blank=True,
        default="",
        db_default="",
    )
    closed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("closed"))

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            models.CheckConstraint(name="order_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="order_paid_lapses_late",
                condition=~Q(state="expired") | Q(paid_at__isnull=True) | Q(closed_at__gte=F("redeem_until")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["merchant", "-id"], name="order_of_merchant"),
            models.Index(fields=["merchant", "state", "-id"], name="order_by_state"),
            models.Index(fields=["merchant", "number"], name="order_by_number"),
            models.Index(fields=["buyer", "-id"], name="order_of_buyer", condition=Q(buyer__isnull=False)),
            models.Index(fields=["expires_at"], name="order_unpaid", condition=Q(state="placed")),
            models.Index(
                fields=["redeem_until"],
                name="order_unredeemed",
                condition=Q(state="paid", awaits_redemption=True),
            ),
            models.Index(
                fields=["printed_code", "-id"],
                name="order_of_code",
                condition=Q(printed_code__isnull=False),
            ),
            GinIndex(Grams("note"), name="order_note_grams", condition=Q(note__gt="")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("ord", self.pk)

    @property
    def live_url(self) -> str:
        """The address that the live code's QR holds."""
        return f"{settings.BASE_URL}/pay/{self.live_token}"

    @property
    def page_url(self) -> str:
        """The order's own page, which shows the items' codes."""
        return f"{settings.BASE_URL}/o/{self.page_token}"

    @property
    def lapses_to(self) -> str:
        """Who gets the money of what nobody comes for (`Unredeemed`): as it was when it was paid."""
        return self.unredeemed or self.merchant.unredeemed

    def facts(self) -> dict[str, Any]:
        """What events tell of it."""
        return {
            "order": self.public_id,
            "state": self.state,
            "amount": self.amount_minor,
            "currency": self.currency,
            "channel": self.channel,
            "printed_code": ids.public_id("cod", self.printed_code_id) if self.printed_code_id else None,
        }

    def steps_skipped(self) -> list[str]:
        """Steps of the funnel that paying takes along because nobody saw them happen."""
        steps = {"scanned": self.scanned_at or self.printed_code_id, "confirmed": self.confirmed_at}
        return [step for step, seen in steps.items() if not seen]

    def can_be_paid(self, at: datetime) -> bool:
        """Whether a payment that arrives at this moment would count."""
        return self.state == OrderState.PLACED and at < self.expires_at

    def is_overdue(self, at: datetime) -> bool:
        """Whether the time to pay has passed."""
        return self.state == OrderState.PLACED and at >= self.expires_at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.PAID)
    def pay(self, at: datetime, redeem_until: datetime | None) -> None:
        """One payment counts; from now on the money is in escrow."""
        self.paid_at = at
        self.redeem_until = redeem_until
        self.scanned_at = self.scanned_at or at
        self.confirmed_at = self.confirmed_at or at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.CANCELLED)
    def cancel(self, at: datetime) -> None:
        """The merchant takes it back before it is paid."""
        self.closed_at = at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.EXPIRED)
    def expire(self, at: datetime) -> None:
        """Nobody paid in time."""
        self.closed_at = at

    @transition(field=state, source=OrderState.PAID, target=OrderState.REDEEMED)
    def redeem(self) -> None:
        """Its last unrefunded item was redeemed."""

    @transition(field=state, source=OrderState.REDEEMED, target=OrderState.PAID)
    def undo(self) -> None:
        """A redemption of one of its items was undone."""

    @transition(field=state, source=OrderState.PAID, target=OrderState.EXPIRED)
    def lapse(self, at: datetime) -> None:
        """The time to redeem is over, and the merchant's policy keeps the money."""
        self.closed_at = at

    @transition(field=state, source=(OrderState.PAID, OrderState.REDEEMED), target=OrderState.REFUNDED)
    def refund(self, at: datetime) -> None:
        """Its last unit was refunded."""
        self.closed_at = at

    def fold(self, items: Collection[Item], at: datetime) -> None:
        """Follow the units: any issued → paid; else any redeemed → redeemed; else refunded."""
        states = {item.state for item in items}
        if ItemState.ISSUED in states:
            if self.state == OrderState.REDEEMED:
                self.undo()
            return
        if ItemState.REDEEMED in states:
            if self.state == OrderState.PAID:
                self.redeem()
        elif self.state != OrderState.REFUNDED:
            self.refund(at)


class Item(models.Model):
    """One unit of an order, with the code that redeems it or brings its money back.

    While `held_at` is set somebody has to decide about it first: no redemption, no timed release.
    """

    lock_rank = Rank.ITEM

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="items")
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="items", db_index=False, verbose_name=_("product")
    )
    product_name = models.CharField(max_length=120, verbose_name=_("product"))
    redeem_by = models.CharField(max_length=4, choices=RedeemBy.choices, verbose_name=_("redeemed by"))
    code = models.CharField(_("code"), max_length=16, unique=True, default=ids.new_digit_code)
    state = FSMField(_("state"), default=ItemState.ISSUED, choices=ItemState.choices, protected=True)
    price_minor = models.BigIntegerField(_("price"))
    deduction_minor = models.BigIntegerField(default=0, verbose_name=_("deduction"))
    platform_minor = models.BigIntegerField(default=0)
    from_stock = models.BooleanField(default=False)
    redeemed_at = models.DateTimeField(null=True, blank=True, verbose_name=_("redeemed"))
    released_at = models.DateTimeField(null=True, blank=True, verbose_name=_("money released"))
    refunded_at = models.DateTimeField(null=True, blank=True, verbose_name=_("refunded"))
    held_at = models.DateTimeField(null=True, blank=True, verbose_name=_("held"))
    release_due_at = models.DateTimeField(null=True, blank=True)
    release_journal = models.UUIDField(default=ids.new_id)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="item_deduction_in_range",
                condition=Q(deduction_minor__gte=0)
                & Q(deduction_minor__lte=F("price_minor"))
                & Q(platform_minor__gte=0)
                & Q(platform_minor__lte=F("deduction_minor")),
            ),
            models.CheckConstraint(
                name="item_redeemed_is_released",
                condition=~Q(state="redeemed") | Q(released_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["release_due_at"],
                name="item_release_due",
                condition=Q(release_due_at__isnull=False, released_at__isnull=True, state="issued"),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def public_id(self) -> str:
        """The id that the API shows."""
        return ids.public_id("itm", self.pk)

    @property
    def currency(self) -> str:
        """The order's."""
        return self.order.currency

    @property
    def paid_minor(self) -> int:
        """What the buyer paid for this unit."""
        return self.price_minor - self.deduction_minor

    @property
    def escrow_minor(self) -> int:
        """What lies in escrow for this unit: the buyer's part and the platform's."""
        return self.paid_minor + self.platform_minor

    @property
    def needs_redemption(self) -> bool:
        """Whether it waits for the buyer to come and get it."""
        return self.redeem_by != RedeemBy.NONE

    @transition(field=state, source=ItemState.ISSUED, target=ItemState.REDEEMED)
    def redeem(self, at: datetime) -> None:
        """The buyer has it; its money leaves escrow for the merchant."""
        self.redeemed_at = at
        self.released_at = at

    @transition(field=state, source=ItemState.REDEEMED, target=ItemState.ISSUED)
    def undo(self) -> None:
        """It was not redeemed after all: its money is in escrow again, and is released by a new journal."""
        self.redeemed_at = self.released_at = None
        self.release_journal = ids.new_id()

    @transition(field=state, source=ItemState.ISSUED, target=ItemState.ISSUED)
    def release(self, at: datetime) -> None:
        """Its money leaves escrow: the holding time is over, or nobody came and the merchant keeps it."""
        self.released_at = at

    @transition(field=state, source=(ItemState.ISSUED, ItemState.REDEEMED), target=ItemState.REFUNDED)
    def refund(self, at: datetime) -> None:
        """Its money went back to the buyer."""
        self.refunded_at = at
