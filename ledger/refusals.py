"""The ways in which money says no."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.refusals import Refusal
from ledger.accounts import Kind


class InsufficientFunds(Refusal):
    """An account that may not go below zero would; the transaction is to be rolled back."""

    code = "insufficient_funds"
    status = 402
    title = _("There is not enough money.")

    def __init__(self, kind: Kind, owner: UUID) -> None:
        super().__init__()
        self.kind, self.owner = kind, owner


class DebtOverpaid(Refusal):
    """More would be repaid than is owed; who repays asks for the debt under lock first."""

    code = "debt_overpaid"
    status = 409
    title = _("Less is owed than would be repaid.")

    def __init__(self, kind: Kind, owner: UUID) -> None:
        super().__init__()
        self.kind, self.owner = kind, owner


class JournalReused(Refusal):
    """A journal of this id was posted before with other legs."""

    code = "journal_reused"
    status = 409
    title = _("This was booked before, differently.")

    def __init__(self, journal: UUID) -> None:
        super().__init__()
        self.journal = journal
