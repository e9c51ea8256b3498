"""Doing the same thing at once on several connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")

WAIT_SECONDS = 30


def at_once(*works: Callable[[], Result]) -> list[Result | Exception]:
    """Run them on a thread and a connection each, begun together; results and errors in order."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Result]) -> Result | Exception:
        try:
            start.wait(WAIT_SECONDS)
            return work()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(WAIT_SECONDS) for future in [pool.submit(run, work) for work in works]]
