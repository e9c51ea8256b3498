"""What came of a campaign on its page: tiles, plots with their tables, ranges; no dearer for any size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import clock, drains
from coupons.figures import MOST_POINTS, Tally, periods, tally_of, together
from coupons.flows.issue_coupon import issue_coupon
from coupons.models import Campaign, CampaignFigure
from tests.cast import Caller, key_of, make_buyer
from tests.coupons.stage import collect, payment_code
from tests.pages_campaigns.conftest import Shop, campaign_of, owner as owner, shop as shop, words


def page_of(campaign: Campaign, days: str = "") -> str:
    return f"/dashboard/campaigns/{campaign.public_id}" + (f"?days={days}" if days else "")


def table_of(answer: Any, name: str) -> list[list[str]]:
    """The rows of a plot's table, as a screen reader has them."""
    markup = answer.content.decode()
    table = re.search(rf'aria-labelledby="plot-{name}-title">(.*?)</table>', markup, re.S)
    assert table, f"no plot {name}"
    rows = re.findall(r"<tr>(.*?)</tr>", table[1], re.S)
    return [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in rows]


def figure(campaign: Campaign, day: date, measure: str, count: int = 1, cost: int = 0, sale: int = 0) -> None:
    CampaignFigure.objects.create(
        campaign=campaign, day=day, measure=measure, count=count, cost_minor=cost, sale_minor=sale
    )


# --- arithmetic ----------------------------------------------------------------------------------


def test_what_was_given_back_is_taken_out() -> None:
    total = together([
        tally_of("issued", 5, 0, 0), tally_of("armed", 3, 0, 0), tally_of("used", 3, 6_000, 30_000),
        tally_of("released", 1, 2_000, 0), tally_of("given_back", 1, 2_000, 10_000),
    ])  # fmt: skip
    assert (total.used, total.cost_minor, total.sale_minor, total.extra_minor) == (2, 4_000, 20_000, 16_000)
    assert total.brought_minor(100) == 400


@pytest.mark.parametrize("tally", [Tally(), Tally(Counter(), -5, -20), Tally(Counter(used=1), 0, 0)])
def test_nothing_brought_by_nothing(tally: Tally) -> None:
    assert tally.brought_minor(100) is None


def test_every_day_is_there_and_months_where_days_are_too_many() -> None:
    today = date(2026, 3, 2)
    by_day = {date(2026, 3, 1): tally_of("issued", 2, 0, 0), date(2025, 12, 31): tally_of("issued", 3, 0, 0)}
    week = periods(by_day, today, 7)
    assert [period.first for period in week] == [today - timedelta(days=place) for place in range(6, -1, -1)]
    assert [period.tally.counts["issued"] for period in week] == [0, 0, 0, 0, 0, 2, 0]
    assert len(periods(by_day, today, None)) == 62
    old = by_day | {date(2025, 6, 10): tally_of("issued", 1, 0, 0)}
    months = periods(old, today, None)
    assert [period.first.month for period in months] == [6, 7, 8, 9, 10, 11, 12, 1, 2, 3]
    assert sum(period.tally.counts["issued"] for period in months) == 6
    assert all(period.is_month for period in months)
    assert periods({}, today, None) == periods({}, today, 1)
    assert len(periods({}, today, MOST_POINTS)) == MOST_POINTS


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def noon() -> Iterator[None]:
    """Today's, in `TIME_ZONE`: a test that takes a while is still of one day."""
    with clock.moved(timezone.make_aware(datetime.combine(clock.today(), time(12))) - clock.now()):
        yield


