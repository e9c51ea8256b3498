"""What staff see of customers: rows to read, and verbs that want a reason."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, ReadOnlyInline, reasoned_action
from customers.flows.erase_customer import erase_customer
from customers.flows.merge_customers import undo_merge
from customers.flows.retry_step import retry_step
from customers.models import ConversionRun, ConversionStep, Customer, CustomerMerge, StepRun


def _erase(customer: Customer, reason: str) -> None:
    erase_customer(customer.merchant, customer.pk, reason)


def _undo(merge: CustomerMerge, reason: str) -> None:
    undo_merge(merge.merchant, merge.pk)


def _retry(step_run: StepRun, reason: str) -> None:
    retry_step(step_run.step.merchant, step_run.pk)


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers of all merchants; looked for by a whole phone number."""

    list_display = ("public_id", "merchant", "person", "channel", "assigned_to", "created_at", "erased_at")
    list_select_related = ("merchant", "person", "assigned_to__person")
    search_fields = ("person__phone__exact", "merchant__slug__exact")
    search_help_text = _("A whole phone number, or a shop's address")
    ordering = ("-id",)
    raw_id_fields = ("merchant", "person", "first_order", "first_payment", "assigned_to", "merged_into")
    actions = (
        reasoned_action(_erase, name="erase", description=_("Erase on request"), audited_by_flow=True),
    )


@admin.register(CustomerMerge)
class CustomerMergeAdmin(ReadOnlyAdmin):
    """Merges, and taking them back."""

    list_display = ("public_id", "merchant", "source", "target", "actor", "at", "undone_at")
    list_select_related = ("merchant", "source", "target")
    ordering = ("-id",)
    actions = (reasoned_action(_undo, name="undo", description=_("Undo the merge")),)


@admin.register(ConversionStep)
class ConversionStepAdmin(ReadOnlyAdmin):
    """The merchants' steps, present and retired."""

    list_display = ("merchant", "position", "kind", "also_returning", "created_at", "retired_at")
    list_select_related = ("merchant",)
    list_filter = ("kind",)
    search_fields = ("merchant__slug__exact",)
    ordering = ("-id",)
    exclude: ClassVar = ("secret_sealed",)


class StepRunInline(ReadOnlyInline):
    """The steps of one conversion."""

    model = StepRun
    fields = ("position", "step", "state", "attempts", "due_at", "tried_at", "finished_at", "error")
    readonly_fields = fields
    ordering = ("position",)


@admin.register(ConversionRun)
class ConversionRunAdmin(ReadOnlyAdmin):
    """What became of each payer."""

    list_display = ("at", "customer", "kind", "consent", "channel", "printed_code")
    list_select_related = ("customer", "printed_code")
    list_filter = ("kind",)
    ordering = ("-id",)
    inlines = (StepRunInline,)


@admin.register(StepRun)
class StepRunAdmin(ReadOnlyAdmin):
    """Steps under way, done, given up."""

    list_display = ("public_id", "step", "state", "attempts", "due_at", "finished_at", "error")
    list_select_related = ("step",)
    list_filter = ("state",)
    ordering = ("-id",)
    actions = (reasoned_action(_retry, name="retry", description=_("Try again")),)
