"""Celery's broker of files, for a machine without Redis or RabbitMQ.

kombu's own file transport lets a reader see a message that is still being written, and moves
messages by way of the system's temporary folder; here both are a rename within one folder.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """One folder; a message is a file named by time and queue, hidden until it is whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.control_folder.mkdir(parents=True, exist_ok=True)
        Path(self.data_folder_in).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        hidden = folder / f".{name}"
        hidden.write_text(dumps(payload))
        hidden.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".{name}"
            with contextlib.suppress(FileNotFoundError):  # another worker was quicker
                (folder / name).rename(taken)
                text = taken.read_text()
                taken.unlink()
                return loads(text)
        raise Empty


class Transport(filesystem.Transport):
    """kombu's file transport with the channel above."""

    Channel = Channel
