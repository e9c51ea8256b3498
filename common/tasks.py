"""Celery's edge: one task runs any drain."""

from __future__ import annotations

from celery import shared_task

from common import drains
from common.housekeeping import keep_house as keep_house


@shared_task(name="drain", ignore_result=True)
def drain(name: str) -> int:
    """Run the named drain until it finds nothing; how much was done."""
    return drains.run(name)
