"""Staff's view of payments and returns: rows are read, verbs run with a reason."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, ReadOnlyInline, reasoned_action
from payments.flows.ask_again import ask_again
from payments.models import Payment, Return, SandboxCharge


def _ask_again(payment: Payment, reason: str) -> object:
    return ask_again(payment)


class ReturnInline(ReadOnlyInline):
    """What went back of a payment."""

    model = Return
    fields = ("cause", "amount_minor", "state", "failure_code", "created_at", "settled_at")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments and top-ups of everybody."""

    list_display = ("id", "kind", "merchant", "source", "state", "amount_minor", "created_at")
    list_filter = ("kind", "state", "source")
    list_select_related = ("merchant",)
    search_fields = ("=id", "=order__number", "=payer__phone")
    ordering = ("-id",)
    inlines: ClassVar[Any] = (ReturnInline,)
    actions: ClassVar[Any] = (
        reasoned_action(
            _ask_again, name="ask_again", description=_("Ask the gateway how it stands"), stepwise=True
        ),
    )


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    """Money on its way back."""

    list_display = ("id", "cause", "state", "amount_minor", "created_at", "settled_at")
    list_filter = ("state",)
    search_fields = ("=id", "=payment__id")
    ordering = ("-id",)


@admin.register(SandboxCharge)
class SandboxChargeAdmin(ReadOnlyAdmin):
    """The sandbox provider's own books."""

    list_display = ("id", "scenario", "outcome", "amount_minor", "captured_minor", "refunded_minor")
    list_filter = ("scenario", "outcome")
    ordering = ("-id",)
