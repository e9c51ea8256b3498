from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ledger.pricing import repayment, split_shortfall

amounts = st.integers(min_value=0, max_value=10**12)


def test_the_example_of_the_book() -> None:
    assert split_shortfall(20, 54, 6) == (20, 34, 0, 6)
    assert split_shortfall(60, 54, 6) == (54, 0, 6, 0)
    assert split_shortfall(57, 54, 6) == (54, 0, 3, 3)


@given(amounts, amounts, amounts)
def test_everything_is_given_back_and_the_buyer_comes_first(available: int, paid: int, platform: int) -> None:
    split = split_shortfall(available, paid, platform)
    assert split.paid + split.paid_short == paid
    assert split.platform + split.platform_short == platform
    assert split.paid + split.platform == min(available, paid + platform)
    assert split.paid_short == 0 or split.platform == 0


@given(amounts, amounts)
def test_a_repayment_is_within_both(credit: int, owed: int) -> None:
    assert repayment(credit, -owed) == min(credit, owed)


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_nothing_negative_is_split(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        split_shortfall(*numbers)


@pytest.mark.parametrize("numbers", [(-1, 0), (0, 1)])
def test_a_repayment_wants_a_credit_and_a_debt(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="repayment"):
        repayment(*numbers)
