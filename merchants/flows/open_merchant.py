"""Opening a shop: whoever opens it is its owner."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from common import audit, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Member, Merchant, Person
from merchants.models.merchants import Role

MAX_SHOPS = 20
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,58})[a-z0-9]")


def open_merchant(owner: Person, *, name: str, slug: str, currency: str) -> Merchant:
    """Create a merchant with its first member, the owner.

    Its conversion steps begin with the default (customers/default_steps.py). Raises `InvalidInput`
    for an address that is taken or is none, an unknown currency, or too many shops of one person.
    """
    name = name.strip()
    _check(owner, name, slug, currency)
    merchant = Merchant(name=name, slug=slug, currency=currency, contact_name=name)
    try:
        with locking.transaction():
            merchant.save(force_insert=True)
            Member(merchant=merchant, person=owner, role=Role.OWNER).save(force_insert=True)
            audit.record("merchant.open", f"merchant:{merchant.pk.hex}", merchant_id=merchant.pk, slug=slug)
    except IntegrityError as error:
        raise InvalidInput(_taken()) from error
    return merchant


def _check(owner: Person, name: str, slug: str, currency: str) -> None:
    problems = []
    if not 0 < len(name) <= 120 or "\x00" in name:
        problems.append(FieldProblem("name", "invalid", _("1 to 120 characters.")))
    if not _SLUG.fullmatch(slug):
        problems.append(
            FieldProblem("slug", "invalid", _("3 to 60 small letters (a–z), digits and hyphens in between."))
        )
    elif Merchant.objects.filter(slug=slug).exists():
        problems.append(_taken())
    if currency not in settings.CURRENCIES:
        problems.append(FieldProblem("currency", "unknown_currency", _("No such currency here.")))
    if Member.objects.filter(person=owner, role=Role.OWNER).count() >= MAX_SHOPS:
        problems.append(FieldProblem("", "too_many_shops", _("You own as many shops as one person may.")))
    if problems:
        raise InvalidInput(*problems)


def _taken() -> FieldProblem:
    return FieldProblem("slug", "taken", _("This address is taken."))
