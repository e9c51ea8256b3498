"""Pages of lists, against what a client does with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from common import clock, paging
from common.ids import new_id
from common.models import AuditEntry
from common.paging import Place, page_of
from common.refusals import InvalidInput


def rows(verb: str) -> Any:
    return AuditEntry.objects.filter(verb=verb)


def add(verb: str, many: int) -> list[UUID]:
    made = [AuditEntry(actor="a test", verb=verb, subject="x") for _ in range(many)]
    AuditEntry.objects.bulk_create(made)
    return [row.pk for row in made]


def forward(verb: str, limit: int, cursor: str | None = None) -> list[list[UUID]]:
    pages = []
    while True:
        place = Place.of_query({"limit": str(limit), **({"cursor": cursor} if cursor else {})})
        page = page_of(rows(verb), place)
        pages.append([row.pk for row in page.rows])
        cursor = page.older
        if cursor is None:
            return pages


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.integers(0, 23), limit=st.integers(1, 8), late=st.integers(0, 5))
def test_every_row_once_whatever_comes_in(db: None, many: int, limit: int, late: int) -> None:
    verb = new_id().hex[-20:]
    old = add(verb, many)
    first = page_of(rows(verb), Place(limit))
    new = add(verb, late)
    seen = [row.pk for row in first.rows]
    if first.older:
        seen += [pk for page in forward(verb, limit, first.older) for pk in page]
    assert seen == old[::-1]
    assert [pk for page in forward(verb, limit) for pk in page] == (old + new)[::-1]
    assert all(len(page) == limit for page in forward(verb, limit)[:-1])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.integers(1, 23), limit=st.integers(1, 8))
def test_back_is_where_one_came_from(db: None, many: int, limit: int) -> None:
    verb = new_id().hex[-20:]
    add(verb, many)
    place, trail = Place(limit), []
    while True:
        page = page_of(rows(verb), place)
        trail.append([row.pk for row in page.rows])
        if page.older is None:
            break
        place = Place.of_query({"limit": str(limit), "cursor": page.older})
    for expected in trail[-2::-1]:
        assert page.newer is not None
        page = page_of(rows(verb), Place.of_query({"limit": str(limit), "cursor": page.newer}))
        assert [row.pk for row in page.rows] == expected
    assert page.newer is None, "the newest page"


def place_or_field(query: dict[str, str]) -> Any:
    """The place that a query names, or the field that the refusal names."""
    try:
        return Place.of_query(query)
    except InvalidInput as refused:
        (problem,) = refused.problems
        return problem.field


@given(st.text(max_size=80))
def test_any_cursor_is_a_place_or_a_refusal(cursor: str) -> None:
    place = place_or_field({"cursor": cursor})
    assert place == "cursor" or (place.key is None) == (cursor == "")


@given(st.text(max_size=20))
def test_any_limit_is_a_number_or_a_refusal(limit: str) -> None:
    place = place_or_field({"limit": limit})
    assert place == "limit" or 1 <= place.limit <= paging.MAX_LIMIT


def test_a_whole_address_serves_as_its_cursor(db: None) -> None:
    (key,) = add("whole", 1)
    address = paging.address("http://till.example/api/v1/orders", {"state": "paid"}, "o" + key.hex)
    assert address == f"http://till.example/api/v1/orders?state=paid&cursor=o{key.hex}"
    assert Place.of_query({"cursor": address}).key == key
    assert paging.address("x", {}, None) is None


@pytest.mark.parametrize("hours", [0, 5])
def test_a_page_is_one_query(db: None, django_assert_num_queries: Any, hours: int) -> None:
    with clock.moved(timedelta(hours=hours)):
        add("one", 30)
    with django_assert_num_queries(1):
        page_of(rows("one"), Place(10))
