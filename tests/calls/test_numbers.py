"""Numbers as telephony writes them."""

from __future__ import annotations

import pytest

from orders.call_numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+8613800138001", "+8613800138001"),
        ("+86013800138001", "+8613800138001"),
        ("+86 138 0013 8001", "+8613800138001"),
        ("008613800138001", "+8613800138001"),
        ("13800138001", "+8613800138001"),
        ("01088880001", "+861088880001"),
        ("+861088880001", "+861088880001"),
        ("<sip:+8613800138001@10.1.2.3:5060;user=phone>", "+8613800138001"),
        ("tel:+86-138-0013-8001;phone-context=x", "+8613800138001"),
        ("+442079460000", "+442079460000"),
        ("+4402079460000", "+442079460000"),
        ("+789123456789", "+79123456789"),
        ("+112025550123", "+12025550123"),
        (None, ""),
        ("", ""),
        (" Anonymous ", ""),
        ("sip:anonymous@anonymous.invalid", ""),
        ("anonymous@anonymous.invalid", ""),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', ""),
        ('"A name" <sip:+8613800138001@10.1.2.3>;tag=1c9', "+8613800138001"),
        ('"A name" <13800138001>', "+8613800138001"),
        ("+8613800138001@10.1.2.3", "+8613800138001"),
        ("+12", None),
        ("+8612345", None),
        ("12345", None),
        ("no number", None),
        ("+86138001380011234567", None),
        ("+49 181 12345678901", None),  # in the plan, and longer than E.164 and any column
        ("<>", ""),
    ],
)
def test_spellings(text: str | None, number: str | None) -> None:
    assert read_number(text, "CN") == number


@pytest.mark.parametrize("region", ["CN", "US", "JP", "AU", "RU"])
def test_two_zeros_are_international_whatever_a_region_dials(region: str) -> None:
    assert read_number("008613800138001", region) == "+8613800138001"
    assert read_number("00 44 20 7946 0000", region) == "+442079460000"
