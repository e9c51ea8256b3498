"""Tags by name: made at the first use, one a merchant whatever the case."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from common.refusals import FieldProblem, InvalidInput
from customers.models import Customer, CustomerTag, Tag
from customers.models.customers import NAME_LENGTH
from merchants.models import Merchant

MAX_TAGS = 30
_BLANKS = re.compile(r"\s+")


def clean_name(text: object, field: str = "tag") -> str:
    """A tag's name as it is kept; raises `InvalidInput`."""
    name = _BLANKS.sub(" ", text).strip() if isinstance(text, str) else ""
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidInput(
            FieldProblem(field, "invalid", _("A tag has 1 to %(most)d characters.") % {"most": NAME_LENGTH})
        )
    return name


def clean_names(names: Iterable[object]) -> list[str]:
    """Names without doubles, in the order given; raises `InvalidInput`."""
    cleaned = {name.lower(): name for name in (clean_name(text, "tags") for text in names)}
    if len(cleaned) > MAX_TAGS:
        raise InvalidInput(
            FieldProblem("tags", "too_many", _("At most %(most)d tags a customer.") % {"most": MAX_TAGS})
        )
    return list(cleaned.values())


def find_or_make_tags(merchant: Merchant, names: Collection[str]) -> list[Tag]:
    """The merchant's tags of these (cleaned) names; safe when many ask at once."""
    if not names:
        return []
    wanted = sorted({name.lower() for name in names})
    known = Tag.objects.filter(merchant=merchant).alias(lower=Lower("name")).filter(lower__in=wanted)
    have = {tag.name.lower() for tag in known}
    missing = sorted((name for name in names if name.lower() not in have), key=str.lower)
    if missing:
        made = [Tag(merchant=merchant, name=name) for name in missing]
        Tag.objects.bulk_create(made, ignore_conflicts=True)
    return list(known.all())


def add_tags(customer: Customer, tags: Collection[Tag]) -> None:
    """Give a customer tags; those that it has already change nothing."""
    links = [CustomerTag(customer=customer, tag=tag) for tag in sorted(tags, key=lambda tag: tag.pk)]
    CustomerTag.objects.bulk_create(links, ignore_conflicts=True)
