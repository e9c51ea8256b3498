"""docs/pricing.md, sentence by sentence, then its promises over anything that may be asked."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from coupons.pricing import FIXED, PERCENT, Bill, NoDeduction, Part, Terms, Unit, deduction, spread

SHIRT, JEANS, HAT = (UUID(int=number) for number in (1, 2, 3))


def bill(*amounts: int) -> Bill:
    return Bill.of(
        [Part(product, amount) for product, amount in zip((SHIRT, JEANS, HAT), amounts, strict=False)]
    )


def why_not(terms: Terms, asked: Bill) -> str:
    with pytest.raises(NoDeduction) as refused:
        deduction(terms, asked)
    return refused.value.reason


@pytest.mark.parametrize(
    ("terms", "amount", "taken"),
    [
        (Terms(FIXED, 2000), 10_000, 2000),
        (Terms(FIXED, 2000), 1500, 1500),
        (Terms(FIXED, 2000, minimum_spend_minor=10_000), 10_000, 2000),
        (Terms(PERCENT, 15), 1030, 155),
        (Terms(PERCENT, 10, cap_minor=3000), 50_000, 3000),
        (Terms(PERCENT, 10, cap_minor=3000), 30_000, 3000),
        (Terms(PERCENT, 10, cap_minor=3000), 29_994, 2999),
        (Terms(PERCENT, 50), 1, 1),
        (Terms(PERCENT, 100), 777, 777),
        (Terms(PERCENT, 33), 5, 2),
        (Terms(PERCENT, 10), 4, None),
        (Terms(PERCENT, 1), 50, 1),
        (Terms(PERCENT, 99), 999_999_999, 989_999_999),
    ],
)
def test_of_an_amount(terms: Terms, amount: int, taken: int | None) -> None:
    if taken is None:
        assert why_not(terms, Bill(amount)) == "no_effect"
    else:
        assert deduction(terms, Bill(amount)) == taken


def test_minimum_spend_is_reached_exactly_or_not() -> None:
    terms = Terms(FIXED, 2000, minimum_spend_minor=10_000)
    assert why_not(terms, Bill(9_999)) == "below_minimum"
    assert deduction(terms, Bill(10_000)) == 2000


def test_a_scope_counts_only_its_products() -> None:
    terms = Terms(PERCENT, 10, products=frozenset({SHIRT}))
    assert deduction(terms, bill(5000, 8000)) == 500
    assert why_not(terms, Bill.of([Part(JEANS, 8000)])) == "out_of_scope"
    assert why_not(terms, Bill(5000)) == "lines_needed"
    assert why_not(
        Terms(FIXED, 1, minimum_spend_minor=6000, products=frozenset({SHIRT})), bill(5000, 8000)
    ) == ("below_minimum")


def test_a_till_that_typed_less_than_the_lines_come_to() -> None:
    terms = Terms(FIXED, 4000, products=frozenset({SHIRT}))
    assert deduction(terms, Bill(3000, (Part(SHIRT, 5000),))) == 3000


@pytest.mark.parametrize(
    ("taken", "prices", "parts"),
    [
        (1000, [1000, 1000, 1000], [334, 333, 333]),
        (1700, [5000, 8000, 4000], [500, 800, 400]),
        (1, [5, 5], [1, 0]),
        (10, [6000, 4000], [6, 4]),
        (0, [10, 20], [0, 0]),
        (30, [10, 20], [10, 20]),
    ],
)
def test_spread(taken: int, prices: list[int], parts: list[int]) -> None:
    units = [Unit(UUID(int=place), SHIRT, price) for place, price in enumerate(prices)]
    assert list(spread(taken, units, frozenset()).values()) == parts


def test_spread_over_a_scope_only() -> None:
    units = [Unit(UUID(int=7), SHIRT, 5000), Unit(UUID(int=8), JEANS, 8000)]
    assert spread(500, units, frozenset({SHIRT})) == {UUID(int=7): 500, UUID(int=8): 0}
    with pytest.raises(ValueError, match="above"):
        spread(5001, units, frozenset({SHIRT}))


# --- whatever is asked -----------------------------------------------------------------------------

AMOUNTS = st.integers(1, 999_999_999)
PRODUCTS = st.integers(1, 5).map(lambda number: UUID(int=number))
SCOPES = st.frozensets(PRODUCTS, max_size=3)
TERMS = st.one_of(
    st.builds(Terms, st.just(FIXED), AMOUNTS, st.none(), st.integers(0, 10**9), SCOPES),
    st.builds(
        Terms, st.just(PERCENT), st.integers(1, 100), st.none() | AMOUNTS, st.integers(0, 10**9), SCOPES
    ),
)
PARTS = st.lists(st.builds(Part, PRODUCTS, AMOUNTS), min_size=1, max_size=8)


@given(TERMS, PARTS)
def test_never_negative_never_above_the_bill_never_above_its_terms(terms: Terms, parts: list[Part]) -> None:
    asked = Bill.of(parts)
    try:
        taken = deduction(terms, asked)
    except NoDeduction:
        return
    assert 0 < taken <= asked.amount_minor
    assert terms.kind == PERCENT or taken <= terms.value
    assert terms.cap_minor is None or taken <= terms.cap_minor


@given(TERMS, PARTS, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(terms: Terms, parts: list[Part], chance: random.Random) -> None:
    def outcome(these: list[Part]) -> int | str:
        try:
            return deduction(terms, Bill.of(these))
        except NoDeduction as refused:
            return refused.reason

    shuffled = parts.copy()
    chance.shuffle(shuffled)
    assert outcome(shuffled) == outcome(parts)


@given(PARTS, st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_parts_add_up_and_none_is_above_its_price(
    parts: list[Part], share: int, chance: random.Random
) -> None:
    units = [Unit(UUID(int=place), *part) for place, part in enumerate(parts)]
    taken = sum(unit.price_minor for unit in units) * share // 10_000
    spread_out = spread(taken, units, frozenset())
    assert sum(spread_out.values()) == taken
    assert all(0 <= spread_out[unit.id] <= unit.price_minor for unit in units)
    assert all(
        abs(spread_out[u.id] * sum(w.price_minor for w in units) - taken * u.price_minor)
        < sum(w.price_minor for w in units)
        for u in units
    )
    chance.shuffle(units)
    assert spread(taken, units, frozenset()) == spread_out


@given(st.integers(1, 100), AMOUNTS)
def test_percent_is_rounded_half_up(percent: int, amount: int) -> None:
    twice = 2 * amount * percent
    try:
        taken = deduction(Terms(PERCENT, percent), Bill(amount))
    except NoDeduction:
        taken = 0
    assert twice - 100 < 200 * taken <= twice + 100


def test_the_table_of_the_document_is_true() -> None:
    """Its rows with one amount and plain terms, read from the page itself."""
    rows = [
        [cell.strip() for cell in line.strip("| \n").split("|")]
        for line in Path("docs/pricing.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and line[2].isdigit()
    ]
    seen = 0
    for amount, words, taken, *_paid in rows:
        said = [word.split() for word in words.split(", ")]
        kind, value = (PERCENT, int(said[0][0])) if "%" in words else (FIXED, _minor(said[0][1]))
        rest = {name: _minor(figure) for name, figure in said[1:]}
        terms = Terms(kind, value, rest.get("cap"), rest.get("minimum", 0))
        if taken == "refused":
            assert why_not(terms, Bill(_minor(amount))) == "below_minimum"
        else:
            assert deduction(terms, Bill(_minor(amount))) == _minor(taken)
        seen += 1
    assert seen >= 6


def _minor(text: str) -> int:
    return int(text.replace(".", ""))
