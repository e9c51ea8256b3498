"""How many statements the till sends: a sale is a hot path, and a statement is a round trip for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache

from tests.cast import Cast
from tests.coupons.made import a_campaign, a_coupon
from tests.coupons.stage import collect, payment_code

Counting = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def sends(
    django_assert_num_queries: Counting, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Counting]:
    """So many statements, the key's note of its use (once a minute) and the guesses of all (once in five
    seconds) not among them."""
    monkeypatch.setattr("payments.guessing.COUNTED_FOR_SECONDS", 600)
    cache.delete("payment_code_guesses")
    collect(cast.owner_key, payment_code(cast.buyer_key), 100, "r-0")
    yield django_assert_num_queries
    cache.delete("payment_code_guesses")


def test_collect(cast: Cast, sends: Counting) -> None:
    code = payment_code(cast.buyer_key)
    with sends(6):  # key; savepoint and release; code under lock; what is around; everything that is written
        assert collect(cast.owner_key, code, 10_000, "r-1").status == 201


def test_collect_with_a_coupon(cast: Cast, sends: Counting) -> None:
    a_coupon(a_campaign(cast), cast.buyer, is_armed=True)
    code = payment_code(cast.buyer_key)
    with sends(8):  # and the coupon under lock, and locked; used with all else that is written
        assert collect(cast.owner_key, code, 10_000, "r-1").body["deduction"] == 2_000


def test_collect_with_a_coupon_of_a_budget(cast: Cast, sends: Counting) -> None:
    a_coupon(a_campaign(cast, budget_minor=10_000, daily_budget_minor=5_000), cast.buyer, is_armed=True)
    code = payment_code(cast.buyer_key)
    with sends(10):  # and the budget, and the day's
        assert collect(cast.owner_key, code, 10_000, "r-1").body["deduction"] == 2_000


def test_the_same_reference_again(cast: Cast, sends: Counting) -> None:
    code = payment_code(cast.buyer_key)
    with sends(6):  # the earlier sale instead of what is written
        assert collect(cast.owner_key, code, 100, "r-0").status == 201
