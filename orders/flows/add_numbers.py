"""Numbers for a merchant's pool (FLOWS 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from common import audit, ids, locking
from common.refusals import FieldProblem, InvalidInput
from merchants.models import Merchant
from orders.call_numbers import read_number
from orders.models import ServiceNumber

MAX_AT_ONCE = 1000


@dataclass(slots=True)
class Added:
    """The numbers that are in the pool now, and the texts that were refused with a word for why."""

    added: list[ServiceNumber] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def add_numbers(merchant: Merchant, numbers: Sequence[str]) -> Added:
    """Add what can be added. A text is refused as `invalid_phone`, or `number_exists` when it is there.

    Raises `InvalidInput` for more than a thousand at once.
    """
    if len(numbers) > MAX_AT_ONCE:
        text = _("At most %(most)d numbers at once.") % {"most": MAX_AT_ONCE}
        raise InvalidInput(FieldProblem("numbers", "too_many", text))
    result = Added()
    wanted = _read(merchant, numbers, result)
    rows = [
        ServiceNumber(id=ids.new_id(), merchant=merchant, number=number, digits=int(number[1:]))
        for number in sorted(wanted)
    ]
    with locking.transaction():
        ServiceNumber.objects.bulk_create(rows, ignore_conflicts=True)
        made = set(ServiceNumber.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
        result.added = [row for row in rows if row.pk in made]
        result.refused += [(wanted[row.number], "number_exists") for row in rows if row.pk not in made]
        if result.added:
            audit.record(
                "numbers.added",
                f"merchant:{merchant.pk.hex}",
                merchant_id=merchant.pk,
                numbers=[row.number for row in result.added],
            )
    return result


def _read(merchant: Merchant, numbers: Sequence[str], result: Added) -> dict[str, str]:
    """E.164 → the text it was read from."""
    wanted: dict[str, str] = {}
    for text in numbers:
        number = read_number(text, merchant.region)
        if not number:
            result.refused.append((text, "invalid_phone"))
        elif number in wanted:
            result.refused.append((text, "number_exists"))
        else:
            wanted[number] = text
    return wanted
