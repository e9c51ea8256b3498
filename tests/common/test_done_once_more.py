"""What is done once more, and what never is: codes that were taken, answers that can't be read."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from common import ids
from orders.models import Item
from tests.cast import Cast, make_product
from tests.common.test_idempotency import order_ask, orders_of, same

pytestmark = pytest.mark.usefixtures("agrees")


def test_an_answer_sealed_with_a_forgotten_key_is_refused_and_nothing_runs_again(
    cast: Cast, settings: Settings
) -> None:
    first = cast.owner_key.once("key-1", *order_ask(cast))
    formerly = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-that-is-long-enough-0123456789"
    answer = cast.owner_key.once("key-1", *order_ask(cast))
    assert (answer.status, answer.code) == (409, "answer_unreadable")
    assert orders_of(cast) == 1
    settings.SECRET_KEY_FALLBACKS = [formerly]
    assert same(first, cast.owner_key.once("key-1", *order_ask(cast)))


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("key", [None, "key-1"])
@pytest.mark.parametrize("stock", [None, 9])
def test_a_code_that_is_taken_is_replaced(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, key: str | None, stock: int | None
) -> None:
    """A unit's code that is somebody's already: the order is placed once more with others."""
    product = make_product(cast.merchant, stock=stock)
    taken = cast.order()["items"][0]["code"]
    free = ids.new_digit_code()
    codes = iter([taken, free])
    monkeypatch.setattr(Item._meta.get_field("code"), "_get_default", lambda: next(codes))
    asked = ("orders", {"lines": [{"product": product.public_id, "quantity": 1}]})
    answer = cast.owner_key.once(key, *asked) if key else cast.owner_key.post(*asked)
    assert (answer.status, answer.body["items"][0]["code"]) == (201, free)
    assert orders_of(cast) == 2
    product.refresh_from_db()
    assert product.stock == (None if stock is None else stock - 1)
