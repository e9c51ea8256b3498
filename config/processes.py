"""Processes that end with the one that started them, however that one ends (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process `number` when its parent is gone.

    Only for processes under our supervisor: elsewhere the parent may well end before its children.
    """
    if "SUPERVISOR" not in os.environ:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() == 1 and os.environ["SUPERVISOR"] != "1":
        os.kill(os.getpid(), number)  # it was quicker than we


def end_with_parent_politely() -> None:
    """Have this process told to stop (SIGTERM) when the one that started it is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
