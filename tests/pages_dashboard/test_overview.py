"""The overview and the funnel: what they say, and that they cost the same however much was sold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common import clock, drains
from desk import figures
from desk.models import DailyFigure, Measure
from desk.queries import Day, sales_by_day
from merchants.models import Member, Merchant
from orders.flows.create_printed_code import create_printed_code
from orders.flows.place_order import Line, Placement, place_order
from tests.cast import make_merchant, make_order, make_paid_order, pay
from tests.pages_dashboard.conftest import HOME, Shop, make_customer, words

OVERVIEW_QUERIES, LIST_QUERIES = 14, 7


def queries(client: Client, path: str) -> list[str]:
    """The statements of one request, once whatever is warm is warm."""
    client.get(HOME + path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(HOME + path).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("", OVERVIEW_QUERIES),
        ("newest", LIST_QUERIES),
        ("orders", LIST_QUERIES),
        ("orders?state=paid", LIST_QUERIES),
        ("products", LIST_QUERIES),
        ("refunds", LIST_QUERIES),
        ("payments", LIST_QUERIES + 1),
        ("money", LIST_QUERIES + 3),
        ("customers", LIST_QUERIES + 3),
        ("codes", LIST_QUERIES),
        ("funnel", LIST_QUERIES),
    ],
)
def test_a_page_asks_as_often_with_many_rows_as_with_one(shop: Shop, path: str, most: int) -> None:
    make_customer(shop)
    few = queries(shop["owner"], path)
    for _more in range(12):
        make_customer(shop)
        make_order(shop.merchant, shop.product)
    many = queries(shop["owner"], path)
    assert len(many) == len(few) <= most
    assert not [sql for sql in many if "COUNT(" in sql.upper() and "orders_order" in sql]


def test_the_overview_reads_no_order_but_the_newest(shop: Shop) -> None:
    make_customer(shop)
    about_orders = [sql for sql in queries(shop["owner"], "") if 'FROM "orders_order"' in sql]
    assert len(about_orders) == 1
    assert "LIMIT" in about_orders[0]


def test_the_first_page_leads_a_new_shop_on(owner: Client, shop: Shop) -> None:
    shop.product.archived_at = clock.now()
    shop.product.save(update_fields=["archived_at"])
    text = words(owner.get(HOME))
    assert "Add the first product" in text
    assert "New order" not in text
    assert "No orders yet" in text


def test_tiles_compare_with_as_many_days_before(shop: Shop, owner: Client) -> None:
    today = clock.today()
    for ago, amount in ((0, 3_000), (1, 1_000), (8, 2_000), (40, 6_000)):
        DailyFigure.objects.create(
            merchant=shop.merchant,
            day=today - timedelta(days=ago),
            measure=Measure.PAID,
            channel="shop",
            count=1,
            amount_minor=amount,
        )
    tiles = owner.get(HOME).context["tiles"]
    assert [tile["hint"] for tile in tiles] == [
        "200 % more than yesterday",
        "100 % more than the 7 days before",
        "about as before",
    ]
    assert tiles[2]["trend"] == "flat"
    assert "60.00" in tiles[2]["value"]


def test_spans_take_whole_percents_half_up() -> None:
    days = [Day(clock.today(), 1, amount) for amount in (300, 200)]
    span = figures.span(days, 1)
    assert (span.change_percent, span.trend) == (33, "down")
    assert figures.span([Day(clock.today(), 0, 0)] * 2, 1).change_percent is None


def test_sales_follow_payments(shop: Shop) -> None:
    make_paid_order(shop.merchant, shop.buyer, shop.product)
    drains.run("outbox")
    assert sales_by_day(shop.merchant)[-1].amount_minor == 6_000


def test_another_shops_figures_stay_there(shop: Shop) -> None:
    other = make_merchant()
    make_paid_order(other, shop.buyer)
    drains.run("outbox")
    assert not any(day.count for day in sales_by_day(shop.merchant))
    assert words(shop["owner"].get(HOME)).count("0 paid orders") == 3


def test_the_funnel_tells_each_code_and_channel(shop: Shop, owner: Client) -> None:
    code = create_printed_code(shop.merchant, kind="table", name="Table seven")
    placed = place_order(
        Placement(shop.merchant, [Line(shop.product.pk, 1)], channel="table", printed_code=code)
    )
    pay(placed.order, shop.buyer, consent=True)
    drains.run("outbox")
    drains.run("outbox")
    page = owner.get(HOME + "funnel")
    assert [row.name for row in page.context["codes"]] == ["Table seven"]
    assert page.context["channels"][0].counts[2:4] == (1, 1)
    listed = owner.get(HOME + "codes")
    assert listed.context["rows"][0].counts[2] == 1


@pytest.mark.parametrize("days", ["7", "365", "0", "abc", "٧"])
def test_the_funnels_days_are_one_of_a_few(owner: Client, days: str) -> None:
    page = owner.get(HOME + "funnel", {"days": days})
    assert page.context["days"] in (7, 30, 365)


def test_many_codes_share_a_plot(shop: Shop, owner: Client) -> None:
    codes = [create_printed_code(shop.merchant, kind="table", name=f"T{place}") for place in range(9)]
    for place, code in enumerate(codes):
        DailyFigure.objects.create(
            merchant=shop.merchant,
            day=clock.today(),
            measure=Measure.SCANNED,
            channel="table",
            printed_code=code.public_id,
            count=place + 1,
        )
    series = owner.get(HOME + "funnel").context["by_code"].series
    assert len(series) == 5
    assert sum(row.values[0] for row in series) == 45


def test_a_stopped_shop_is_told_why(shop: Shop, owner: Client) -> None:
    Merchant.objects.filter(pk=shop.merchant.pk).update(stopped_reason="Papers are missing.")
    assert "Papers are missing." in words(owner.get(HOME))
    assert Member.objects.filter(merchant=shop.merchant).count() == 3
