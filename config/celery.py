"""Celery: pokes for drains, and beat that pokes them anyway. Our own tables are the truth."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import structlog
from celery import Celery, signals
from kombu import Exchange, Queue

from common import drains

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("livetill")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Task name → how often. Drains need no entry here: each brings its own pace (`common.drains`).
SCHEDULE: dict[str, dict[str, Any]] = {}


@app.on_after_configure.connect
def _know_queues(sender: Celery, **_said: Any) -> None:
    """Each has a key of its own: one without would get the default queue's messages as well."""
    names = map(drains.queue_name, drains.Queue)
    sender.conf.task_queues = [Queue(name, Exchange(name), routing_key=name) for name in names]


@app.on_after_finalize.connect
def _schedule(sender: Celery, **_said: Any) -> None:
    """Give beat the schedule: what stands above, and every drain. Old pokes expire, they don't pile up."""
    sender.loader.import_default_modules()
    for drain in drains.REGISTRY.values():
        sender.conf.beat_schedule[f"drain:{drain.name}"] = {
            "task": "drain",
            "args": (drain.name,),
            "schedule": drain.every_seconds,
            "options": {
                "expires": max(2.0, drain.every_seconds),
                "queue": drains.queue_name(drain.queue),
            },
        }
    sender.conf.beat_schedule.update(SCHEDULE)


# --- the request's id goes along into tasks, and from tasks into tasks ------------------


@signals.before_task_publish.connect
def _carry_request_id(headers: dict[str, Any] | None = None, **_said: Any) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request_id:
        headers.setdefault("request_id", request_id)


@signals.task_prerun.connect
def _bind_request_id(task_id: str, task: Any, **_said: Any) -> None:
    structlog.contextvars.clear_contextvars()
    found: Mapping[str, Any] = {"request_id": getattr(task.request, "request_id", None)}
    structlog.contextvars.bind_contextvars(
        task=task.name, task_id=task_id, **{name: value for name, value in found.items() if value}
    )


@signals.task_postrun.connect
def _unbind(**_said: Any) -> None:
    structlog.contextvars.clear_contextvars()


# --- processes ----------------------------------------------------------------------------


@signals.setup_logging.connect
def _log_our_way(**_said: Any) -> None:
    """Celery leaves logging alone when somebody listens here; Django has set it up."""


@signals.worker_process_init.connect
def _end_with_the_worker(**_said: Any) -> None:
    from config.processes import end_with_parent

    end_with_parent()
