"""Settings of the benchmarks' till: the project's in production, and two empty views beside it."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import VAR_DIR

ROOT_URLCONF = "benchmarks.urls"
STATIC_ROOT = VAR_DIR / "static"
