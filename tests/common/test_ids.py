"""Identifiers inside and outside."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from common.ids import luhn_digit, new_digit_code, new_id, new_token, parse_public_id, public_id


def test_ids_are_uuid_7_and_rise_within_a_process() -> None:
    made = [new_id() for _ in range(5_000)]
    assert {one.version for one in made} == {7}
    assert all(type(one) is UUID for one in made)
    assert made == sorted(made), "items of one order stay in the order of its lines"
    assert len(set(made)) == len(made)


@given(st.uuids(), st.sampled_from(["ord", "pay", "prd"]))
def test_a_public_id_leads_back(value: UUID, prefix: str) -> None:
    assert parse_public_id(prefix, public_id(prefix, value)) == value


@given(st.uuids())
def test_an_id_of_another_kind_is_none(value: UUID) -> None:
    assert parse_public_id("pay", public_id("ord", value)) is None


@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.binary(), st.booleans()))
def test_anything_else_is_none_and_never_an_error(text: object) -> None:
    assert parse_public_id("ord", text) is None


@given(st.text(alphabet="0123456789abcdefABCDEF-{}_ ٣x", min_size=28, max_size=40))
def test_there_is_one_spelling_of_an_id(digits: str) -> None:
    found = parse_public_id("ord", "ord_" + digits)
    assert found is None or public_id("ord", found) == "ord_" + digits


def test_tokens_are_long_and_fit_an_address() -> None:
    made = {new_token() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(token) >= 22 and token.isascii() for token in made)
    assert not set("/?#%&+ ") & set("".join(made))


def test_digit_codes_are_sixteen_digits_with_a_good_check_digit() -> None:
    made = [new_digit_code() for _ in range(2_000)]
    assert len(set(made)) == 2_000
    for code in made:
        assert len(code) == 16
        assert code.isdigit()
        assert code[0] != "0"
        assert luhn_digit(code[:-1]) == code[-1]


@pytest.mark.parametrize(("digits", "check"), [("7992739871", "3"), ("411111111111111", "1"), ("0", "0")])
def test_luhn_as_the_standard_has_it(digits: str, check: str) -> None:
    assert luhn_digit(digits) == check


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 14), st.integers(1, 9))
def test_one_mistyped_digit_is_noticed(body: str, place: int, off: int) -> None:
    wrong = body[:place] + str((int(body[place]) + off) % 10) + body[place + 1 :]
    assert luhn_digit(wrong) != luhn_digit(body)
