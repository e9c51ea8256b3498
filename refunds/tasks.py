"""Celery's edge: the drains of this app (common/drains.py) are known once this is imported."""

from __future__ import annotations

from refunds.flows.decide_overdue import decide_overdue
from refunds.flows.send_refunds import send_refunds

__all__ = ["decide_overdue", "send_refunds"]
