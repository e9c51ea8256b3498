"""Phone numbers in any spelling."""

from __future__ import annotations

import phonenumbers
import pytest

from common.phones import is_e164, to_e164


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("13912345678", "CN", "+8613912345678"),
        ("+86 139-1234-5678", "US", "+8613912345678"),
        ("0086 139 1234 5678", "CN", "+8613912345678"),
        ("(030) 901820", "DE", "+4930901820"),
        ("12", "CN", None),
        ("x" * 100, "CN", None),
        ("+49 181 12345678901", "CN", None),
    ],
)
def test_to_e164(text: str, region: str, number: str | None) -> None:
    """What fits no column is no number, however long its country's plan lets it be."""
    assert to_e164(text, region) == number


def test_what_is_taken_as_it_stands_is_what_a_longer_look_would_write() -> None:
    """Each country's example numbers, cut, lengthened and with other digits; also that most need no look."""
    plain = looked_at = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (0, 1, 2, 3):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            plain += is_e164(written)
            looked_at += 1
            for number in variants(written):
                assert not is_e164(number) or to_e164(number) == number, number
    assert plain / looked_at > 0.6


def variants(number: str) -> list[str]:
    cut, longer = [number[:-places] for places in (1, 2)], [number + more for more in ("0", "55", "115")]
    code = 3
    within = [number[:code] + digits + number[code:] for digits in ("0", "1", "15", "8", "011")]
    changed = [number[:place] + digit + number[place + 1 :] for place in (3, 4, 5, 7) for digit in "0159"]
    return [number, *cut, *longer, *within, *changed]


@pytest.mark.parametrize(
    "text", ["+9999999999999", "+86138", "86138001380001", "+8613800138000x", "+0613800138000", "+", ""]
)
def test_what_is_no_number_is_not_taken_as_it_stands(text: str) -> None:
    assert not is_e164(text)
