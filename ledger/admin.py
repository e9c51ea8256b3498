"""What staff see of the ledger: legs and balances, to read and never to change."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from ledger.accounts import Kind
from ledger.models import BalanceRow, LegRow
from ledger.postings import BOOK

PAGED_ROWS = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages over the first rows only: to count millions for each page of a list would take seconds."""

    @cached_property
    def count(self) -> int:
        """How many rows are paged."""
        rows = self.object_list[:PAGED_ROWS]
        assert isinstance(rows, QuerySet)
        return rows.count()


class KindFilter(admin.SimpleListFilter):
    """Filter by kind of account, without asking the table which kinds there are."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Every kind, by its letters and its name."""
        return [(kind.value, f"{kind} {kind.name.lower().replace('_', ' ')}") for kind in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Balances of this kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class PostingFilter(admin.SimpleListFilter):
    """Filter by posting, as the book names them."""

    title = _("posting")
    parameter_name = "posting"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Every posting of the book."""
        return [(name, name.replace("_", " ")) for name in BOOK]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Legs of this posting."""
        return queryset.filter(posting=self.value()) if self.value() else queryset


class RowAdmin(ReadOnlyAdmin):
    """A list that is searched by a whole id, and a page for each row."""

    paginator = CappedPaginator
    search_help_text = _("A whole id")
    id_columns: ClassVar[tuple[str, ...]] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Rows with this id in one of the id columns, each of which has an index."""
        if not search_term:
            return queryset, False
        found = queryset.none()
        try:
            wanted = UUID(hex=search_term.strip().rpartition("_")[2])
        except ValueError:
            return found, False
        for column in self.id_columns:
            found = found | queryset.filter(**{column: wanted})
        return found, False


@admin.register(LegRow)
class LegAdmin(RowAdmin):
    """Legs, newest journal first."""

    list_display = ("at", "posting", "debit_kind", "credit_kind", "amount", "journal")
    list_filter = (PostingFilter,)
    search_fields = ("journal",)
    id_columns = ("journal", "debit_owner", "credit_owner")
    ordering = ("-journal", "-n")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> LegRow | None:
        """Look a leg up by the parts of its key, which have an index."""
        journal, _dot, n = object_id.rpartition(".")
        try:
            return LegRow.objects.filter(journal=UUID(journal), n=int(n)).first()
        except ValueError:
            return None


@admin.register(BalanceRow)
class BalanceAdmin(RowAdmin):
    """Balances, one stripe a row."""

    list_display = ("kind", "owner", "amount", "stripe", "within")
    list_filter = (KindFilter,)
    search_fields = ("owner",)
    id_columns = ("owner", "within")
    ordering = ("owner", "kind", "currency", "stripe")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> BalanceRow | None:
        """Look a balance up by the parts of its key, which have an index."""
        try:
            kind, owner, currency, stripe = object_id.split(".")
            rows = BalanceRow.objects.filter(kind=kind, owner=UUID(owner), currency=currency)
            return rows.filter(stripe=int(stripe)).first()
        except ValueError:
            return None
