"""Counting how often somebody does something, in windows of fixed length kept in the cache.

With the cache in memory every web process counts for itself; `CACHE_URL` names a common one.
"""

from __future__ import annotations

from django.core.cache import cache

from common import clock


def wait_seconds(name: str, limit: int, window_seconds: int) -> float:
    """Count one more; 0 within the limit, else how long until the window ends."""
    window, into = divmod(clock.now().timestamp(), window_seconds)
    count = _count(f"rate:{name}:{int(window)}", window_seconds * 2)
    return 0 if count <= limit else window_seconds - into


def _count(key: str, kept_seconds: int) -> int:
    """How many so far, this one included; 0 where the cache keeps losing it."""
    for _try in range(2):
        try:
            return cache.incr(key)
        except ValueError:
            if cache.add(key, 1, kept_seconds):
                return 1
    return 0
