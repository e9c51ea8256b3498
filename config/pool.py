"""The worker's processes; a worker one of whose processes was killed ends, and is started again.

With a broker without an event loop (files) billiard's processes take their tasks from one pipe, under
a semaphore that an idle process holds while it waits. The kernel does not give back the semaphore of
one that was killed (out of memory, `kill -9`): all others would wait for it for ever, with the worker
alive and doing nothing. What was under way comes again, as after any other crash.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import structlog
from billiard.pool import RUN, Pool
from celery.concurrency.prefork import TaskPool

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h
KILLED = frozenset(-number for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS))
"""Ends at which a process had no time to let go of anything."""

_log = structlog.get_logger(__name__)


class SharedPipePool(Pool):
    """Processes on one pipe, whose parent ends with the first that is killed: also by the hard time limit,
    after which a process is not known to have let go of what it held."""

    _state: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "on_process_down": self._end_if_killed})

    def _end_if_killed(self, process: Any) -> None:
        """End this worker at once, unless it is about to stop: then whoever told it to ends its processes."""
        if self._state == RUN and process.exitcode in KILLED:
            _log.error("worker_process_killed", pid=process.pid, signal=-process.exitcode)
            os._exit(EXIT_CODE)


class WorkerPool(TaskPool):
    """Celery's prefork pool, with the above where processes share a pipe."""

    BlockingPool = SharedPipePool
