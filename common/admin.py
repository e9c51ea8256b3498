"""The staff's admin: rows are read, never edited; a verb runs only with a reason, and is audited.

An app's `admin.py` says what to show and which flows may be called:

    @admin.register(Order)
    class OrderAdmin(ReadOnlyAdmin):
        list_display = ("number", "state", "placed_at")
        actions = (reasoned_action(cancel, name="cancel", description=_("Cancel")),)

where `cancel(order, reason)` calls the flow that the pages and the API call too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext as _, gettext_lazy, ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from common import actors, audit, locking
from common.models import AuditEntry, InboxMessage, OutboxEvent, Receipt
from common.money import format_minor
from common.refusals import Refusal

Flow = Callable[[Any, str], object]
Action = Callable[[Any, HttpRequest, models.QuerySet[Any]], HttpResponseBase | None]

MAX_ROWS = 100
MAX_REASON_LENGTH = 300


class ReasonForm(forms.Form):
    """Why staff do this; kept in the audit trail."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Kept with your name in the audit trail."),
        max_length=MAX_REASON_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


@cache
def amount(model: type[models.Model], name: str) -> Callable[[Any], str]:
    """A column or field that shows an `…_minor` of a row as people read it, in the row's `currency`."""

    field = cast("models.Field[Any, Any]", model._meta.get_field(name))

    @admin.display(description=field.verbose_name, ordering=name)
    def shown(row: Any) -> str:
        value = getattr(row, name)
        return "" if value is None else format_minor(value, row.currency, get_language() or "en")

    return shown


class _NothingToEdit:
    """No form of the admin adds, changes or deletes; amounts are shown with their currency."""

    model: Any

    def _amounts(self) -> dict[str, Callable[[Any], str]]:
        if not hasattr(self.model, "currency"):
            return {}
        names = [field.name for field in self.model._meta.concrete_fields]
        return {name: amount(self.model, name) for name in names if name.endswith(("amount", "_minor"))}

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        shown = self._amounts()
        return [shown.get(name, name) for name in super().get_list_display(request)]  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        shown, names = self._amounts(), super().get_fields(request, obj)  # type: ignore[misc]
        return list(dict.fromkeys(shown.get(name, name) for name in names))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return [*super().get_readonly_fields(request, obj), *self._amounts().values()]  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(_NothingToEdit, TabularInline):  # type: ignore[misc]
    """Rows that belong to the shown one."""

    extra = 0
    max_num = 0
    show_change_link = True
    tab = True


class ReadOnlyAdmin(_NothingToEdit, ModelAdmin):  # type: ignore[misc]
    """Shows rows to staff with the model's "view" permission.

    Its reasoned actions need the model's "change" permission. They stand in the list's menu and
    as buttons above a single row.
    """

    list_per_page = 50
    show_full_result_count = False
    change_form_outer_before_template = "common/reasoned_buttons.html"
    actions: ClassVar[Any] = ()

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this person may run the reasoned actions."""
        meta = self.model._meta
        return bool(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        meta = self.model._meta
        context = {
            **(extra_context or {}),
            "reasoned_actions": [
                (name, description) for _function, name, description in self.get_actions(request).values()
            ],
            "reasoned_address": reverse(
                f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_changelist"
            ),
            "reasoned_checkbox": helpers.ACTION_CHECKBOX_NAME,
        }
        return super().changeform_view(request, object_id, form_url, context)


def reasoned_action(
    flow: Flow,
    *,
    name: str,
    description: str | Promise,
    stepwise: bool = False,
    audited_by_flow: bool = False,
) -> Action:
    """An action of a `ReadOnlyAdmin`: a page asks for the reason, then `flow(row, reason)` runs per row.

    Each row is its own transaction, together with its audit entry `staff.<name>`; a `Refusal` is
    told as that row's result and holds up no other. `stepwise` is for flows that call a provider
    between transactions: the entry is then written first, on its own. `audited_by_flow` says that
    the flow writes actor and reason down itself.
    """

    def act(
        model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponseBase | None:
        rows = list(queryset.order_by("pk")[: MAX_ROWS + 1])
        if len(rows) > MAX_ROWS:
            messages.error(request, _("At most %(most)d rows at a time.") % {"most": MAX_ROWS})
            return None
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return _ask(model_admin, request, rows, form, name, description)
        reason = form.cleaned_data["reason"]
        done = sum(_run(request, row, reason, call) for row in rows)
        if done:
            told = ngettext("%(count)d row done.", "%(count)d rows done.", done) % {"count": done}
            messages.success(request, f"{force_str(description)}: {told}")
        return None

    def call(row: Any, reason: str) -> None:
        if stepwise:
            _note(name, row, reason)
            flow(row, reason)
            return
        with locking.transaction():
            if not audited_by_flow:
                _note(name, row, reason)
            flow(row, reason)

    act.__name__ = act.__qualname__ = name
    act.short_description = description  # type: ignore[attr-defined]
    act.allowed_permissions = ("act",)  # type: ignore[attr-defined]
    return act


def _run(request: HttpRequest, row: models.Model, reason: str, call: Flow) -> bool:
    """Run it for one row as the person who is signed in; whether it was done."""
    try:
        with actors.acting_as(f"person:{UUID(str(request.user.pk)).hex}"):
            call(row, reason)
    except Refusal as refusal:
        messages.error(request, f"{row}: {force_str(refusal.detail)}")
        return False
    return True


def _note(name: str, row: models.Model, reason: str) -> None:
    key = row.pk.hex if isinstance(row.pk, UUID) else row.pk
    subject = getattr(row, "public_id", None) or f"{row._meta.model_name}:{key}"
    audit.record(f"staff.{name}", subject, merchant_id=getattr(row, "merchant_id", None), reason=reason)


def _ask(
    model_admin: Any,
    request: HttpRequest,
    rows: list[models.Model],
    form: ReasonForm,
    name: str,
    description: str | Promise,
) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": description,
        "opts": model_admin.model._meta,
        "media": model_admin.media,
        "rows": rows,
        "form": form,
        "action": name,
        "description": description,
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "common/reasoned_action.html", context)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to what; searched by the whole actor, subject or verb."""

    list_display = ("at", "actor", "verb", "subject", "detail")
    search_fields = ("=actor", "=subject", "=verb")
    ordering = ("-id",)


class ReceiptInline(ReadOnlyInline):
    """Each consumer's work on an event."""

    model = Receipt
    fields = ("consumer", "due_at", "done_at", "attempts", "error")
    show_change_link = False


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    """What happened, and who has heard of it; searched by the whole name, subject or request."""

    list_display = ("at", "name", "subject", "actor", "dispatched_at")
    search_fields = ("=name", "=subject", "=request_id")
    ordering = ("-id",)
    inlines = (ReceiptInline,)


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    """What came from outside, stored before it was acted on."""

    list_display = ("received_at", "source", "external_id", "handled_at", "attempts")
    list_filter = (("handled_at", admin.EmptyFieldListFilter),)
    search_fields = ("=source", "=external_id")
    ordering = ("-id",)
