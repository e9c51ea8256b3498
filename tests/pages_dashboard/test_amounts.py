"""Amounts as people type them: exact or refused."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, strategies as st

from common.forms import AmountField
from common.money import MAX_AMOUNT_MINOR, NotAnAmount, parse_minor, typed_minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "CNY", 1250),
        ("12.5", "CNY", 1250),
        ("12", "CNY", 1200),
        (" 0.01 ", "CNY", 1),
        ("0", "CNY", 0),
        ("007", "CNY", 700),
        ("9999999.99", "CNY", MAX_AMOUNT_MINOR),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "CNY", "not_a_number"),
        ("12.", "CNY", "not_a_number"),
        (".5", "CNY", "not_a_number"),
        ("1,000", "CNY", "not_a_number"),
        ("12,50", "CNY", "not_a_number"),
        ("１２", "CNY", "not_a_number"),
        ("١٢", "CNY", "not_a_number"),
        ("-1", "CNY", "not_a_number"),
        ("+1", "CNY", "not_a_number"),
        ("1e3", "CNY", "not_a_number"),
        ("¥12", "CNY", "not_a_number"),
        ("1 000", "CNY", "not_a_number"),
        ("nan", "CNY", "not_a_number"),
        ("1\n", "CNY", "not_a_number"),
        ("12.345", "CNY", "too_many_decimals"),
        ("12.0", "JPY", "too_many_decimals"),
        ("9" * 400, "CNY", "not_a_number"),
    ],
)
def test_what_is_no_amount_is_refused_by_name(text: str, currency: str, code: str) -> None:
    with pytest.raises(NotAnAmount) as caught:
        parse_minor(text, currency)
    assert caught.value.code == code


@given(st.integers(0, 10**11), st.sampled_from(["CNY", "JPY", "KWD", "EUR"]))
def test_what_is_shown_for_editing_reads_back(minor: int, currency: str) -> None:
    assert parse_minor(typed_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", "too_small"), ("10000000", "too_large"), ("1.999", "too_many_decimals"), ("", "required")],
)
def test_the_field_says_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AmountField("CNY").clean(text)
    assert caught.value.code == code


def test_the_field_shows_minor_units_as_they_are_typed() -> None:
    field = AmountField("CNY")
    assert field.prepare_value(1250) == "12.50"
    assert field.prepare_value("12.") == "12."
