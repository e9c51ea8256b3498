"""Celery's edge: the drains of this app (common/drains.py) are known once this is imported."""

from __future__ import annotations

from orders.flows.expire_orders import expire_orders
from orders.flows.keep_unredeemed import keep_unredeemed
from orders.flows.match_calls import match_calls
from orders.flows.poll_feeds import poll_feeds
from orders.flows.release_items import release_items
from orders.flows.uphold_unanswered import uphold_unanswered
from orders.housekeeping import old_scans

__all__ = [
    "expire_orders",
    "keep_unredeemed",
    "match_calls",
    "old_scans",
    "poll_feeds",
    "release_items",
    "uphold_unanswered",
]
