"""Celery's edge: the drains of this app (common/drains.py) are known once this is imported."""

from __future__ import annotations

from coupons.flows.end_coupons import end_coupons
from coupons.flows.return_funds import return_funds

__all__ = ["end_coupons", "return_funds"]
