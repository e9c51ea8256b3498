"""A small Celery app on a broker of files, for the tests of its pool: `FOLDER`, `POOL` in the environment."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

folder = Path(os.environ["FOLDER"])
app = Celery("small", broker="filesystem://localhost//")
app.conf.update(
    broker_transport="config.broker:Transport",
    broker_transport_options={
        "data_folder_in": str(folder / "broker"),
        "data_folder_out": str(folder / "broker"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.02,
    },
    task_ignore_result=True,
    worker_enable_remote_control=False,
    worker_pool=os.environ["POOL"],
)


@app.task
def leave_a_mark(name: str) -> None:
    """Say which process did it."""
    (folder / name).write_text(str(os.getpid()))
