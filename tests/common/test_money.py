"""The only arithmetic that divides money, against its definition."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, strategies as st

from common.money import MAX_AMOUNT_MINOR, allocate, divide_half_up, format_minor, share_basis_points

amounts = st.integers(0, 10**15)
weights = st.lists(st.integers(0, MAX_AMOUNT_MINOR), min_size=1, max_size=200)


@given(st.integers(0, 10**30), st.integers(1, 10**15))
@example(1, 2)
@example(3, 2)
@example(5, 10)
@example(49, 100)
def test_half_up_is_the_nearest_and_a_half_goes_up(numerator: int, denominator: int) -> None:
    rounded = divide_half_up(numerator, denominator)
    off = Fraction(rounded) - Fraction(numerator, denominator)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)
    assert type(rounded) is int


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -1), (-1, -1)])
def test_half_up_refuses_what_it_does_not_define(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="wants"):
        divide_half_up(numerator, denominator)


@given(amounts, st.integers(0, 10_000))
def test_a_share_is_never_more_than_the_whole(amount: int, basis_points: int) -> None:
    share = share_basis_points(amount, basis_points)
    assert 0 <= share <= amount
    assert share_basis_points(amount, 10_000) == amount
    assert abs(Fraction(share) - Fraction(amount * basis_points, 10_000)) <= Fraction(1, 2)


@given(amounts, weights)
@example(10, [60, 40])
@example(1, [1, 1, 1])
@example(0, [0, 0])
@example(7, [0, 1, 0])
def test_allocation_adds_up_and_nobody_is_off_by_a_whole_unit(total: int, shares: list[int]) -> None:
    if sum(shares) == 0 and total:
        with pytest.raises(ValueError, match="nothing to allocate over"):
            allocate(total, shares)
        return
    parts = allocate(total, shares)
    assert sum(parts) == total
    assert len(parts) == len(shares)
    for part, share in zip(parts, shares, strict=True):
        exact = Fraction(total * share, sum(shares) or 1)
        assert abs(part - exact) < 1
        assert part >= 0
        assert part == 0 or share > 0, "nothing goes where no weight is"


@given(weights.filter(any), st.data())
def test_a_deduction_never_exceeds_a_units_price(prices: list[int], data: st.DataObject) -> None:
    deduction = data.draw(st.integers(0, sum(prices)))
    assert all(part <= price for part, price in zip(allocate(deduction, prices), prices, strict=True))


@given(amounts, weights.filter(any))
def test_the_largest_remainders_get_what_is_left_and_ties_go_to_the_earlier(
    total: int, shares: list[int]
) -> None:
    whole, parts = sum(shares), allocate(total, shares)
    rest = [(total * share) % whole for share in shares]
    got_one_more = [part - total * share // whole for part, share in zip(parts, shares, strict=True)]
    assert set(got_one_more) <= {0, 1}
    ranked = sorted(range(len(shares)), key=lambda place: (-rest[place], place))
    assert [got_one_more[place] for place in ranked] == sorted(got_one_more, reverse=True)


@given(amounts, weights.filter(any))
def test_equal_weights_differ_by_one_at_most(total: int, shares: list[int]) -> None:
    parts = allocate(total, [shares[0] or 1] * len(shares))
    assert max(parts) - min(parts) <= 1


def test_the_books_example() -> None:
    assert allocate(10, [60, 40]) == [6, 4]


@pytest.mark.parametrize(("total", "shares"), [(-1, [1]), (1, [-1, 2]), (1, []), (1, [0])])
def test_allocation_refuses_what_it_does_not_define(total: int, shares: list[int]) -> None:
    with pytest.raises(ValueError, match="allocate"):
        allocate(total, shares)


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (1_234, "CNY", "en", "CN¥12.34"),
        (1_234, "CNY", "zh-hans", "¥12.34"),
        (1_234, "JPY", "en", "¥1,234"),
        (5, "CNY", "en", "CN¥0.05"),
        (1_234, "KWD", "en", "KWD1.234"),
        (-5, "CNY", "en", "-CN¥0.05"),
        (99_999_999_999_999_999, "CNY", "en", "CN¥999,999,999,999,999.99"),
    ],
)
def test_amounts_as_people_read_them(amount: int, currency: str, locale: str, text: str) -> None:
    assert format_minor(amount, currency, locale).replace("\xa0", "") == text
