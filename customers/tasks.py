"""Celery's edge: the drains of this app (common/drains.py) are known once this is imported."""

from __future__ import annotations

from customers.flows.issue_to_segments import issue_to_segments
from customers.flows.run_steps import run_steps

__all__ = ["issue_to_segments", "run_steps"]
