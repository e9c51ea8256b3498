"""Reads of call records, always scoped to a merchant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from common.refusals import FieldProblem, InvalidInput
from merchants.models import Merchant
from orders.models import CallRecord, CallState

MATCHES = (CallState.REDEEMED, CallState.UNMATCHED, CallState.IGNORED)


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list of calls is narrowed to."""

    match: str | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> CallFilter:
        """Read the filter of SURFACE; raises `InvalidInput` for what it doesn't take."""
        match = query.get("match") or None
        if match is not None and match not in MATCHES:
            known = ", ".join(MATCHES)
            raise InvalidInput(FieldProblem("match", "invalid", _("One of: %(known)s.") % {"known": known}))
        return cls(match)


def calls_of(merchant: Merchant, narrowed: CallFilter | None = None) -> QuerySet[CallRecord]:
    """The merchant's calls."""
    calls = CallRecord.objects.filter(merchant=merchant).select_related("order")
    return calls.filter(state=narrowed.match) if narrowed and narrowed.match else calls


def call_of(merchant: Merchant, record_id: UUID | None) -> CallRecord | None:
    """One call of the merchant; None for anybody else's."""
    return calls_of(merchant).filter(pk=record_id).first() if record_id else None
