"""Staff's view of products, orders, codes and calls: rows are read, verbs run with a reason."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, ReadOnlyInline, reasoned_action
from orders.flows.cancel_order import cancel_order
from orders.flows.decide_objection import decide_objection
from orders.flows.redeem_order import redeem_order
from orders.flows.unredeem_order import unredeem_order
from orders.models import (
    Binding,
    CallRecord,
    CallRules,
    Item,
    Objection,
    Order,
    PhoneFeed,
    PrintedCode,
    Product,
    ServiceNumber,
    Undoing,
)


def _cancel(order: Order, reason: str) -> object:
    return cancel_order(order.merchant, order.pk)


def _redeem(order: Order, reason: str) -> object:
    return redeem_order(order.merchant, order.pk)


def _unredeem(order: Order, reason: str) -> object:
    return unredeem_order(order.merchant, order.pk, reason=reason)


def _uphold(objection: Objection, reason: str) -> object:
    return decide_objection(objection.merchant, objection.pk, True, reason)


def _dismiss(objection: Objection, reason: str) -> object:
    return decide_objection(objection.merchant, objection.pk, False, reason)


class ItemInline(ReadOnlyInline):
    """An order's units."""

    model = Item
    fields = ("code", "product_name", "price_minor", "deduction_minor", "state", "redeemed_at", "released_at")


class BindingInline(ReadOnlyInline):
    """The numbers that meant an order."""

    model = Binding
    fields = ("number_digits", "buyer_digits", "valid_from", "valid_until", "held_until", "end_reason")


class ObjectionInline(ReadOnlyInline):
    """What an order's buyer says was not them."""

    model = Objection
    fields = ("state", "is_held", "created_at", "decided_at", "note")


class UndoingInline(ReadOnlyInline):
    """The redemptions that an objection took back."""

    model = Undoing
    fields = ("item", "gross_minor", "redeemed_at", "at")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders of all merchants."""

    list_display = ("number", "merchant", "state", "amount_minor", "channel", "placed_at")
    list_filter = ("state", "channel")
    list_select_related = ("merchant",)
    search_fields = ("=id", "=number", "=items__code")
    ordering = ("-id",)
    exclude = ("live_token", "page_token")
    inlines: ClassVar[Any] = (ItemInline, BindingInline, ObjectionInline)
    actions: ClassVar[Any] = (
        reasoned_action(_cancel, name="cancel", description=_("Cancel, before it is paid")),
        reasoned_action(_redeem, name="redeem", description=_("Redeem what waits for it")),
        reasoned_action(_unredeem, name="unredeem", description=_("Undo the last redemption")),
    )


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Products of all merchants."""

    list_display = ("name", "merchant", "price_minor", "redeem_by", "stock", "archived_at")
    list_filter = ("redeem_by",)
    list_select_related = ("merchant",)
    search_fields = ("=id", "name")
    ordering = ("-id",)


@admin.register(PrintedCode)
class PrintedCodeAdmin(ReadOnlyAdmin):
    """Printed codes of all merchants."""

    list_display = ("name", "kind", "merchant", "created_at", "retired_at")
    list_filter = ("kind",)
    list_select_related = ("merchant",)
    search_fields = ("=id", "name")
    ordering = ("-id",)


@admin.register(Objection)
class ObjectionAdmin(ReadOnlyAdmin):
    """Redemptions that buyers say were not theirs; staff decide where the merchant can't or won't."""

    list_display = ("order", "merchant", "state", "is_held", "created_at", "decided_at", "note")
    list_filter = ("state", "is_held")
    list_select_related = ("merchant", "order")
    search_fields = ("=id", "=order__number")
    ordering = ("-id",)
    inlines: ClassVar[Any] = (UndoingInline,)
    actions: ClassVar[Any] = (
        reasoned_action(_uphold, name="uphold_objection", description=_("The buyer is right")),
        reasoned_action(_dismiss, name="dismiss_objection", description=_("The redemption stands")),
    )


@admin.register(Undoing)
class UndoingAdmin(ReadOnlyAdmin):
    """Redemptions that were taken back; the id is the journal."""

    list_display = ("item", "gross_minor", "redeemed_at", "at", "reason")
    list_select_related = ("item__order",)
    search_fields = ("=id", "=item__code", "=release_journal")
    ordering = ("-id",)


@admin.register(ServiceNumber)
class ServiceNumberAdmin(ReadOnlyAdmin):
    """Numbers of all merchants' pools."""

    list_display = ("number", "merchant", "created_at", "retired_at")
    list_filter = (("retired_at", admin.EmptyFieldListFilter),)
    list_select_related = ("merchant",)
    search_fields = ("=id", "=number")
    ordering = ("-id",)


@admin.register(Binding)
class BindingAdmin(ReadOnlyAdmin):
    """Which number means which order for which caller."""

    list_display = ("number_digits", "buyer_digits", "order", "valid_from", "valid_until", "end_reason")
    list_filter = ("end_reason",)
    list_select_related = ("order",)
    search_fields = ("=id", "=order__number", "=number_digits", "=buyer_digits")
    ordering = ("-id",)


@admin.register(CallRecord)
class CallRecordAdmin(ReadOnlyAdmin):
    """Calls of all merchants and what they did."""

    list_display = ("started_at", "merchant", "caller", "called", "kind", "state", "reason", "order")
    list_filter = ("state", "reason", "kind", "provider")
    list_select_related = ("merchant", "order")
    search_fields = ("=id", "=call_id", "=order__number")
    ordering = ("-id",)


@admin.register(CallRules)
class CallRulesAdmin(ReadOnlyAdmin):
    """Which calls redeem, where a merchant has said so."""

    list_display = ("merchant", "answered_only", "least_seconds", "within_hours", "least_trust")
    list_select_related = ("merchant",)
    search_fields = ("merchant__name", "=merchant__slug")
    ordering = ("-merchant_id",)


@admin.register(PhoneFeed)
class PhoneFeedAdmin(ReadOnlyAdmin):
    """Where calls are read from; credentials are never shown."""

    list_display = ("name", "kind", "merchant", "polled_at", "last_record_at", "failures", "error")
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant",)
    search_fields = ("=id", "name", "=merchant__slug")
    ordering = ("-id",)
    exclude = ("credentials_sealed", "rejected_marks")