@pytest.mark.usefixtures("noon")
def test_a_sale_shows_on_its_day(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant, per_buyer_limit=5)
    buyer, till = Caller(key_of(shop.buyer)), Caller(key_of(shop.merchant))
    sold = []
    for number in range(3):
        coupon = issue_coupon(campaign.pk, shop.buyer)
        buyer.post(f"me/coupons/{coupon.public_id}/use")
        sold.append(collect(till, payment_code(buyer), 10_000, f"r-{number}").body["id"])
    till.post(f"payments/{sold[0]}/reverse")
    drains.run_all()
    answer = owner.get(page_of(campaign))
    text = words(answer)
    assert "Used 2 1 given back" in text
    assert "Extra sales CN¥160.00 CN¥4.00 for each CN¥1.00 taken off" in text
    assert "Taken off CN¥40.00" in text
    heading, *days = table_of(answer, "money")
    assert heading[1:] == ["Bills with a coupon", "Taken off", "Extra sales"]
    assert days[-1][1:] == ["CN¥200.00", "CN¥40.00", "CN¥160.00"]
    assert len(days) == 30
    assert table_of(answer, "reached")[-1][1:] == ["3", "3", "3"]
    assert table_of(answer, "came-back")[-1][1:] == ["0", "1", "0"]


@pytest.mark.parametrize(
    ("asked", "points", "issued"),
    [("7", 7, 1), ("30", 30, 2), ("90", 90, 3), ("nonsense", 30, 2), ("", 30, 2)],
)
def test_ranges(shop: Shop, owner: Client, asked: str, points: int, issued: int) -> None:
    campaign = campaign_of(shop.merchant)
    for ago in (0, 10, 60, 300):
        figure(campaign, clock.today() - timedelta(days=ago), "issued")
    answer = owner.get(page_of(campaign, asked))
    rows = table_of(answer, "reached")[1:]
    assert (len(rows), sum(int(row[1]) for row in rows)) == (points, issued)
    current = re.search(r'<a href="\?days=(\w+)#days" aria-current="page"', answer.content.decode())
    assert current
    assert current[1] == (asked if asked in {"7", "90"} else "30")


def test_all_of_it_by_months(shop: Shop, owner: Client) -> None:
    campaign = campaign_of(shop.merchant)
    for ago in (0, 10, 60, 300):
        figure(campaign, clock.today() - timedelta(days=ago), "issued")
    rows = table_of(owner.get(page_of(campaign, "all")), "reached")
    assert rows[0][0] == "Month"
    assert sum(int(row[1]) for row in rows[1:]) == 4


def test_nothing_yet_says_so(shop: Shop, owner: Client) -> None:
    text = words(owner.get(page_of(campaign_of(shop.merchant))))
    assert text.count("Nothing to show yet") == 3
    assert "nothing came off yet" in text


def test_it_says_what_extra_sales_are_and_what_not(shop: Shop, owner: Client) -> None:
    text = words(owner.get(page_of(campaign_of(shop.merchant))))
    assert "those bills, less what came off" in text
    assert "not what it surely brought" in text


COPIES = """
INSERT INTO coupons_coupon
       (id, campaign_id, merchant_id, owner_id, state, issued_at, expires_at, deduction_minor)
SELECT gen_random_uuid(), campaign_id, merchant_id, owner_id, state, issued_at, expires_at, 0
  FROM coupons_coupon, generate_series(1, %s) WHERE campaign_id = %s
"""


def test_a_page_costs_the_same_with_any_number_of_coupons(shop: Shop, owner: Client) -> None:
    """As many statements, and none of them reads more coupons than a page of them."""
    campaign = campaign_of(shop.merchant, total_quota=1_000_000, daily_budget_minor=1_000)
    issue_coupon(campaign.pk, make_buyer())
    owner.get(page_of(campaign))
    counts = []
    for more in (0, 2_000):
        with connection.cursor() as cursor:
            cursor.execute(COPIES, [more, campaign.pk])
        with CaptureQueriesContext(connection) as asked:
            assert owner.get(page_of(campaign)).status_code == 200
        counts.append(len(asked))
        of_coupons = [query["sql"] for query in asked if '"coupons_coupon"' in query["sql"]]
        assert len(of_coupons) == 1
        assert "LIMIT" in of_coupons[0]
        assert "COUNT(" not in of_coupons[0]
    assert counts == [STATEMENTS, STATEMENTS]


STATEMENTS = 10
"""Session, person, member and merchant; …"""


def test_a_strangers_page_is_404(shop: Shop) -> None:
    campaign = campaign_of(shop.merchant)
    assert shop["stranger"].get(page_of(campaign, "7")).status_code == 404
