"""The demo's campaigns have a month behind them, so that their pages have something to show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from common import clock, drains
from coupons.dashboard_queries import figures_of
from coupons.models import Campaign, Coupon
from desk.flows.make_demo import make_demo
from desk.flows.make_history import make_history
from orders.flows.place_order import Placed, Placement, place_order
from orders.models import Order
from payments.models import Payment


@pytest.mark.usefixtures("agrees")
def test_coupons_of_the_demo_were_given_out_and_used_along_the_month(db: None) -> None:
    demo = make_demo()
    merchant = demo.merchants[0]
    assert make_history(merchant) > 0
    assert make_history(merchant) == 0
    drains.run("outbox")
    totals = [figures_of(campaign, clock.today()) for campaign in demo.campaigns]
    assert all(figures.total.counts["issued"] for figures in totals)
    used = sum(figures.total.used for figures in totals)
    assert used == Coupon.objects.filter(merchant=merchant, state="used").count() > 10
    told = [(f.total.counts, f.total.cost_minor, f.total.extra_minor) for f in totals]
    assert all(cost > 0 and extra > 0 for _counts, cost, extra in told), told
    days = {day for figures in totals for day in figures.by_day}
    assert min(days) < clock.today() - timedelta(days=20)
    assert Payment.objects.filter(merchant=merchant, deduction_minor__gt=0).count() == used
    assert Campaign.objects.filter(merchant=merchant).count() == len(demo.campaigns)


@pytest.mark.usefixtures("agrees")
def test_a_worker_that_runs_beside_may_end_orders_of_last_month(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Placed with the clock moved back, they are overdue at once for whoever has the real time."""

    def place_and_lose(placement: Placement) -> Placed:
        placed = place_order(placement)
        past = Order.objects.filter(pk=placed.order.pk, number__lt="8")
        past.update(expires_at=F("placed_at"))
        return placed

    monkeypatch.setattr("desk.flows.make_history.place_order", place_and_lose)
    merchant = make_demo().merchants[0]
    made = make_history(merchant)
    paid = Payment.objects.filter(merchant=merchant, kind="order").count()
    assert made == Order.objects.filter(merchant=merchant).count()
    assert 0 < paid < made - 10
