"""The two tables of the ledger. They are made by SQL (migrations/sql/) and written by `posting.post`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.locking import Rank


class LegColumns(models.Model):
    """One leg of a journal."""

    journal = models.UUIDField(_("journal"))
    n = models.SmallIntegerField(_("leg"))
    posting = models.CharField(_("posting"), max_length=40, db_collation="C")
    debit_kind = models.CharField(_("debit"), max_length=2, db_collation="C")
    debit_owner = models.UUIDField(_("debit owner"))
    credit_kind = models.CharField(_("credit"), max_length=2, db_collation="C")
    credit_owner = models.UUIDField(_("credit owner"))
    amount = models.BigIntegerField(_("amount in minor units"))
    currency = models.CharField(_("currency"), max_length=3, db_collation="C")
    at = models.DateTimeField(_("at"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.posting} {self.debit_kind}→{self.credit_kind} {self.amount} {self.currency}"


class Leg(LegColumns):
    """What moved. Only ever inserted; triggers refuse everything else."""

    pk = models.CompositePrimaryKey("journal", "n")

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        indexes: ClassVar = [
            models.Index(fields=["debit_owner", "journal"], name="ledger_leg_debits"),
            models.Index(fields=["credit_owner", "journal"], name="ledger_leg_credits"),
        ]


class BalanceColumns(models.Model):
    """One stripe of an account in one currency: credits − debits, in minor units."""

    owner = models.UUIDField(_("owner"))
    kind = models.CharField(_("kind"), max_length=2, db_collation="C")
    currency = models.CharField(_("currency"), max_length=3, db_collation="C")
    stripe = models.SmallIntegerField(_("stripe"), default=0)
    within = models.UUIDField(_("merchant of an escrow"), null=True)
    amount = models.BigIntegerField(_("amount in minor units"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.owner}: {self.amount} {self.currency}"


class Balance(BalanceColumns):
    """What is there. Kept by `ledger_post` together with the legs."""

    lock_rank: ClassVar = Rank.BALANCE

    pk = models.CompositePrimaryKey("owner", "kind", "currency", "stripe")

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")


class LegRow(LegColumns):
    """The legs under one key each, for the admin (which takes no composite keys). A view."""

    key = models.TextField(primary_key=True)

    class Meta:
        managed = False
        db_table = "ledger_leg_row"
        verbose_name = _("leg")
        verbose_name_plural = _("legs")


class BalanceRow(BalanceColumns):
    """The balances under one key each, for the admin. A view."""

    key = models.TextField(primary_key=True)

    class Meta:
        managed = False
        db_table = "ledger_balance_row"
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
