"""What a checkout writes down for itself: `.env` once, and where its server runs while it does."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import CommandError

_FIRST = """\
# Written once for development; .env.example explains every setting.
SECRET_KEY={key}
DEBUG=1
"""


def ensure_env_file(base_dir: Path) -> None:
    """Write `.env` (mode 600) where there is none and the environment says nothing either.

    An environment that sets SECRET_KEY or DEBUG is not a fresh clone: nothing is guessed there.
    """
    path = base_dir / ".env"
    if path.exists() or "SECRET_KEY" in os.environ or "DEBUG" in os.environ:
        return
    fresh = base_dir / f".env.{os.getpid()}"
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_FIRST.format(key=secrets.token_urlsafe(48)))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)  # whole or not at all, and the first of several wins
    fresh.unlink()


@contextlib.contextmanager
def serving(var_dir: Path, base_url: str) -> Iterator[None]:
    """While inside, other commands of this checkout learn from `served_at` where we serve."""
    with (var_dir / "server").open("a+") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"This checkout already runs at {served_at(var_dir)}; stop that first, or use another clone."
            ) from error
        mark.truncate(0)
        mark.write(base_url)
        mark.flush()
        yield


def served_at(var_dir: Path) -> str:
    """The address at which this checkout runs now; empty when it does not."""
    try:
        with (var_dir / "server").open() as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return mark.read().strip()
    except OSError:
        pass
    return ""


def fresh_folder(folder: Path) -> Path:
    """An empty folder; what was in it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def clear_broker(folder: Path) -> None:
    """Make the broker's folder; drop what a killed worker had half taken."""
    (folder / "control").mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.msg"):
        left.unlink(missing_ok=True)
